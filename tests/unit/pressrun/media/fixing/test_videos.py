"""Videos become what Instagram takes: copied where they are right, encoded anew only where they are not."""

from __future__ import annotations

import hashlib
import itertools
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
from tests.unit.pressrun.media.fixing.judging import fields, fixed, is_taken, passes

Make = Callable[..., Path]


@pytest.fixture
def clip(tmp_path: Path) -> Make:
    """A grey video, three seconds and a bit, in which the frame at `flash_s` is white and a click is heard."""

    def make(
        name: str = "clip.mp4",
        *,
        format: str = "mp4",
        codec: str = "libx264",
        size: tuple[int, int] = (144, 256),
        rate: Fraction = Fraction(24),
        seconds: float = 3.25,
        pixel_format: str = "yuv420p",
        options: dict[str, str] | None = None,
        muxer: dict[str, str] | None = None,
        sound: str | None = "aac",
        sound_rate: int = 48_000,
        flash_s: float = 1.5,
        times: Callable[[int], int] = lambda number: number,
        prepare: Callable[[Any], None] = lambda _stream: None,
    ) -> Path:
        path = tmp_path / name
        with av.open(path, "w", format=format, options=muxer or {"movflags": "+faststart"}) as container:
            stream: Any = container.add_stream(codec, rate=rate, options={"preset": "ultrafast", **(options or {})})
            stream.width, stream.height, stream.pix_fmt = *size, pixel_format
            prepare(stream)
            audio: Any = container.add_stream(sound, rate=sound_rate, layout="mono") if sound else None
            count = round(seconds * rate)
            for number in range(count):
                at = times(number)
                frame = av.VideoFrame(*size, pixel_format)
                is_white = at == int(flash_s * rate)
                for place, plane in enumerate(frame.planes):
                    level = b"\x80" if place else b"\xeb" if is_white else b"\x40"
                    plane.update(level * plane.buffer_size)
                frame.pts, frame.time_base = at, 1 / rate
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
            if audio:
                _click(container, audio, sound_rate, seconds, flash_s)
        return path

    return make


def _click(container: Any, stream: Any, rate: int, seconds: float, at_s: float) -> None:
    size = 1024
    for number in range(int(seconds * rate) // size):
        samples = bytearray(4 * size)
        begins = int(at_s * rate) - number * size
        for place in range(max(begins, 0), min(begins + 480, size)):
            samples[4 * place : 4 * place + 4] = b"\x00\x00\x00\x3f" if place // 24 % 2 else b"\x00\x00\x00\xbf"
        frame = av.AudioFrame(format="fltp", layout="mono", samples=size)
        frame.planes[0].update(bytes(samples))
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), number * size
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def packets(path: Path, kind: str) -> list[str]:
    """Digests of a track's packets, whatever the file around them says."""
    with av.open(path) as container:
        stream = next(one for one in container.streams if one.type == kind)
        return [hashlib.sha256(bytes(one)).hexdigest() for one in container.demux(stream) if one.size]


def flash_and_click(path: Path) -> tuple[float, float]:
    """When the white frame is shown, and when the click begins, in seconds."""
    with av.open(path) as container:
        frames: Any = container.decode(video=0)
        flash = max(((bytes(frame.planes[0])[8], float(frame.time)) for frame in frames), key=lambda one: one[0])[1]
    with av.open(path) as container:
        for heard in container.decode(audio=0):
            frame: Any = heard
            plane = memoryview(bytes(frame.planes[0])).cast("f")
            for place in range(min(frame.samples, len(plane))):
                if abs(plane[place]) > 0.1:
                    return flash, float(frame.time) + place / frame.sample_rate
    raise AssertionError("nothing is heard")


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
    assert after.duration_s == pytest.approx(probe(source).duration_s, abs=1 / 23)
    flash, click = flash_and_click(target)
    assert click - flash == pytest.approx(0, abs=0.040)
    assert flash == pytest.approx(1.5, abs=1 / 23)


def test_only_the_wrong_track_is_encoded_anew(clip: Make) -> None:
    source = clip(sound_rate=96_000)

    target, _ = fixed(source, Use.REEL)

    assert packets(target, "video") == packets(source, "video")
    assert probe(target).audio_rate_hz == 48_000


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
    ("use", "seconds", "is_in"),
    [
        (Use.REEL, 2.9, False),
        (Use.REEL, 3.0, True),
        (Use.STORY_VIDEO, 60.0, True),
        (Use.STORY_VIDEO, 60.5, False),
    ],
)
def test_both_judges_agree_on_either_side_of_a_length(clip: Make, use: Use, seconds: float, is_in: bool) -> None:
    source = clip(size=(32, 32), seconds=seconds, sound=None, flash_s=1.0)

    assert (passes(source, use), is_taken(source, use)) == (is_in, is_in)
    if not is_in:
        with pytest.raises(CannotFix, match=r"shorter|longer"):
            fix_file(source, source.with_suffix(".out"), Recipe(use))
        assert not source.with_suffix(".out").exists()


@pytest.mark.parametrize("options", [{"bf": "2", "preset": "fast"}, {"bf": "0"}], ids=["copied", "plain"])
def test_what_is_too_long_is_cut_when_that_is_asked_for(clip: Make, options: dict[str, str]) -> None:
    source = clip(size=(32, 32), seconds=61, options=options, flash_s=1.0)

    target, made = fixed(source, Use.STORY_VIDEO, trim=True)

    assert "duration" in fields(made)
    assert probe(target).duration_s == pytest.approx(60, abs=0.3)
    copied = packets(target, "video")
    assert copied == packets(source, "video")[: len(copied)]


@pytest.mark.parametrize(("rate", "is_in"), [(22, False), (23, True), (60, True), (62, False)])
def test_both_judges_agree_on_either_side_of_the_rate(clip: Make, rate: int, is_in: bool) -> None:
    source = clip(size=(32, 32), rate=Fraction(rate), sound=None)

    assert (passes(source, Use.REEL), is_taken(source, Use.REEL)) == (is_in, is_in)
    fixed(source, Use.REEL)


@pytest.mark.parametrize(("width", "is_in"), [(1920, True), (1922, False)])
def test_both_judges_agree_on_either_side_of_the_width(clip: Make, width: int, is_in: bool) -> None:
    source = clip(size=(width, 200), sound=None, seconds=3.0)

    assert (passes(source, Use.REEL), is_taken(source, Use.REEL)) == (is_in, is_in)


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


def test_the_place_goes_and_the_copyright_stays(tmp_path: Path) -> None:
    source = make_mp4(tmp_path / "plain.mp4", 144, 256, 3.25, label="plain")
    told = tmp_path / "told.mp4"
    options = {"movflags": "+faststart+use_metadata_tags", "use_editlist": "0"}
    with av.open(source) as old, av.open(told, "w", format="mp4", options=options) as new:
        new.metadata.update({"location": "+52.5000+013.4000/", "copyright": "(c) Ada"})
        streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                new.mux(packet)
    assert b"+52.5" in told.read_bytes()

    target, made = fixed(told, Use.REEL)

    assert fields(made) == ["metadata"]
    assert b"+52.5" not in target.read_bytes()
    assert b"(c) Ada" in target.read_bytes()


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
