"""Geometry: the canvas that a picture needs to have a shape and a size that are allowed, and where it lies on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pressrun.media.fixing.recipe import Way

Size = tuple[int, int]
Bounds = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """`box` of the picture (left, top, right, bottom in its own pixels) is scaled to `inner` and laid on the canvas."""

    canvas: Size
    inner: Size
    at: tuple[int, int]
    box: tuple[float, float, float, float]

    @property
    def is_padded(self) -> bool:
        return self.canvas != self.inner


@dataclass(frozen=True)
class Wanted:
    """What a canvas must be. `bounds` are those of width by height."""

    bounds: Bounds | None = None
    shape: float | None = None
    least_width: int = 1
    most_width: int = 1440
    is_even: bool = False

    def shape_for(self, ratio: float) -> float:
        """The nearest allowed shape of a picture of that ratio."""
        wanted = self.shape if self.shape is not None else ratio
        if self.bounds is None:
            return wanted
        least, most = self.bounds
        return min(max(wanted, least), most)


def frame_for(size: Size, wanted: Wanted, way: Way, focus: tuple[float, float]) -> Frame:
    """The frame for a picture of that size, as it is shown. A canvas never is outside of the bounds by rounding."""
    width, height = size
    ratio = width / height
    shape = wanted.shape_for(ratio)
    box = (0.0, 0.0, float(width), float(height))
    is_right = math.isclose(shape, ratio, rel_tol=1e-9)
    if is_right:
        base = float(width)
    elif way == "crop":
        box = _crop(size, shape, focus)
        base = box[2] - box[0]
    else:
        base = max(float(width), height * shape)
    canvas = _canvas(base, shape, wanted)
    if way == "crop" or is_right:
        return Frame(canvas, canvas, (0, 0), box)
    scale = min(canvas[0] / width, canvas[1] / height)
    inner = _step_down(min(width * scale, canvas[0]), wanted), _step_down(min(height * scale, canvas[1]), wanted)
    at = _place(canvas[0] - inner[0], wanted), _place(canvas[1] - inner[1], wanted)
    return Frame(canvas, inner, at, box)


def _crop(size: Size, shape: float, focus: tuple[float, float]) -> tuple[float, float, float, float]:
    width, height = size
    wide, high = (height * shape, float(height)) if width / height > shape else (float(width), width / shape)
    left = min(max(focus[0] * width - wide / 2, 0.0), width - wide)
    top = min(max(focus[1] * height - high / 2, 0.0), height - high)
    return (left, top, left + wide, top + high)


def _canvas(base: float, shape: float, wanted: Wanted) -> Size:
    step = 2 if wanted.is_even else 1
    width = _stepped(min(max(base, wanted.least_width), wanted.most_width), step)
    width = width if width <= wanted.most_width else width - step
    height = _stepped(width / shape, step)
    if wanted.bounds is not None:
        least, most = wanted.bounds
        while width / height < least and height > step:
            height -= step
        while width / height > most:
            height += step
    return width, height


def _stepped(value: float, step: int) -> int:
    return max(round(value / step) * step, step)


def _step_down(value: float, wanted: Wanted) -> int:
    step = 2 if wanted.is_even else 1
    return max(int((value + 1e-6) // step) * step, step)


def _place(room: int, wanted: Wanted) -> int:
    half = room // 2
    return half - half % 2 if wanted.is_even else half
