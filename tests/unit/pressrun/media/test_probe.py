"""What a file holds is decided by its content, and a file that holds nothing says so in one line."""

from __future__ import annotations

import os
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image

from pressrun.media.magic import sniff
from pressrun.media.probe import MediaUnreadable, Probe, probe


class TestImages:
    def test_a_photo(self, jpeg: Path) -> None:
        found = probe(jpeg)

        assert found == Probe(
            kind="image", format="JPEG", size_bytes=jpeg.stat().st_size, width=400, height=500, orientation=None
        )
        assert found.ratio == 0.8

    @pytest.mark.parametrize("name", ["PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
    def test_other_formats_are_told_by_name(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / "holiday.jpg"
        Image.new("RGB", (40, 30), "teal").save(path, name)

        found = probe(path)

        assert (found.kind, found.format, found.width, found.height) == ("image", name, 40, 30)

    @pytest.mark.parametrize("size", [(1, 1), (7, 400), (400, 7)])
    def test_a_photo_of_a_few_pixels(self, tmp_path: Path, size: tuple[int, int]) -> None:
        path = tmp_path / "dot.jpg"
        Image.new("RGB", size).save(path)

        found = probe(path)

        assert (found.width, found.height) == size

    def test_a_multi_picture_jpeg_is_told_from_a_plain_one(self, tmp_path: Path) -> None:
        path = tmp_path / "panorama.jpg"
        first, second = (Image.new("RGB", (40, 30), colour) for colour in ("teal", "navy"))
        first.save(path, "MPO", save_all=True, append_images=[second])

        assert probe(path).format == "MPO"

    def test_a_turned_photo_is_measured_as_it_is_shown(self, tmp_path: Path) -> None:
        path = tmp_path / "phone.jpg"
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", (40, 30)).save(path, exif=exif)

        found = probe(path)

        assert (found.width, found.height, found.orientation) == (40, 30, 6)
        assert found.shown_size == (30, 40)
        assert found.ratio == 0.75

    def test_a_senseless_orientation_is_ignored(self, tmp_path: Path) -> None:
        path = tmp_path / "phone.jpg"
        exif = Image.Exif()
        exif[0x0112] = 99
        Image.new("RGB", (40, 30)).save(path, exif=exif)

        assert probe(path).orientation is None

    def test_a_heic_photo_is_read_upright(self, tmp_path: Path) -> None:
        path = tmp_path / "IMG_0001.HEIC"
        exif = Image.Exif()
        exif[0x0112] = 6
        pillow_heif.from_pillow(Image.new("RGB", (64, 48))).save(path, exif=exif.tobytes())

        found = probe(path)

        assert (found.kind, found.format, found.shown_size) == ("image", "HEIF", (48, 64))

    def test_a_damaged_heic_photo_is_none(self, tmp_path: Path) -> None:
        path = tmp_path / "IMG_0001.HEIC"
        path.write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(100))

        with pytest.raises(MediaUnreadable, match="damaged or cut short"):
            probe(path)


class TestVideos:
    def test_a_video(self, mp4: Path) -> None:
        found = probe(mp4)

        assert (found.kind, found.format, found.width, found.height) == ("video", "MP4", 144, 256)
        assert found.duration_s == pytest.approx(3.0, abs=0.03)
        assert found.fps == pytest.approx(24)
        assert (found.video_codec, found.pixel_format, found.is_interlaced) == ("h264", "yuv420p", False)
        assert (found.audio_codec, found.audio_rate_hz, found.audio_channels) == ("aac", 48000, 1)
        assert found.bitrate_bps is not None
        assert 0 < found.bitrate_bps < 500_000
        assert (found.moov_first, found.has_edit_list, found.orientation) == (True, False, 1)

    def test_a_quicktime_movie(self, make_video: Any) -> None:
        found = probe(make_video("clip.mp4", format="mov"))

        assert found.format == "MOV"

    def test_a_silent_video(self, make_video: Any) -> None:
        found = probe(make_video("clip.mp4"))

        assert (found.audio_codec, found.audio_rate_hz, found.audio_channels) == (None, None, None)

    def test_an_index_after_the_data_is_noticed(self, make_video: Any) -> None:
        assert probe(make_video("clip.mp4")).moov_first is False
        assert probe(make_video("fast.mp4", muxer={"movflags": "+faststart"})).moov_first is True

    def test_an_edit_list_is_noticed(self, make_video: Any) -> None:
        assert probe(make_video("clip.mp4", options={"bf": "2"}, sound="aac")).has_edit_list is True
        assert probe(make_video("plain.mp4", muxer={"use_editlist": "0"})).has_edit_list is False

    @pytest.mark.parametrize(("degrees", "orientation"), [(90, 8), (180, 3), (270, 6)])
    def test_a_turned_video_is_measured_as_it_is_shown(self, make_video: Any, degrees: int, orientation: int) -> None:
        path = make_video("phone.mov", format="mov", size=(96, 64), prepare=lambda s: s.set_display_rotation(degrees))

        found = probe(path)

        assert found.orientation == orientation
        assert found.shown_size == ((96, 64) if degrees == 180 else (64, 96))

    @pytest.mark.parametrize(
        ("name", "format", "codec", "expected"),
        [
            ("clip.mp4", "matroska", "libx264", ("MATROSKA", "h264")),
            ("clip.mp4", "avi", "mpeg4", ("AVI", "mpeg4")),
            ("clip.jpg", "mp4", "mpeg4", ("MP4", "mpeg4")),
            ("clip", "mp4", "libx264", ("MP4", "h264")),
        ],
    )
    def test_container_and_codec_are_told_by_content(
        self, make_video: Any, name: str, format: str, codec: str, expected: tuple[str, str]
    ) -> None:
        found = probe(make_video(name, format=format, codec=codec))

        assert (found.format, found.video_codec) == expected

    def test_a_sound_file_holds_no_video(self, make_video: Any, tmp_path: Path) -> None:
        import av

        path = tmp_path / "song.m4a"
        with av.open(make_video("clip.mp4", sound="aac")) as source, av.open(path, "w", format="mp4") as target:
            stream = target.add_stream_from_template(source.streams.audio[0])
            for packet in source.demux(source.streams.audio[0]):
                if packet.dts is not None:
                    packet.stream = stream
                    target.mux(packet)

        with pytest.raises(MediaUnreadable, match="holds no video"):
            probe(path)

    def test_a_tag_in_an_old_encoding_does_not_matter(self, make_video: Any) -> None:
        path = make_video("clip.mp4", title="ABCDEFGH")
        path.write_bytes(path.read_bytes().replace(b"ABCDEFGH", b"caf\xe9s \xc3("))

        assert probe(path).video_codec == "h264"

    def test_a_sound_track_of_unknown_kind_is_told(self, make_video: Any) -> None:
        path = make_video("clip.mp4", sound="aac")
        path.write_bytes(path.read_bytes().replace(b"mp4a", b"apac").replace(b"esds", b"free"))

        assert probe(path).audio_codec == "unknown"


class TestUnreadable:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "the file is empty"),
            (b"hello, this is text", "not an image or a video"),
            (b"<!DOCTYPE html><html></html>", "not an image or a video"),
            (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "not an image or a video"),
            (b"ffconcat version 1.0\nfile /etc/passwd\n", "not an image or a video"),
            (b"%PDF-1.7", "not an image or a video"),
            (b"\xff\xd8\xff\xe0", "damaged or cut short"),
            (b"\x89PNG\r\n\x1a\n", "damaged or cut short"),
            (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "no index"),
        ],
    )
    def test_what_is_not_media_is_refused(self, tmp_path: Path, content: bytes, reason: str) -> None:
        path = tmp_path / "photo.jpg"
        path.write_bytes(content)

        with pytest.raises(MediaUnreadable, match=reason) as refused:
            probe(path)

        assert str(path) in str(refused.value)
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize("name", ["jpeg", "mp4"])
    @pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.99])
    def test_a_cut_file_is_refused(
        self, tmp_path: Path, request: pytest.FixtureRequest, name: str, part: float
    ) -> None:
        whole = request.getfixturevalue(name).read_bytes()
        path = tmp_path / "cut"
        path.write_bytes(whole[: int(len(whole) * part)])

        with pytest.raises(MediaUnreadable, match="cut short"):
            probe(path)

    def test_a_recording_that_broke_off_has_no_index(self, make_video: Any) -> None:
        path = make_video("clip.mp4")
        raw = path.read_bytes()
        path.write_bytes(raw[: raw.rindex(b"moov") - 4])

        with pytest.raises(MediaUnreadable, match="no index"):
            probe(path)

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(MediaUnreadable, match="no such file"):
            probe(tmp_path / "nowhere.jpg")

    def test_a_name_of_several_lines_stays_in_one(self, tmp_path: Path) -> None:
        with pytest.raises(MediaUnreadable) as refused:
            probe(tmp_path / "two\nlines\udcff.jpg")

        assert str(refused.value).endswith("two?lines?.jpg: there is no such file")

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(MediaUnreadable, match="a folder"):
            probe(tmp_path)

    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")

        with pytest.raises(MediaUnreadable, match="not a regular file"):
            probe(tmp_path / "pipe")

    @pytest.mark.parametrize("name", ["a\0b", "x" * 300])
    def test_an_impossible_name(self, name: str) -> None:
        with pytest.raises(MediaUnreadable, match="cannot be opened"):
            probe(name)

    def test_a_file_we_may_not_read(self, jpeg: Path) -> None:
        if os.geteuid() != 0:
            jpeg.chmod(0)
            with pytest.raises(MediaUnreadable, match="no permission"):
                probe(jpeg)
            jpeg.chmod(0o644)
            return
        nobody = 65534
        jpeg.chmod(0o600)
        os.seteuid(nobody)
        try:
            with pytest.raises(MediaUnreadable, match="no permission"):
                probe(jpeg)
        finally:
            os.seteuid(0)
            jpeg.chmod(0o644)

    def test_an_image_bomb(self, tmp_path: Path) -> None:
        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        path = tmp_path / "bomb.png"
        header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))

        with pytest.raises(MediaUnreadable, match="too many pixels"):
            probe(path)

    @pytest.mark.parametrize("name", ["jpeg", "mp4"])
    def test_damage_is_told_or_survived_but_never_leaks_another_error(
        self, tmp_path: Path, request: pytest.FixtureRequest, name: str
    ) -> None:
        whole = request.getfixturevalue(name).read_bytes()
        rng = random.Random(2026)
        refused = 0
        for _ in range(300):
            damaged = bytearray(whole)
            for _ in range(rng.randint(1, 6)):
                damaged[rng.randrange(min(len(damaged), 3000))] = rng.choice([0, 255, rng.randrange(256)])
            path = tmp_path / "damaged"
            path.write_bytes(damaged)
            try:
                probe(path)
            except MediaUnreadable:
                refused += 1

        assert refused > 20


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe1", "JPEG"),
        (b"\x00\x00\x00\x14ftypqt  ", "MOV"),
        (b"\x00\x00\x00\x20ftypisom", "MP4"),
        (b"\x00\x00\x00\x20ftypM4V ", "MP4"),
        (b"\x00\x00\x00\x08wide\x00\x00", "MOV"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "WEBP"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"", None),
        (b"\xff\xd8", None),
    ],
)
def test_first_bytes(head: bytes, expected: str | None) -> None:
    signature = sniff(head)

    assert (signature.format if signature else None) == expected
