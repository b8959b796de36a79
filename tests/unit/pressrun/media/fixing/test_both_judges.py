"""Files on both sides of every limit of graph-api.md §2.2, told apart alike by our check and by the simulator's probe.

What is refused is then made right, which both take by the letter, or it is said why that cannot be.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from pressrun.media.fixing.recipe import Recipe
from pressrun.media.fixing.run import fix_file
from pressrun.media.fixing.told import CannotFix
from pressrun.media.probe import MediaUnreadable, probe
from pressrun.media.rules import LIMITS, MEBIBYTE, Use, check
from simulator.media.checks import LENIENT
from tests.unit.pressrun.media.fixing.conftest import Make
from tests.unit.pressrun.media.fixing.judging import fixed, is_taken, passes

PICTURES = (Use.FEED_IMAGE, Use.CAROUSEL_IMAGE, Use.STORY_IMAGE, Use.REEL_COVER)
FEED, VIDEOS = PICTURES[:2], (Use.REEL, Use.CAROUSEL_VIDEO, Use.STORY_VIDEO)
LONG = (Use.REEL, Use.CAROUSEL_VIDEO)
PLAIN = {"movflags": "+faststart", "use_editlist": "0"}
INTERLACED = {"x264-params": "interlaced=1"}
CONSTANT = "nal-hrd=cbr:filler=1:bitrate={0}:vbv-maxrate={0}:vbv-bufsize=1000"
"""Of x264: so many kbit/s, whatever the pictures need."""


def judged(path: Path, use: Use) -> tuple[bool, bool]:
    """Whether our check lets it through, and whether the simulator takes it as it does unless told otherwise."""
    return passes(path, use), is_taken(path, use, LENIENT)


def jpeg(path: Path, size: tuple[int, int] = (800, 800), **how: Any) -> Path:
    Image.new(how.pop("mode", "RGB"), size).save(path, how.pop("format", "JPEG"), **how)
    return path


def grown(path: Path, size_bytes: int) -> Path:
    """With nothing behind it, so that it has this size; it costs no room."""
    room = size_bytes - path.stat().st_size
    with path.open("r+b") as file:
        file.seek(0, 2)
        if path.suffix == ".mp4":
            file.write(struct.pack(">I4sQ", 1, b"free", room))
        file.truncate(size_bytes)
    return path


def drawn_out(source: Path, seconds: float) -> Path:
    """The pictures of it over and over."""
    target = source.with_name("long.mp4")
    with av.open(source) as old, av.open(target, "w", format="mp4", options=PLAIN) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        packets = [(bytes(one), one.is_keyframe) for one in old.demux(video=0) if one.size]
        rate = old.streams.video[0].average_rate or Fraction(24)
        for number in range(round(seconds * rate)):
            data, is_key = packets[number % len(packets)]
            packet = av.Packet(data)
            packet.pts = packet.dts = number
            packet.time_base, packet.duration, packet.is_keyframe = 1 / Fraction(rate), 1, is_key
            packet.stream = stream
            new.mux(packet)
    return target


PICTURE_ROWS: list[tuple[str, tuple[Use, ...], dict[str, Any], bool]] = [
    ("JPEG", PICTURES, {}, True),
    ("progressive", PICTURES, {"progressive": True}, True),
    ("CMYK", PICTURES, {"mode": "CMYK"}, True),
    ("grey", PICTURES, {"mode": "L"}, True),
    ("MPO", PICTURES, {"format": "MPO", "save_all": True, "append_images": [Image.new("RGB", (800, 800))]}, False),
    ("PNG", PICTURES, {"format": "PNG"}, False),
    ("WebP", PICTURES, {"format": "WEBP"}, False),
    ("GIF", PICTURES, {"format": "GIF"}, False),
    ("4:5", FEED, {"size": (800, 1000)}, True),
    ("taller than 4:5", FEED, {"size": (799, 1000)}, False),
    ("1.91:1", FEED, {"size": (1910, 1000)}, True),
    ("wider than 1.91:1", FEED, {"size": (1911, 1000)}, False),
    ("a shape for stories", (Use.STORY_IMAGE, Use.REEL_COVER), {"size": (300, 1600)}, True),
    ("narrower than 320", PICTURES, {"size": (319, 319)}, True),
    ("320 wide", PICTURES, {"size": (320, 320)}, True),
    ("1440 wide", PICTURES, {"size": (1440, 1440)}, True),
    ("wider than 1440", PICTURES, {"size": (1441, 1441)}, True),
    (
        "turned into shape",
        FEED,
        {"size": (1000, 500), "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"},
        False,
    ),
]


@pytest.mark.parametrize(
    ("uses", "how", "is_in"), [row[1:] for row in PICTURE_ROWS], ids=[row[0] for row in PICTURE_ROWS]
)
def test_pictures(tmp_path: Path, uses: tuple[Use, ...], how: dict[str, Any], is_in: bool) -> None:
    source = jpeg(tmp_path / "a.jpg", **how)

    assert {use: judged(source, use) for use in uses} == dict.fromkeys(uses, (is_in, is_in))
    fixed(source, uses[0])


@pytest.mark.parametrize("use", PICTURES)
@pytest.mark.parametrize("more", [0, 1])
def test_the_size_of_a_picture(tmp_path: Path, use: Use, more: int) -> None:
    source = grown(jpeg(tmp_path / "a.jpg"), 8 * MEBIBYTE + more)

    assert judged(source, use) == (more == 0, more == 0)
    fixed(source, use)


VIDEO_ROWS: list[tuple[str, tuple[Use, ...], dict[str, Any], bool]] = [
    ("MP4", VIDEOS, {}, True),
    ("MOV", VIDEOS, {"name": "a.mov", "format": "mov"}, True),
    ("Matroska", VIDEOS, {"name": "a.mkv", "format": "matroska", "muxer": {}}, False),
    ("AVI", VIDEOS, {"name": "a.avi", "format": "avi", "muxer": {}, "options": {"bf": "0"}}, False),
    ("index last", VIDEOS, {"muxer": {"use_editlist": "0"}}, False),
    ("edit list", VIDEOS, {"muxer": {"movflags": "+faststart"}, "options": {"preset": "fast", "bf": "2"}}, True),
    ("HEVC", VIDEOS, {"codec": "libx265", "options": {"x265-params": "log-level=none"}}, True),
    ("MPEG-4", VIDEOS, {"codec": "mpeg4"}, False),
    ("VP9", VIDEOS, {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}, False),
    ("4:2:0 of 10 bits", VIDEOS, {"pixel_format": "yuv420p10le"}, True),
    ("4:2:2", VIDEOS, {"pixel_format": "yuv422p"}, False),
    ("4:4:4", VIDEOS, {"pixel_format": "yuv444p"}, False),
    ("interlaced", VIDEOS, {"options": INTERLACED}, False),
    ("open groups", VIDEOS, {"options": {"preset": "fast", "g": "12", "bf": "2", "x264-params": "open-gop=1"}}, True),
    ("under 23 a second", VIDEOS, {"rate": Fraction(22)}, False),
    ("23 a second", VIDEOS, {"rate": Fraction(23)}, True),
    ("23.976 a second", VIDEOS, {"rate": Fraction(24000, 1001)}, True),
    ("60 a second", VIDEOS, {"rate": Fraction(60)}, True),
    ("over 60 a second", VIDEOS, {"rate": Fraction(61)}, False),
    ("24.9 Mbit/s", VIDEOS, {"options": {"x264-params": CONSTANT.format(24_900)}, "size": (320, 320)}, True),
    ("25.2 Mbit/s", VIDEOS, {"options": {"x264-params": CONSTANT.format(25_200)}, "size": (320, 320)}, False),
    ("AAC", VIDEOS, {"sound": "aac"}, True),
    ("MP3", VIDEOS, {"sound": "libmp3lame"}, False),
    ("Opus", VIDEOS, {"sound": "libopus"}, False),
    ("44.1 kHz", VIDEOS, {"sound": "aac", "sound_rate": 44_100}, True),
    ("48 kHz", VIDEOS, {"sound": "aac", "sound_rate": 48_000}, True),
    ("over 48 kHz", VIDEOS, {"sound": "aac", "sound_rate": 64_000}, False),
    ("two channels", VIDEOS, {"sound": "aac", "channels": "stereo"}, True),
    ("three channels", VIDEOS, {"sound": "aac", "channels": "2.1"}, False),
    ("1920 wide", VIDEOS, {"size": (1920, 200)}, True),
    ("over 1920 wide", VIDEOS, {"size": (1922, 200)}, False),
    ("0.01:1", LONG, {"size": (16, 1600)}, True),
    ("taller than 0.01:1", LONG, {"size": (16, 1602)}, False),
    ("10:1", VIDEOS, {"size": (320, 32)}, True),
    ("wider than 10:1", VIDEOS, {"size": (322, 32)}, False),
    ("0.1:1", (Use.STORY_VIDEO,), {"size": (32, 320)}, True),
    ("taller than 0.1:1", (Use.STORY_VIDEO,), {"size": (32, 322)}, False),
]


@pytest.mark.parametrize(("uses", "how", "is_in"), [row[1:] for row in VIDEO_ROWS], ids=[row[0] for row in VIDEO_ROWS])
def test_videos(clip: Make, uses: tuple[Use, ...], how: dict[str, Any], is_in: bool) -> None:
    source = clip(**{"size": (32, 32), "muxer": PLAIN, "seconds": 3.05, "sound": None, **how})

    assert {use: judged(source, use) for use in uses} == dict.fromkeys(uses, (is_in, is_in))
    fixed(source, uses[0])


@pytest.mark.parametrize(
    ("uses", "seconds", "why"),
    [
        (VIDEOS, 2.9, "shorter"),
        (VIDEOS, 3.0, ""),
        ((Use.STORY_VIDEO,), 60.0, ""),
        ((Use.STORY_VIDEO,), 60.5, "longer"),
        ((Use.REEL,), 900.0, ""),
        ((Use.REEL,), 900.5, "longer"),
    ],
)
def test_the_length_of_a_video(clip: Make, uses: tuple[Use, ...], seconds: float, why: str) -> None:
    source = drawn_out(clip(size=(32, 32), seconds=1.0, sound=None, muxer=PLAIN), seconds)

    assert {use: judged(source, use) for use in uses} == dict.fromkeys(uses, (not why, not why))
    if why:
        with pytest.raises(CannotFix, match=why):
            fix_file(source, source.with_suffix(".out"), Recipe(uses[0]))
        assert not source.with_suffix(".out").exists()


@pytest.mark.parametrize("use", VIDEOS)
@pytest.mark.parametrize("more", [0, 1])
def test_the_size_of_a_video(clip: Make, use: Use, more: int) -> None:
    most = LIMITS[use].max_bytes
    source = grown(clip(size=(32, 32), sound=None, muxer=PLAIN), most + more)

    assert judged(source, use) == (more == 0, more == 0)
    if more:
        made = fix_file(source, source.with_suffix(".out"), Recipe(use))
        assert "size" in [one.field for one in made.changes]
        assert judged(source.with_suffix(".out"), use) == (True, True)


@pytest.mark.parametrize(
    ("size", "seconds", "field"),
    [((32, 32), 60.0, None), ((32, 32), 70.0, "duration"), ((32, 128), 4.0, "ratio")],
    ids=["60 s", "70 s", "1:4"],
)
def test_what_vendors_alone_limit_is_warned_of_and_never_comes_of_fixing(
    clip: Make, size: tuple[int, int], seconds: float, field: str | None
) -> None:
    use = Use.CAROUSEL_VIDEO
    source = drawn_out(clip(size=size, seconds=1.0, sound=None, muxer=PLAIN), seconds)

    assert [one.field for one in check(probe(source), use)] == ([field] if field else [])
    assert (*judged(source, use), is_taken(source, use)) == (True, True, field is None)
    if field == "duration":
        with pytest.raises(CannotFix, match="longer than the 60 s"):
            fixed(source, use)
    fixed(source, use, trim=True)


def _turned(path: Path) -> None:
    """As phones do: the matrix of the track says that it is to be shown turned by a quarter."""
    data = path.read_bytes()
    at = data.index(b"tkhd") + 4 + 40
    turned = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data[:at] + turned + data[at + 36 :])


@pytest.mark.parametrize(
    ("size", "is_in"),
    [((320, 32), True), ((340, 32), False), ((200, 1920), True), ((200, 1922), False)],
    ids=["0.1:1", "taller than 0.1:1", "1920 wide", "over 1920 wide"],
)
def test_a_video_that_is_shown_turned_counts_as_shown(clip: Make, size: tuple[int, int], is_in: bool) -> None:
    source = clip(size=size, sound=None, muxer=PLAIN)
    _turned(source)

    assert judged(source, Use.STORY_VIDEO) == (is_in, is_in)
    fixed(source, Use.STORY_VIDEO)


@pytest.mark.parametrize("kind", ["picture", "video"])
def test_what_is_cut_short_is_refused_by_both(clip: Make, tmp_path: Path, kind: str) -> None:
    source = jpeg(tmp_path / "a.jpg") if kind == "picture" else clip(size=(32, 32), sound=None, muxer=PLAIN)
    source.write_bytes(source.read_bytes()[:-200])

    with pytest.raises(MediaUnreadable, match="cut short"):
        probe(source)
    assert not is_taken(source, Use.FEED_IMAGE if kind == "picture" else Use.REEL, LENIENT)
