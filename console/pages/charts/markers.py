"""Shapes that tell lines apart where colours and dashes do not: one for each line, at some of its points."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from console.pages.charts.scale import Scale, place, runs

_SHAPES: Sequence[Sequence[tuple[float, float]]] = (
    ((0, -3.6), (3.6, 0), (0, 3.6), (-3.6, 0)),
    ((-3, -3), (3, -3), (3, 3), (-3, 3)),
    ((0, -3.8), (3.8, 3), (-3.8, 3)),
    ((0, 3.8), (3.8, -3), (-3.8, -3)),
    ((-1.2, -4), (1.2, -4), (1.2, 4), (-1.2, 4)),
    ((-3, -3.8), (4, 0), (-3, 3.8)),
    ((-1, -4), (1, -4), (1, -1), (4, -1), (4, 1), (1, 1), (1, 4), (-1, 4), (-1, 1), (-4, 1), (-4, -1), (-1, -1)),
    ((-3.6, -3.6), (0, -1.4), (3.6, -3.6), (1.4, 0), (3.6, 3.6), (0, 1.4), (-3.6, 3.6), (-1.4, 0)),
)
"""Diamond, square, triangle up and down, post, triangle aside, cross, star."""
_MARKS = 7


def marker(number: int, x: float, y: float) -> str:
    """The path of the shape of a line, around a point."""
    corners = _SHAPES[number % len(_SHAPES)]
    return "M" + "L".join(f"{place(x + across)} {place(y + down)}" for across, down in corners) + "z"


def marked(values: Sequence[float | None], number: int) -> list[int]:
    """The indices at which a line is marked: some seven, not those of the lines before it, and one of each run."""
    every = max(len(values) // _MARKS, 1)
    found = []
    for run in runs(values):
        chosen = [index for index in run if index % every == number % every]
        found += chosen or [run[len(run) // 2]]
    return found


def marks(values: Sequence[float | None], number: int, x: Scale, y: Scale) -> Markup:
    """The shapes along a line."""
    path = "".join(marker(number, x(index), y(float(values[index] or 0))) for index in marked(values, number))
    return Markup('<path class="mk s{}" d="{}"/>').format(number, path)


def sample(number: int) -> Markup:
    """A piece of a line of several, for a legend. Decoration: the name stands beside it."""
    return Markup(
        '<svg viewBox="0 0 22 10" aria-hidden="true"><path class="l s{0}" d="M1 5H21"/>'
        '<path class="mk s{0}" d="{1}"/></svg>'
    ).format(number, marker(number, 11, 5))
