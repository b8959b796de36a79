"""Videos become what Instagram takes: copied where they are right, encoded anew only where they are not."""

from __future__ import annotations

import hashlib
import itertools
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from pressrun.media.fixing.recipe import Recipe
from pressrun.media.fixing.run import fix_file
from pressrun.media.fixing.told import CannotFix
from pressrun.media.probe import probe
from pressrun.media.rules import Use
from pressrun.media.samples import make_mp4
from tests.unit.pressrun.media.fixing.judging import fields, fixed, flash_and_click

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_mp4(tmp_path_factory.mktemp("right") / "right.mp4", 144, 256, 3.25, label="right")


def packets(path: Path, kind: str) -> list[str]:
    """Digests of a track's packets, whatever the file around them says."""
    with av.open(path) as container:
        stream = next(one for one in container.streams if one.type == kind)
        return [hashlib.sha256(bytes(one)).hexdigest() for one in container.demux(stream) if one.size]


def test_what_is_right_stays_bit_by_bit(tmp_path: Path) -> None:
    source = make_mp4(tmp_path / "right.mp4", 144, 256, 3.25, label="right")

    target, made = fixed(source, Use.REEL)

    assert made.changes == ()
    assert target.read_bytes() == source.read_bytes()


def test_a_wrong_container_alone_leaves_both_tracks_bit_by_bit(clip: Make) -> None:
    """B-frames and priming, which ffmpeg hides behind an edit list, stay in time without one."""
    source = clip(muxer={"fflags": "+bitexact"}, options={"preset": "fast", "bf": "2"})
    assert probe(source).has_edit_list
    assert probe(source).moov_first is False

    target, made = fixed(source, Use.REEL)

    assert sorted(fields(made)) == ["edit_list", "moov"]
    assert packets(target, "video") == packets(source, "video")
    assert packets(target, "audio") == packets(source, "audio")[-len(packets(target, "audio")) :]
    assert probe(target).has_edit_list is False
    assert probe(target).duration_s == pytest.approx(probe(source).duration_s, abs=1 / 24)
    for here, there in zip(flash_and_click(target), flash_and_click(source), strict=True):
        assert here == pytest.approx(there, abs=0.015)


def test_a_fragmented_file_gets_one_index(clip: Make) -> None:
    source = clip(muxer={"movflags": "frag_keyframe+empty_moov"}, options={"g": "24"}, sound=None)

    target, made = fixed(source, Use.REEL)

    assert "fragments" in fields(made)
    assert packets(target, "video") == packets(source, "video")


