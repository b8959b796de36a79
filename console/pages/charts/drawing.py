"""Lines, bars, sparklines, heat maps. What is not known is drawn as a hatched band, never as a zero.

Every drawing takes its colours from classes, so that it follows the theme, and is described by the page's own table of
its numbers; the script that shows a value under the pointer reads that table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from console.pages import words
from console.pages.charts.scale import Scale, extent, place, runs, ticks

WIDTH, HEIGHT = 720, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 10, 12, 32


@dataclass(frozen=True)
class Series:
    """`values`: one for each label; None where nothing is known."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Chart:
    """`gaps`: by index, what is lacking there. `labels`: along the bottom, one for each value."""

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    gaps: dict[int, str] = field(default_factory=dict)
    from_zero: bool = True
    unit: str = ""
    note: str = ""

    @property
    def is_empty(self) -> bool:
        return all(value is None for one in self.series for value in one.values)


def line(chart: Chart, *, width: int = WIDTH, height: int = HEIGHT, filled: bool = True) -> Markup:
    """One or several lines; the first is filled below."""
    frame = _Frame.of(chart, width, height)
    parts = [frame.bands(chart), frame.grid(chart)]
    for place_, one in enumerate(chart.series):
        parts.append(_line(one, frame, place_, filled=filled and place_ == 0))
    parts.append(frame.hits(len(chart.labels)))
    return _svg(chart, width, height, parts)


def bars(chart: Chart, *, width: int = WIDTH, height: int = HEIGHT) -> Markup:
    """A bar for each label, of the first series."""
    frame = _Frame.of(chart, width, height, is_banded=True)
    step = frame.step
    thick = max(step * 0.68, 1.0)
    drawn = []
    for index, value in enumerate(chart.series[0].values):
        if value is None:
            continue
        top, zero = frame.y(value), frame.y(0)
        drawn.append(
            Markup('<rect class="bar" x="{}" y="{}" width="{}" height="{}" rx="2"/>').format(
                place(frame.x(index) - thick / 2), place(min(top, zero)), place(thick), place(max(abs(zero - top), 1.0))
            )
        )
    return _svg(chart, width, height, [frame.bands(chart), frame.grid(chart), *drawn, frame.hits(len(chart.labels))])


def spark(values: Sequence[float | None], *, width: int = 96, height: int = 24) -> Markup:
    """A line the size of a word. Decoration: the numbers stand beside it."""
    if sum(value is not None for value in values) < 2:
        return Markup('<svg class="spark" viewBox="0 0 {} {}" aria-hidden="true"></svg>').format(width, height)
    low, high = extent(values, from_zero=False)
    x, y = Scale(0, len(values) - 1, 2, width - 3), Scale(low, high, height - 3, 3)
    path = _path(values, x, y)
    last = max(index for index, value in enumerate(values) if value is not None)
    dot = Markup('<circle class="dot" cx="{}" cy="{}" r="2"/>').format(
        place(x(last)), place(y(float(values[last] or 0)))
    )
    return Markup('<svg class="spark" viewBox="0 0 {} {}" aria-hidden="true"><path class="l" d="{}"/>{}</svg>').format(
        width, height, path, dot
    )


def meter(used: float, total: float, *, label: str) -> Markup:
    """How full something is; from 90 % on it is hatched as well as coloured."""
    share = min(max(used / total, 0.0), 1.0) if total else 1.0
    state = "full" if share >= 1 else "near" if share >= 0.9 else "ok"
    return Markup(
        '<svg class="meter {}" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="t" width="100" height="6"/><rect class="v" width="{}" height="6"/></svg>'
    ).format(state, label, place(share * 100))


def share(value: float, most: float) -> Markup:
    """How much something is of the largest beside it. Decoration: the number stands beside it."""
    wide = place(max(value / most, 0.0) * 100 if most else 0)
    return Markup(
        '<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="v" width="{}" height="6"/></svg>'
    ).format(wide)


