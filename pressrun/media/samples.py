"""Real media files for the demo, the tests and the benchmarks: drawn, small, the same bytes every time.

`python -m pressrun.media.samples CAMPAIGN.csv` makes the files that a campaign names, next to it.
"""

from __future__ import annotations

import array
import csv
import math
import sys
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from pressrun.errors import Invalid, Kind, PressrunError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.video.stream import VideoStream
    from PIL.Image import Image as Picture
    from PIL.ImageDraw import ImageDraw as Pen

_RATE = 48_000
_AAC_FRAME = 1024
# Sky, ground, far hill, near hill, sun.
_PALETTES = (
    ("#f9d9b0", "#e9856b", "#b9506a", "#6d2f5c", "#fff4d6"),
    ("#d7ecf5", "#7fb7d6", "#3f7ea6", "#1d4a6d", "#fffbe8"),
    ("#e6f2d5", "#9cc28a", "#5b8f6b", "#2d5b4d", "#fff6c9"),
    ("#f6e3f0", "#c9a2cf", "#8768a8", "#463c75", "#ffe9d1"),
    ("#fff0cf", "#f2c260", "#c9803f", "#7a4326", "#fffdf2"),
    ("#dfe7ee", "#9fb0c3", "#5e748c", "#2c3e54", "#ffe3a8"),
)
_SIZES = {"image": (1080, 1350), "carousel": (1080, 1350), "story": (1080, 1920), "reel": (540, 960)}
_VIDEO_SIZES = {"carousel": (432, 540), "story": (432, 768), "reel": (540, 960)}
_VIDEO_SECONDS = 3.5


def make_jpeg(path: Path, width: int, height: int, *, label: str) -> Path:
    """Draw a landscape that is named after `label`; other labels look different."""
    picture = _landscape(width, height, label)
    _caption(picture, label)
    picture.save(path, "JPEG", quality=86, optimize=False)
    return path


def make_mp4(
    path: Path, width: int, height: int, seconds: float, *, fps: int = 24, label: str, audio: bool = True
) -> Path:
    """A video by Instagram's specification: H.264 4:2:0, closed GOP, AAC, moov first, no edit list."""
    import av

    options = {"movflags": "+faststart", "use_editlist": "0", "fflags": "+bitexact"}
    with av.open(path, "w", format="mp4", options=options) as container:
        video = container.add_stream(
            "libx264", rate=fps, options={"preset": "ultrafast", "crf": "27", "x264-params": "open-gop=0:threads=1"}
        )
        video.width, video.height, video.pix_fmt, video.gop_size = width, height, "yuv420p", 2 * fps
        sound = container.add_stream("aac", rate=_RATE, options={"b": "64000"}, layout="mono") if audio else None
        _encode_video(container, video, _frames(width, height, label, round(seconds * fps)))
        if sound is not None:
            _encode_sound(container, sound, seconds)
    return path


def make_campaign(campaign: Path, *, is_wanted: Callable[[], bool] = lambda: True) -> list[Path]:
    """Make every file that a campaign (a CSV, or a folder with `campaign.csv`) names and that is not there yet.

    Returns all the files it names; none is begun any more once `is_wanted` says no. Raises Invalid when it names
    something that cannot be drawn.
    """
    table = campaign / "campaign.csv" if campaign.is_dir() else campaign
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise Invalid(f"{table} cannot be read as a campaign: {problem}", type="campaign.unreadable") from None
    wanted: dict[Path, str] = {}
    for row in rows:
        names = [(name, row.get("type") or "") for name in (row.get("media") or "").split("|")]
        names.append((row.get("cover_url") or "", "reel"))
        for name, post_type in names:
            if name.strip() and "://" not in name:
                wanted.setdefault(_inside(table.parent, name.strip()), post_type)
    for path, post_type in wanted.items():
        if not path.exists() and is_wanted():
            _make(path, post_type)
    return list(wanted)


