"""Curves as small SVGs: both axes in powers of ten, a line for each curve, its numbers beside its points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from math import ceil, floor, log10

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 340, 60, 40, 56, 44
_COLOURS = ("#2f6fde", "#c2571a", "#2f8f5b")
_INK = "#7a7f87"
_LEAST = 0.001
_NEARLY = 0.02
"""Of a power of ten: 98,700 made rows stand for 100,000."""
_LINE = 16


@dataclass
class Curve:
    """Its points are sizes and what was measured there."""

    name: str
    points: list[tuple[float, float]] = field(default_factory=list)

    def add(self, size: float, value: float) -> None:
        self.points.append((size, round(value, 3)))


def draw(what: str, curves: Sequence[Curve]) -> str:
    """The SVG. Its text says all numbers, so that whoever does not see it is told them."""
    sizes = _decades(size for curve in curves for size, _ in curve.points)
    values = _decades(value for curve in curves for _, value in curve.points)
    told = "; ".join(
        f"{curve.name}: " + ", ".join(f"{value:g} at {size:,.0f}" for size, value in curve.points) for curve in curves
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        ' font-family="system-ui, sans-serif" font-size="12">',
        f"<title>By {escape(what)}</title>",
        f"<desc>{escape(told)}</desc>",
        *_grid(what, sizes, values),
    ]
    for number, curve in enumerate(curves):
        others = [one for one in curves if one is not curve]
        lines += _line(curve, others, _COLOURS[number % len(_COLOURS)], number, sizes, values)
    return "\n".join([*lines, "</svg>", ""])


def _decades(numbers: Iterable[float]) -> tuple[int, int]:
    logs = [log10(max(number, _LEAST)) for number in numbers]
    low, high = floor(min(logs) + _NEARLY), ceil(max(logs) - _NEARLY)
    return low, max(high, low + 1)


def _place(size: float, value: float, sizes: tuple[int, int], values: tuple[int, int]) -> tuple[float, float]:
    across = (log10(max(size, _LEAST)) - sizes[0]) / (sizes[1] - sizes[0])
    up = (log10(max(value, _LEAST)) - values[0]) / (values[1] - values[0])
    x = _LEFT + across * (_WIDTH - _LEFT - _RIGHT)
    return round(x, 1), round(_HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM), 1)


def _grid(what: str, sizes: tuple[int, int], values: tuple[int, int]) -> list[str]:
    lines = []
    for power in range(sizes[0], sizes[1] + 1):
        x, y = _place(10.0**power, 10.0 ** values[0], sizes, values)
        lines.append(f'<path d="M{x} {y}V{_TOP}" stroke="{_INK}" stroke-opacity=".25"/>')
        lines.append(f'<text x="{x}" y="{y + 16}" text-anchor="middle" fill="{_INK}">{_number(power)}</text>')
    for power in range(values[0], values[1] + 1):
        x, y = _place(10.0 ** sizes[0], 10.0**power, sizes, values)
        lines.append(f'<path d="M{x} {y}H{_WIDTH - _RIGHT}" stroke="{_INK}" stroke-opacity=".25"/>')
        lines.append(f'<text x="{x - 6}" y="{y + 4}" text-anchor="end" fill="{_INK}">{_number(power)}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    lines.append(f'<text x="{middle:g}" y="{_HEIGHT - 8}" text-anchor="middle" fill="{_INK}">{escape(what)}</text>')
    return lines


def _line(
    curve: Curve,
    others: Sequence[Curve],
    colour: str,
    number: int,
    sizes: tuple[int, int],
    values: tuple[int, int],
) -> list[str]:
    places = [_place(size, value, sizes, values) for size, value in curve.points]
    taken = [_place(size, value, sizes, values) for other in others for size, value in other.points]
    path = "L".join(f"{x} {y}" for x, y in places)
    lines = [
        f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        f'<text x="{_LEFT}" y="{18 + _LINE * number}" fill="{colour}">{escape(curve.name)}</text>',
    ]
    for (x, y), (_, value) in zip(places, curve.points, strict=True):
        # Where another curve runs close above, the number stands below.
        is_below = any(abs(x - other_x) < _LINE and 0 < y - other_y < 2 * _LINE for other_x, other_y in taken)
        lines.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>')
        above = y + _LINE if is_below else y - _LINE // 2
        lines.append(f'<text x="{x}" y="{above:g}" text-anchor="middle" fill="{colour}">{value:.3g}</text>')
    return lines


def _number(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"