def heat(title: str, rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float | None]]) -> Markup:
    """A grid of squares in five shades; what is not known is hatched."""
    known = [value for row in values for value in row if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    left, top, wide, tall = 40, 16, 24, 20
    width, height = left + wide * len(columns), top + tall * len(rows)
    parts = []
    for number, name in enumerate(columns):
        if number % 3 == 0:
            at = place(left + wide * number + wide / 2)
            parts.append(Markup('<text class="a" x="{}" y="11" text-anchor="middle">{}</text>').format(at, name))
    for number, (name, row) in enumerate(zip(rows, values, strict=True)):
        y = top + tall * number
        parts.append(Markup('<text class="a" x="{}" y="{}" text-anchor="end">{}</text>').format(left - 6, y + 14, name))
        for column, value in enumerate(row):
            shade = "gap" if value is None else f"h{min(int((value - low) / ((high - low) or 1) * 5), 4)}"
            told = "not known" if value is None else words.number(value)
            parts.append(
                Markup(
                    '<rect class="{}" fill="url(#gaps)" x="{}" y="{}" width="{}" height="{}" rx="3">'
                    "<title>{} {}: {}</title></rect>"
                ).format(shade, left + wide * column + 1, y + 1, wide - 2, tall - 2, name, columns[column], told)
            )
    return Markup('<svg class="chart heat" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        width, height, title, Markup("").join(parts)
    )


@dataclass(frozen=True)
class _Frame:
    x: Scale
    y: Scale
    marks: Sequence[float]
    width: int
    height: int
    step: float

    @classmethod
    def of(cls, chart: Chart, width: int, height: int, *, is_banded: bool = False) -> _Frame:
        low, high = extent([value for one in chart.series for value in one.values], from_zero=chart.from_zero)
        marks = ticks(low, high)
        count = max(len(chart.labels), 1)
        room = width - _LEFT - _RIGHT
        step = room / count if is_banded else room / max(count - 1, 1)
        edge = step / 2 if is_banded else 0
        x = Scale(0, max(count - 1, 1), _LEFT + edge, width - _RIGHT - edge)
        return cls(x, Scale(marks[0], marks[-1], height - _BOTTOM, _TOP), marks, width, height, step)

    def grid(self, chart: Chart) -> Markup:
        parts = []
        for value in self.marks:
            y = place(self.y(value))
            parts.append(Markup('<path class="g" d="M{} {}H{}"/>').format(_LEFT, y, self.width - _RIGHT))
            parts.append(
                Markup('<text class="a" x="{}" y="{}" text-anchor="end">{}</text>').format(
                    _LEFT - 8, place(self.y(value) + 5), words.compact(value)
                )
            )
        count = len(chart.labels)
        every = max(count // 6, 1)
        for index in range(0, count, every):
            if index + every > count and count - index < every * 0.6 and index:
                continue
            parts.append(
                Markup('<text class="a" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                    place(min(max(self.x(index), _LEFT + 20), self.width - 34)), self.height - 8, chart.labels[index]
                )
            )
        return Markup("").join(parts)

    def bands(self, chart: Chart) -> Markup:
        """Where something is lacking, over the whole height."""
        parts = [
            Markup(
                '<rect class="gap" fill="url(#gaps)" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
            ).format(
                place(max(self.x(index) - self.step / 2, _LEFT)),
                _TOP,
                place(self._wide(index)),
                self.height - _TOP - _BOTTOM,
                f"{chart.labels[index]}: {why}",
            )
            for index, why in sorted(chart.gaps.items())
            if 0 <= index < len(chart.labels)
        ]
        return Markup("").join(parts)

    def _wide(self, index: int) -> float:
        begins, ends = self.x(index) - self.step / 2, self.x(index) + self.step / 2
        return max(min(ends, self.width - _RIGHT) - max(begins, _LEFT), 1.0)

    def hits(self, count: int) -> Markup:
        """One stripe for each label: the script asks which one the pointer is over."""
        where = Markup('x="{}" y="{}" width="{}" height="{}"').format(
            _LEFT, _TOP, self.width - _LEFT - _RIGHT, self.height - _TOP - _BOTTOM
        )
        return Markup('<rect class="hit" {} data-count="{}" data-first="{}" data-last="{}"/>').format(
            where, count, place(self.x(0)), place(self.x(max(count - 1, 0)))
        )


def _line(one: Series, frame: _Frame, number: int, *, filled: bool) -> Markup:
    parts = []
    for run in runs(one.values):
        points = [(frame.x(index), frame.y(float(one.values[index] or 0))) for index in run]
        path = "M" + "L".join(f"{place(x)} {place(y)}" for x, y in points)
        if filled and len(points) > 1:
            base = place(frame.y(frame.marks[0]))
            area = f"{path}L{place(points[-1][0])} {base}L{place(points[0][0])} {base}Z"
            parts.append(Markup('<path class="area s{}" d="{}"/>').format(number, area))
        if len(points) == 1:
            x, y = points[0]
            parts.append(Markup('<circle class="dot s{}" cx="{}" cy="{}" r="2.5"/>').format(number, place(x), place(y)))
        else:
            parts.append(Markup('<path class="l s{}" d="{}"/>').format(number, path))
    return Markup("").join(parts)


def _path(values: Sequence[float | None], x: Scale, y: Scale) -> str:
    told = []
    for run in runs(values):
        told.append("M" + "L".join(f"{place(x(index))} {place(y(float(values[index] or 0)))}" for index in run))
    return "".join(told)


def _svg(chart: Chart, width: int, height: int, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        width, height, f"{chart.title}. {chart.note}".strip(), Markup("").join(parts)
    )
