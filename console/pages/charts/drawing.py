"""Lines, bars, sparklines, heat maps. What is not known is drawn as a hatched band, never as a zero.

Every drawing takes its colours from classes, so that it follows the theme, and is described by the page's own table of
its numbers; the script that shows a value under the pointer reads that table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from markupsafe import Markup

from console.pages import words
from console.pages.charts.markers import marks
from console.pages.charts.scale import Scale, extent, place, runs, ticks

WIDTH, HEIGHT = 560, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 10, 12, 32
_PARTLY = 8
_LONG = 120
_SPARKS = 24
_MOST_BANDS = 40
"""Hatched bands that say by themselves what is lacking; more are drawn as one."""


@dataclass(frozen=True)
class Series:
    """`values`: one for each label; None where nothing is known. `is_before`: of a span that is over, drawn behind."""

    name: str
    values: Sequence[float | None]
    is_before: bool = False


@dataclass(frozen=True)
class Chart:
    """`gaps`: by index, what is lacking there; `partly`: what of it was read in part. `labels`: one for each value."""

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    gaps: dict[int, str] = field(default_factory=dict)
    partly: dict[int, str] = field(default_factory=dict)
    from_zero: bool = True
    unit: str = ""
    note: str = ""
    left_out: str = ""
    """Why it is not drawn, though there is something to draw."""
    partly_as: str = "read in part"
    is_of_several: bool = False
    """Its lines are of equal rank: none is filled, each has a shape of its own."""
    links: Sequence[str] = ()
    """Where each label leads; none: nowhere."""
    chosen: int | None = None

    @property
    def is_empty(self) -> bool:
        return all(value is None for one in self.series if not one.is_before for value in one.values)

    @property
    def is_long(self) -> bool:
        """A phone has not one dot for each value, and nobody sees a tenth of one."""
        return len(self.labels) > _LONG

    def known(self, index: int) -> str:
        """What is lacking of a value; empty where all of it was read."""
        return self.gaps.get(index) or self.partly.get(index, "")


def line(chart: Chart, *, width: int = WIDTH, height: int = HEIGHT, filled: bool = True) -> Markup:
    """One or several lines; the first is filled below, unless they are of several."""
    filled = filled and not chart.is_of_several
    frame = _Frame.of(chart, width, height)
    parts = [frame.bands(chart), frame.grid(chart)]
    drawn = [
        _line(one, frame, "past" if one.is_before else str(place_), filled=filled and place_ == 0)
        for place_, one in enumerate(chart.series)
    ]
    parts += reversed(drawn)
    if chart.is_of_several:
        parts += [marks(one.values, number, frame.x, frame.y) for number, one in enumerate(chart.series)]
    if chart.chosen is not None:
        at = place(frame.x(chart.chosen))
        parts.append(Markup('<path class="on" d="M{} {}V{}"/>').format(at, _TOP, height - _BOTTOM))
    parts.append(frame.hits(len(chart.labels)))
    return _svg(chart, width, height, parts)


def narrow(chart: Chart) -> Markup:
    """The same lines for a phone; a long chart is moved sideways there instead."""
    return Markup("") if chart.is_long else line(chart, width=380, height=210)


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
    """A line the size of a word. Decoration: the numbers stand beside it. No more points than one can tell apart."""
    if len(values) > _SPARKS:
        values = [*values[:-1][:: -(-len(values) // _SPARKS)], values[-1]]
    if sum(value is not None for value in values) < 2:
        return Markup('<svg class="spark" viewBox="0 0 {} {}" aria-hidden="true"></svg>').format(width, height)
    low, high = extent(values, from_zero=False)
    x, y = Scale(0, len(values) - 1, 2, width - 3), Scale(low, high, height - 3, 3)
    path = "".join(_path([(x(at), y(float(values[at] or 0))) for at in run]) for run in runs(values))
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
        values = [value for one in chart.series for value in one.values]
        low, high = extent(values, from_zero=chart.from_zero)
        marks = ticks(low, high, whole=all(value is None or value == int(value) for value in values))
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
                    _LEFT - 8, place(self.y(value) + 5), words.compact(value, among=max(map(abs, self.marks)))
                )
            )
        count = len(chart.labels)
        every = max(count // (6 if self.width > 500 else 3), 1)
        for index in range(0, count, every):
            if index + every > count and count - index < every * 0.6 and index:
                continue
            anchor = "end" if self.x(index) > self.width - 34 else "start" if self.x(index) < _LEFT + 8 else "middle"
            parts.append(
                Markup('<text class="a" x="{}" y="{}" text-anchor="{}">{}</text>').format(
                    place(self.x(index)), self.height - 8, anchor, chart.labels[index]
                )
            )
        return Markup("").join(parts)

    def bands(self, chart: Chart) -> Markup:
        """Where something is lacking, over the whole height; where it was read in part, along the bottom."""
        low = self.height - _BOTTOM - _PARTLY
        told = {index: (_TOP, why) for index, why in chart.gaps.items()}
        told = {index: (low, why) for index, why in chart.partly.items()} | told
        bands: list[tuple[int, int]] = []
        for index in sorted(one for one in told if 0 <= one < len(chart.labels)):
            if bands and bands[-1][1] == index - 1 and told[bands[-1][0]] == told[index]:
                bands[-1] = bands[-1][0], index
            else:
                bands.append((index, index))
        if len(bands) > _MOST_BANDS:  # the table says of each what is lacking
            path = "".join(self._hatched(first, last, told[first][0]) for first, last in bands)
            return Markup('<path class="gap" fill="url(#gaps)" d="{}"/>').format(path)
        return Markup("").join(
            Markup('<path class="gap" fill="url(#gaps)" d="{}"><title>{}</title></path>').format(
                self._hatched(first, last, told[first][0]),
                f"{' – '.join(dict.fromkeys((chart.labels[first], chart.labels[last])))}: {told[first][1]}",
            )
            for first, last in bands
        )

    def _hatched(self, first: int, last: int, top: int) -> str:
        begins = max(self.x(first) - self.step / 2, _LEFT)
        wide = max(min(self.x(last) + self.step / 2, self.width - _RIGHT) - begins, 1.0)
        return f"M{place(begins)} {top}h{place(wide)}V{self.height - _BOTTOM}H{place(begins)}z"

    def hits(self, count: int) -> Markup:
        """One stripe for each label: the script asks which one the pointer is over."""
        where = Markup('x="{}" y="{}" width="{}" height="{}"').format(
            _LEFT, _TOP, self.width - _LEFT - _RIGHT, self.height - _TOP - _BOTTOM
        )
        return Markup('<rect class="hit" {} data-count="{}" data-first="{}" data-last="{}"/>').format(
            where, count, place(self.x(0)), place(self.x(max(count - 1, 0)))
        )


def _line(one: Series, frame: _Frame, name: str, *, filled: bool) -> Markup:
    parts = []
    for run in runs(one.values):
        points = [(frame.x(index), frame.y(float(one.values[index] or 0))) for index in run]
        path = _path(points, 1 if len(one.values) > _LONG else 10)
        if filled and len(points) > 1:
            base = place(frame.y(frame.marks[0]))
            area = f"{path}L{place(points[-1][0])} {base}L{place(points[0][0])} {base}Z"
            parts.append(Markup('<path class="area s{}" d="{}"/>').format(name, area))
        if len(points) == 1:
            x, y = points[0]
            parts.append(Markup('<circle class="dot s{}" cx="{}" cy="{}" r="2.5"/>').format(name, place(x), place(y)))
        else:
            parts.append(Markup('<path class="l s{}" d="{}"/>').format(name, path))
    return Markup("").join(parts)


def _path(points: Sequence[tuple[float, float]], parts: int = 10) -> str:
    """By steps, which are shorter to write than places; of places that were rounded, so that nothing drifts."""
    those = [(round(x * parts), round(y * parts)) for x, y in points]
    steps = " ".join(
        f"{place((right - left) / parts)} {place((low - high) / parts)}"
        for (left, high), (right, low) in pairwise(those)
    )
    begin = f"M{place(those[0][0] / parts)} {place(those[0][1] / parts)}"
    return f"{begin}l{steps}" if steps else begin


def _svg(chart: Chart, width: int, height: int, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        width, height, f"{chart.title}. {chart.note}".strip(), Markup("").join(parts)
    )