@pytest.mark.parametrize(
    ("change", "how"),
    [
        ("video_codec", {"codec": "mpeg4", "options": {}}),
        ("pixel_format", {"pixel_format": "yuv444p"}),
        ("fps", {"rate": Fraction(15)}),
        ("fps", {"rate": Fraction(120), "seconds": 3.05}),
        ("format", {"name": "clip.mkv", "format": "matroska", "muxer": {}}),
        ("audio_codec", {"name": "clip.mkv", "format": "matroska", "muxer": {}, "sound": "libopus"}),
        ("audio_rate", {"sound_rate": 96_000}),
        ("width", {"size": (1984, 256)}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_mended_and_stays_in_time(clip: Make, change: str, how: dict[str, Any]) -> None:
    source = clip(**how)

    target, made = fixed(source, Use.REEL)

    after = probe(target)
    assert change in fields(made)
    assert 23 <= (after.fps or 0) <= 60
    assert (after.format, after.moov_first, after.has_edit_list) == ("MP4", True, False)
    a_frame = 1 / (after.fps or 0)
    assert after.duration_s == pytest.approx(probe(source).duration_s, abs=a_frame)
    flash, click = flash_and_click(target)
    assert click - flash == pytest.approx(0, abs=0.040)
    rate = how.get("rate", 24)
    assert flash == pytest.approx(float(int(1.5 * rate) / rate), abs=a_frame)


def test_only_the_wrong_track_is_encoded_anew(clip: Make) -> None:
    source = clip(sound_rate=96_000)

    target, _ = fixed(source, Use.REEL)

    assert packets(target, "video") == packets(source, "video")
    assert probe(target).audio_rate_hz == 48_000


def _colours(primaries: int, transfer: int, matrix: int) -> Callable[[Any], None]:
    def prepare(stream: Any) -> None:
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = primaries, transfer, matrix

    return prepare


@pytest.mark.parametrize(
    ("change", "before", "how"),
    [
        ("gop", "groups of frames of 6.0 s", {"seconds": 6.0, "options": {"g": "250", "sc_threshold": "0"}}),
        ("pixel_format", "yuv420p10le", {"pixel_format": "yuv420p10le", "options": {"profile": "high10"}}),
        ("colour", "BT.601", {"prepare": _colours(6, 6, 6)}),
        ("colour", "BT.601", {"prepare": _colours(1, 1, 5)}),
        ("colour", "BT.2020", {"prepare": _colours(9, 14, 9)}),
        ("colour", "BT.709 of full range", {"pixel_format": "yuvj420p", "prepare": _colours(1, 1, 1)}),
    ],
    ids=["long groups", "10 bits", "BT.601", "its matrix alone", "BT.2020", "full range"],
)
def test_a_picture_that_only_looks_right_is_encoded_anew(
    clip: Make, change: str, before: str, how: dict[str, Any]
) -> None:
    """Its sound is copied bit by bit."""
    muxer = {"movflags": "+faststart", "use_editlist": "0"}
    source = clip(size=(32, 32), muxer=muxer, **how)

    target, made = fixed(source, Use.REEL)

    assert (change, before) in [(one.field, one.before) for one in made.changes]
    assert probe(target).pixel_format == "yuv420p"
    assert packets(target, "audio") == packets(source, "audio")[-len(packets(target, "audio")) :]
    with av.open(target) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 1, 1, 1)
    assert fixed(target, Use.REEL)[1].changes == ()


@pytest.mark.parametrize(
    "how",
    [
        {"seconds": 5.0, "options": {"g": "250", "sc_threshold": "0"}},
        {"options": {"g": "12"}},
        {"prepare": _colours(1, 1, 1)},
        {"prepare": _colours(2, 2, 2)},
        {"prepare": _colours(1, 13, 1)},
    ],
    ids=["groups of 5 s", "of half a second", "BT.709", "nothing said", "the curve of sRGB"],
)
def test_what_is_within_bounds_is_not_encoded_anew(clip: Make, how: dict[str, Any]) -> None:
    source = clip(size=(32, 32), sound=None, muxer={"movflags": "+faststart", "use_editlist": "0"}, **how)

    assert fixed(source, Use.REEL)[1].changes == ()


def test_sound_of_another_profile_is_encoded_anew(clip: Make) -> None:
    """HE-AAC, as its header says: half the rate is coded, the rest is guessed from it."""
    source = clip(sound_rate=24_000, muxer={"movflags": "+faststart", "use_editlist": "0"})
    plain, doubled = bytes.fromhex("56e500"), bytes.fromhex("56e598")
    assert source.read_bytes().count(plain) == 1
    source.write_bytes(source.read_bytes().replace(plain, doubled))

    target, made = fixed(source, Use.REEL)

    assert [(one.field, one.before, one.after) for one in made.changes] == [("audio_codec", "HE-AAC", "AAC-LC")]
    assert packets(target, "video") == packets(source, "video")
    with av.open(target) as container:
        assert container.streams.audio[0].profile == "LC"


def test_a_variable_rate_becomes_constant(clip: Make) -> None:
    source = clip(times=lambda number: number + number // 3, seconds=2.4)

    target, made = fixed(source, Use.REEL)

    assert "fps" in fields(made)
    with av.open(target) as container:
        shown = sorted(one.pts for one in container.demux(video=0) if one.pts is not None)
    assert len({later - earlier for earlier, later in itertools.pairwise(shown)}) == 1


def test_groups_of_frames_are_closed_and_two_seconds_long(clip: Make) -> None:
    target, _ = fixed(clip(rate=Fraction(15), seconds=6.5), Use.REEL)

    with av.open(target) as container:
        keys = [
            float((one.pts or 0) * (one.time_base or 0))
            for one in container.demux(video=0)
            if one.is_keyframe and one.size
        ]
        profile = container.streams.video[0].profile
    assert keys == pytest.approx([0, 2, 4, 6], abs=0.001)
    assert profile == "High"


@pytest.mark.parametrize(
    "options", [{"bf": "2", "preset": "fast", "g": "48"}, {"bf": "0", "g": "48"}], ids=["copied", "plain"]
)
def test_what_is_too_long_is_cut_when_that_is_asked_for(clip: Make, options: dict[str, str]) -> None:
    source = clip(size=(32, 32), seconds=61, options=options, flash_s=1.0)

    target, made = fixed(source, Use.STORY_VIDEO, trim=True)

    assert "duration" in fields(made)
    assert probe(target).duration_s == pytest.approx(60, abs=0.3)
    copied = packets(target, "video")
    assert copied == packets(source, "video")[: len(copied)]


@pytest.mark.parametrize("way", ["pad", "crop"])
def test_a_carousel_item_is_brought_to_a_shape(clip: Make, way: str) -> None:
    target, made = fixed(clip(size=(256, 144)), Use.CAROUSEL_VIDEO, shape=1.0, way=way)

    assert "ratio" in fields(made)
    assert probe(target).ratio == pytest.approx(1, abs=0.02)


def test_padding_with_a_blurred_edge(clip: Make) -> None:
    target, _ = fixed(clip(size=(144, 256)), Use.CAROUSEL_VIDEO, pad_color="blur")

    with av.open(target) as container:
        frame: Any = next(container.decode(video=0))
        line = bytes(frame.planes[0])[: frame.width]
    assert max(line) - min(line) < 24


def test_attached_audio_gets_a_silent_track(clip: Make) -> None:
    source = clip(sound=None)

    target, made = fixed(source, Use.REEL, silence=True)

    assert "audio_codec" in fields(made)
    after = probe(target)
    assert (after.audio_codec, after.audio_rate_hz, after.audio_channels) == ("aac", 48_000, 2)
    assert packets(target, "video") == packets(source, "video")


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


_XMP = (
    b'<rdf:Description aux:LensSerialNumber="SECRET"><dc:rights><rdf:Alt><rdf:li>(c) Ada</rdf:li></rdf:Alt></dc:rights>'
)
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


@pytest.mark.parametrize(
    ("tags", "behind", "told"),
    [
        ({"location": "+52.5000+013.4000/SECRET"}, b"", "place"),
        ({"com.apple.quicktime.location.ISO6709": "SECRET"}, b"", "place"),
        ({"com.example.camera.serialNumber": "SECRET"}, b"", "serial number of the camera"),
        ({"com.example.OwnerName": "SECRET"}, b"", "name of the camera's owner"),
        ({}, _box(b"uuid", _XMP_UUID, _XMP), "serial number of the lens"),
        ({}, _box(b"meta", b'<Device modelName="A" serialNo="SECRET"/>'), "serial number of the camera"),
        ({"com.apple.quicktime.model": "Phone"}, b"", None),
    ],
    ids=["udta", "quicktime", "serial", "owner", "xmp", "xml of a camera", "nothing"],
)
def test_what_is_private_goes_and_the_copyright_stays(
    right: Path, tmp_path: Path, tags: dict[str, str], behind: bytes, told: str | None
) -> None:
    source = tmp_path / "told.mp4"
    in_keys = "+use_metadata_tags" if any("." in tag for tag in tags) else ""
    options = {"movflags": f"+faststart{in_keys}", "use_editlist": "0"}
    with av.open(right) as old, av.open(source, "w", format="mp4", options=options) as new:
        new.metadata.update(tags | {"copyright": "(c) Ada"})
        streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                new.mux(packet)
    source.write_bytes(source.read_bytes() + behind)

    target, made = fixed(source, Use.REEL)

    assert [(one.field, one.before) for one in made.changes] == ([("metadata", told)] if told else [])
    assert b"SECRET" not in target.read_bytes()
    assert b"(c) Ada" in target.read_bytes()
    assert packets(target, "video") == packets(source, "video")


def test_a_copyright_that_only_xmp_tells_stays(right: Path, tmp_path: Path) -> None:
    source = tmp_path / "told.mp4"
    source.write_bytes(right.read_bytes() + _box(b"uuid", _XMP_UUID, _XMP))

    target, made = fixed(source, Use.REEL)

    assert [one.after for one in made.changes] == ["removed; copyright and maker kept"]
    assert b"(c) Ada" in target.read_bytes()


def test_a_track_in_which_a_camera_notes_where_it_is_goes(right: Path, tmp_path: Path) -> None:
    """A second track of sound, renamed to what action cameras write beside their pictures."""
    source = tmp_path / "told.mp4"
    with av.open(right) as old, av.open(source, "w", format="mp4", options={"movflags": "+faststart"}) as new:
        video, sound = old.streams.video[0], old.streams.audio[0]
        made = {one.index: [new.add_stream_from_template(one)] for one in (video, sound)}
        made[sound.index].append(new.add_stream_from_template(sound))
        for packet in old.demux():
            for stream in made[packet.stream_index] if packet.dts is not None else []:
                packet.stream = stream
                new.mux(packet)
    head, _, tail = source.read_bytes().rpartition(b"soun")
    source.write_bytes(head + b"meta" + tail.replace(b"mp4a", b"gpmd"))

    target, told = fixed(source, Use.REEL)

    assert "notes of the camera from moment to moment" in [one.before for one in told.changes]
    assert b"gpmd" not in target.read_bytes()


@pytest.mark.parametrize(("at_s", "is_white"), [(1.5, True), (0.5, False)])
def test_a_cover_is_the_frame_at_that_time(clip: Make, at_s: float, is_white: bool) -> None:
    from PIL import Image

    source = clip(size=(360, 640))
    target = source.with_suffix(".jpg")

    fix_file(source, target, Recipe(Use.REEL_COVER, cover_at_s=at_s))

    with Image.open(target) as shown:
        pixel: Any = shown.getpixel((100, 100))
        assert (shown.format, shown.size) == ("JPEG", (360, 640))
    assert (min(pixel) > 200) == is_white


def test_there_is_no_frame_after_the_end(clip: Make) -> None:
    source = clip()

    with pytest.raises(CannotFix, match=r"no frame at 9 s: the video lasts 3\.2"):
        fix_file(source, source.with_suffix(".jpg"), Recipe(Use.REEL_COVER, cover_at_s=9.0))
