"""Fixed files judged twice: by our own check, and by the simulator's probe, which shares no code with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av

from pressrun.media.fixing.recipe import Recipe
from pressrun.media.fixing.run import fix_file
from pressrun.media.fixing.told import Made
from pressrun.media.probe import probe
from pressrun.media.rules import LIMITS, Use, check
from simulator.media.checks import STRICT, Strictness, image_problem, video_problem
from simulator.media.probe import probe_image, probe_video
from simulator.world.records import Kind

KINDS = {
    Use.FEED_IMAGE: Kind.IMAGE,
    Use.CAROUSEL_IMAGE: Kind.CHILD_IMAGE,
    Use.STORY_IMAGE: Kind.STORY_IMAGE,
    Use.REEL_COVER: Kind.STORY_IMAGE,
    Use.REEL: Kind.REEL,
    Use.STORY_VIDEO: Kind.STORY_VIDEO,
    Use.CAROUSEL_VIDEO: Kind.CHILD_VIDEO,
}
Rgb = Sequence[int]


def is_taken(path: Path, use: Use, strictness: Strictness = STRICT) -> bool:
    """Whether the simulator would take the file, by the letter unless that is said."""
    kind, size = KINDS[use], path.stat().st_size
    if LIMITS[use].kind == "image":
        data = path.read_bytes()
        return image_problem(kind, probe_image(data), size) is None
    return video_problem(kind, probe_video(path), size, {}, strictness) is None


def passes(path: Path, use: Use) -> bool:
    """Whether our own check lets the file through."""
    return all(problem.severity != "error" for problem in check(probe(path), use))


def fixed(source: Path, use: Use, **how: object) -> tuple[Path, Made]:
    """The source made right next to it, once both have said that it is."""
    kept = source.read_bytes()
    target = source.with_name(f"{source.name}.fixed")
    made = fix_file(source, target, Recipe(use, **how), threads=2)  # type: ignore[arg-type]
    assert passes(target, use)
    assert is_taken(target, use)
    assert source.read_bytes() == kept
    return target, made


def fields(made: Made) -> list[str]:
    return [change.field for change in made.changes]


def flash_and_click(path: Path) -> tuple[float, float]:
    """When the brightest frame is shown, and when the first click begins, in seconds."""
    with av.open(path) as container:
        frames: Any = container.decode(video=0)
        flash = max(((_brightness(frame), float(frame.time)) for frame in frames), key=lambda one: one[0])[1]
    with av.open(path) as container:
        for heard in container.decode(audio=0):
            frame: Any = heard
            plane = memoryview(bytes(frame.planes[0])).cast("f")
            for place in range(min(frame.samples, len(plane))):
                if abs(plane[place]) > 0.1:
                    return flash, float(frame.time) + place / frame.sample_rate
    raise AssertionError("nothing is heard")


def _brightness(frame: Any) -> int:
    return sum(bytes(frame.planes[0])[::97])


def delta_e(one: Rgb, other: Rgb) -> float:
    """CIE76 between two colours of sRGB."""
    return math.dist(lab(one), lab(other))


def hue(colour: Rgb) -> float:
    """Of a colour of sRGB in L*a*b*, in degrees."""
    _, a, b = lab(colour)
    return math.degrees(math.atan2(b, a))


def lab(colour: Rgb) -> tuple[float, float, float]:
    linear = [value / 255 for value in colour]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in linear)
    xyz = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089,
    )
    x, y, z = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in xyz)
    return (116 * y - 16, 500 * (x - y), 200 * (y - z))
