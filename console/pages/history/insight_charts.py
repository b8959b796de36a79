"""What Insights draws of one account's span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from console.pages.charts import drawing
from console.pages.charts.drawing import Chart, Series
from console.pages.excerpts import excerpt
from console.pages.history.insight_tables import WEEKDAYS
from operations.history.overview import DayValues, Overview, quoted

_DAILY_SQL = "SELECT day, {}\n  FROM {}\n WHERE account = {} AND day >= '{}' AND day < '{}'\n ORDER BY day"
_MOST_DAYS_BY_KIND = 200
"""Four lines and their numbers; of more days they would weigh more than all the rest of the page."""


@dataclass(frozen=True)
class Drawn:
    """A chart, and `narrow` for a phone, with what asks for its numbers: `view` as CSV, `sql` for readers."""

    made: Chart
    drawn: Markup
    narrow: Markup
    sql: str
    view: str


@dataclass(frozen=True)
class Charts:
    """`compared`: the span before is drawn behind. `leads`: where each day of the main drawing leads."""

    found: Overview
    compared: bool = True
    leads: Sequence[str] = ()

    def main(self, metric: str, name: str) -> Drawn:
        """The number that was chosen, day by day, wide."""
        series = [Series(name, [day.values[metric] for day in self.found.days])]
        if self.compared:
            series.append(Series("The span before", [day.values[metric] for day in self.found.before], is_before=True))
        gaps = self._gaps([metric])
        on = next((at for at, day in enumerate(self.found.days) if day.day == self.found.only.day), None)
        made = Chart(name, self._labels(), series, gaps, self._partly(gaps), unit="Day", links=self.leads, chosen=on)
        return Drawn(
            made,
            drawing.line(made, width=1120, height=260),
            drawing.narrow(made),
            self._sql("account_daily", [metric]),
            "account_daily",
        )

    def others(self) -> list[Drawn]:
        """Followers, and what people did."""
        known = [day.followers for day in self.found.days]
        gaps = {number: "not read" for number, value in enumerate(known) if value is None}
        followers = Chart("Followers", self._labels(), [Series("Followers", known)], gaps, from_zero=False, unit="Day")
        names = ("likes", "saves", "comments", "shares")
        series = [Series(name.capitalize(), [day.values[name] for day in self.found.days]) for name in names]
        lacking = self._gaps(names)
        if len(self.found.days) > _MOST_DAYS_BY_KIND:
            said = f"Drawn for up to {_MOST_DAYS_BY_KIND} days: choose fewer, or take the numbers of all as CSV."
            done = Chart("Interactions by kind", [], [], left_out=said)
        else:
            done = Chart("Interactions by kind", self._labels(), series, lacking, self._partly(lacking), unit="Day")
        return [
            Drawn(
                followers,
                drawing.line(followers),
                drawing.narrow(followers),
                self._sql("follower_growth", ("followers", "change")),
                "follower_growth",
            ),
            Drawn(done, drawing.line(done), drawing.narrow(done), self._sql("account_daily", names), "account_daily"),
        ]

    def heat(self) -> dict[str, object] | None:
        """Followers online by weekday and hour."""
        if not self.found.hours:
            return None
        values = [[self.found.hours.get((day, hour)) for hour in range(24)] for day in range(1, 8)]
        title, hours = "Followers online by weekday and hour", [f"{hour:02}" for hour in range(24)]
        return {
            "drawn": drawing.heat(title, WEEKDAYS, hours, values),
            "rows": list(zip(WEEKDAYS, values, strict=True)),
        }

    def _labels(self) -> list[str]:
        return [f"{day.day:%-d %b}" for day in self.found.days]

    def _gaps(self, names: Sequence[str]) -> dict[int, str]:
        return {
            number: excerpt(day.why, 120) or day.state or "not read"
            for number, day in enumerate(self.found.days)
            if all(day.values[name] is None for name in names)
        }

    def _partly(self, gaps: Mapping[int, str]) -> dict[int, str]:
        partial = [(number, day) for number, day in enumerate(self.found.days) if day.state == "partial"]
        return {number: _partly(day) for number, day in partial if number not in gaps}

    def _sql(self, view: str, names: Sequence[str]) -> str:
        found = self.found
        return _DAILY_SQL.format(", ".join(names), found.view(view), quoted(found.account), found.since, found.until)


def _partly(day: DayValues) -> str:
    return f"read in part: {excerpt(day.why, 100)}" if day.why else "read in part"