def _inside(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise Invalid(
            f"{name} lies outside {folder}: samples are only made next to their campaign", type="sample.outside"
        )
    return path


def _make(path: Path, post_type: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half_made = path.with_name(f".{path.name}.part")
    label = path.stem
    try:
        if path.suffix in {".jpg", ".jpeg"} and post_type in _SIZES:
            make_jpeg(half_made, *_SIZES[post_type], label=label)
        elif path.suffix == ".mp4" and post_type in _VIDEO_SIZES:
            make_mp4(half_made, *_VIDEO_SIZES[post_type], _VIDEO_SECONDS, label=label)
        else:
            message = f"no sample can be made for {path.name} in a post of type {post_type!r}: use .jpg or .mp4"
            raise Invalid(message, type="sample.impossible")
        half_made.replace(path)
    finally:
        half_made.unlink(missing_ok=True)


def _landscape(width: int, height: int, label: str, *, sun: bool = True) -> Picture:
    from PIL import Image, ImageDraw, ImageOps

    seed = zlib.crc32(label.encode())
    sky, ground, far, near, light = _PALETTES[seed % len(_PALETTES)]
    shade = Image.linear_gradient("L").resize((width, height), Image.Resampling.BILINEAR)
    picture = ImageOps.colorize(shade, sky, ground)
    draw = ImageDraw.Draw(picture)
    if sun:
        _disc(draw, width * (0.25 + (seed >> 4) % 50 / 100), height * 0.3, width * 0.13, light)
    lift = (seed >> 9) % 10 / 100
    draw.ellipse((-width * 0.6, height * (0.55 + lift), width * 0.9, height * 1.4), fill=far)
    draw.ellipse((width * 0.1, height * (0.68 - lift), width * 1.7, height * 1.5), fill=near)
    return picture


def _caption(picture: Picture, label: str) -> None:
    from PIL import ImageDraw, ImageFont

    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    name, _, number = label.rpartition("-")
    name, number = (name, number) if name and number.isdigit() else (label, "")
    large, small = ImageFont.load_default(width / 9), ImageFont.load_default(width / 22)
    left, line = width * 0.08, height * 0.88
    draw.text((left, line), name.replace("-", " ").capitalize(), font=large, fill="#ffffff", anchor="ls")
    if number:
        draw.text((left, line + width * 0.07), f"No. {int(number)}", font=small, fill="#ffffff", anchor="ls")


def _disc(pen: Pen, x: float, y: float, radius: float, colour: str) -> None:
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _frames(width: int, height: int, label: str, count: int) -> Iterator[Picture]:
    """The sun crosses the sky, a bar below shows how far the video has come."""
    from PIL import ImageDraw

    scene = _landscape(width, height, label, sun=False)
    _caption(scene, label)
    light = _PALETTES[zlib.crc32(label.encode()) % len(_PALETTES)][4]
    for number in range(count):
        done = number / max(count - 1, 1)
        frame = scene.copy()
        draw = ImageDraw.Draw(frame)
        y = height * (0.34 - 0.14 * math.sin(math.pi * done))
        _disc(draw, width * (0.15 + 0.7 * done), y, width * 0.13, light)
        draw.rectangle((0, height * 0.985, width * done, height), fill=light)
        yield frame


def _encode_video(container: OutputContainer, stream: VideoStream, frames: Iterator[Picture]) -> None:
    from av import VideoFrame

    for number, picture in enumerate(frames):
        frame = VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # PyAV left it untyped
        frame.pts = number
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _encode_sound(container: OutputContainer, stream: AudioStream, seconds: float) -> None:
    from av import AudioFrame

    # One period of a soft chord: every frequency fits it a whole number of times, so that it repeats without a click.
    period = array.array(
        "f", (sum(0.08 * math.sin(2 * math.pi * k * n / 1200) for k in (8, 10, 12)) for n in range(1200))
    )
    total = int(seconds * _RATE) // _AAC_FRAME * _AAC_FRAME
    samples = period * (total // len(period) + 2)
    for start in range(0, total, _AAC_FRAME):
        frame = AudioFrame(format="fltp", layout="mono", samples=_AAC_FRAME)
        frame.sample_rate, frame.time_base = _RATE, Fraction(1, _RATE)
        frame.pts = start + _AAC_FRAME  # the encoder's priming fills the first frame, so that nothing starts below zero
        frame.planes[0].update(samples[start : start + _AAC_FRAME].tobytes())
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m pressrun.media.samples CAMPAIGN.csv\n")
        return 2
    try:
        made = make_campaign(Path(arguments[0]))
    except PressrunError as problem:
        sys.stderr.write(f"{problem}\n")
        return 2 if problem.kind is Kind.INVALID else 1
    sys.stdout.write(f"{len(made)} media files are ready\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
