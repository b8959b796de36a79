"""Figures of contestants: each taken several times, in turns, with what the host took away meanwhile beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from benchmarks.support.rig import cpu_times, steal_percent


@dataclass
class Figure:
    """One contestant's figure: a value of each round."""

    name: str
    unit: str
    values: list[float] = field(default_factory=list)
    steal_percent: list[float] = field(default_factory=list)

    def take(self, measure: Callable[[], float]) -> float:
        """Measure once more; the value."""
        before = cpu_times()
        value = measure()
        self.add(value, steal_percent(before, cpu_times()))
        return value

    def add(self, value: float, steal: float) -> None:
        self.values.append(value)
        self.steal_percent.append(steal)

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def said(self) -> str:
        if not self.values:
            return f"{self.name}: none"
        number = f"{self.median:,.0f}" if self.median >= 100 else f"{self.median:.3g}"
        return f"{self.name} {number} {self.unit} (steal {max(self.steal_percent):g} %)"


@dataclass(frozen=True)
class Row:
    """One line of the table. `value` is held to the goal; `met` is None where there is no goal, or no figure."""

    what: str
    figures: tuple[Figure, ...]
    goal: str
    value: float | None = None
    met: bool | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.met is None:
            return "no goal" if self.value is not None and not self.goal else "not measured"
        return "met" if self.met else "MISSED"

    def line(self) -> str:
        beside = " · ".join(figure.said for figure in self.figures)
        value = "–" if self.value is None else f"{self.value:.3g}"
        note = f" {self.note}" if self.note else ""
        return f"| {self.what} | {beside}{note} | {value} | {self.goal or '–'} | {self.verdict} |"

    def told(self) -> dict[str, Any]:
        """The row as JSON takes it, with each median."""
        figures = [asdict(one) | {"median": one.median if one.values else None} for one in self.figures]
        return asdict(self) | {"figures": figures, "verdict": self.verdict}


HEADER = "| what | medians | value | goal | |\n|---|---|---|---|---|"


def at_least(what: str, value: float, least: float, goal: str, *figures: Figure, note: str = "") -> Row:
    return Row(what, figures, goal, value, value >= least, note)


def at_most(what: str, value: float, most: float, goal: str, *figures: Figure, note: str = "") -> Row:
    return Row(what, figures, goal, value, value <= most, note)


def lacking(what: str, goal: str, why: str) -> Row:
    """A row that could not be measured here is in the table all the same, and says why."""
    return Row(what, (), goal, note=why)


def timed(action: Callable[[], object]) -> float:
    """Seconds that it took."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
