"""`/insights`: one account's numbers over a span, drawn with what is not known; each with its table, CSV and SQL."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import IO

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from console.pages import words
from console.pages.accounts_of import hues_of
from console.pages.charts import drawing
from console.pages.charts.drawing import Chart, Series
from console.pages.house import House, Visit
from operations import accounts, coverage, exports, overview
from operations.exports import Wish
from operations.overview import DayValues, Overview
from pressrun import clock

_PIECE = 256 * 1024
SPANS = (("7", "7 days"), ("28", "28 days"), ("90", "90 days"))
_DAILY_SQL = "SELECT day, {}\n  FROM account_daily\n WHERE account = '{}' AND day >= '{}' AND day < '{}'\n ORDER BY day"
_GROWTH_SQL = (
    "SELECT day, followers, change\n  FROM follower_growth\n WHERE account = '{}' AND day >= '{}' AND day < '{}'"
    "\n ORDER BY day"
)
FIGURES = (
    ("reach", "Reach, median day"),
    ("views", "Views"),
    ("total_interactions", "Interactions"),
    ("follower_count", "New followers"),
)


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/insights", show)
    house.page(made, "/insights/export", export)
    return made


def show(visit: Visit) -> Response:
    names = [one.name for one in accounts.names(visit.ctx, visit.asker)]
    chosen = visit.asked("account") or (names[0] if names else None)
    if chosen is None:
        return visit.render("insights_empty.html", here="insights")
    since, until = _span(visit)
    found = overview.show(
        visit.ctx, visit.asker, chosen, since=since, until=until, sort=visit.asked("sort") or "posted_at"
    )
    lacks = coverage.show(visit.ctx, visit.asker, chosen, since=found.since, until=found.until)
    return visit.render(
        "insights.html",
        here="insights",
        found=found,
        figures=[_figure(found, name, label) for name, label in FIGURES],
        charts=_charts(found),
        heat=_heat(found),
        groups=_groups(found),
        lacks=lacks,
        is_known=any(day.state for day in found.days),
        names=names,
        hues=hues_of(names),
        chosen=chosen,
        spans=SPANS,
        zone=found.timezone,
        sorts=overview.SORTS,
        sort=visit.asked("sort") or "posted_at",
        span_query=f"account={chosen}&since={found.since}&until={found.until}",
    )


def export(visit: Visit) -> Response:
    """The rows of a view as CSV; what the command line writes, by the same operation."""
    wish = Wish.parse(
        visit.asked("view") or "",
        since=visit.asked("since"),
        until=visit.asked("until"),
        as_of=visit.asked("as_of"),
        now=clock.now(),
    )
    body = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115 - closed once it was sent
    exports.export(visit.ctx, visit.asker, wish, body, visit.asked("account"))
    body.seek(0)
    name = f"{wish.view}-{clock.now():%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(_pieces(body), media_type="text/csv; charset=utf-8", headers=headers)


def _pieces(file: IO[str]) -> Iterator[str]:
    """Whatever its size, a piece of it is in memory at a time."""
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _span(visit: Visit) -> tuple[date | None, date | None]:
    since = coverage.parse_day(visit.asked("since"), field="since")
    until = coverage.parse_day(visit.asked("until"), field="until")
    days = visit.whole("days", 0)
    if since is None and 0 < days <= overview.MOST_DAYS:
        end = until or clock.now().date()
        since = end - timedelta(days=days)
        until = until or end
    return since, until


def _figure(found: Overview, name: str, label: str) -> dict[str, object]:
    """One number of the span and of the one before. People are never added up: of them, the median day is told."""
    read = partial(_of, name=name)
    gather: Callable[[Sequence[float]], float] = _median if name == "reach" else sum
    now, before = ([value for day in days if (value := read(day)) is not None] for days in (found.days, found.before))
    lacking = sum(read(day) is None for day in found.days)
    value = gather(now) if now else None
    earlier = gather(before) if len(before) == len(found.before) and before else None
    return {"label": label, "value": value, "change": words.change(value, earlier), "lacking": lacking}


def _of(day: DayValues, name: str) -> float | None:
    return day.values[name]


def _median(values: Sequence[float]) -> float:
    ranked = sorted(values)
    middle = len(ranked) // 2
    return ranked[middle] if len(ranked) % 2 else (ranked[middle - 1] + ranked[middle]) / 2


def _charts(found: Overview) -> list[dict[str, object]]:
    labels = [f"{day.day:%-d %b}" for day in found.days]

    def sql(columns: str) -> str:
        return _DAILY_SQL.format(columns, found.account.replace("'", "''"), found.since, found.until)

    def daily(title: str, names: Sequence[tuple[str, str]]) -> dict[str, object]:
        series = [Series(label, [day.values[name] for day in found.days]) for name, label in names]
        gaps = {
            number: day.why or day.state or "not read"
            for number, day in enumerate(found.days)
            if all(day.values[name] is None for name, _ in names)
        }
        made = Chart(title, labels, series, gaps, unit="Day")
        columns = ", ".join(name for name, _ in names)
        return {"made": made, "drawn": drawing.line(made), "sql": sql(columns), "view": "account_daily"}

    followers = Chart(
        "Followers",
        labels,
        [Series("Followers", [day.followers for day in found.days])],
        {number: "not read" for number, day in enumerate(found.days) if day.followers is None},
        from_zero=False,
        unit="Day",
    )
    growth = _GROWTH_SQL.format(found.account.replace("'", "''"), found.since, found.until)
    return [
        daily("Reach and views", [("reach", "Reach"), ("views", "Views")]),
        {"made": followers, "drawn": drawing.line(followers), "sql": growth, "view": "follower_growth"},
        daily("Interactions", [("likes", "Likes"), ("saves", "Saves"), ("comments", "Comments")]),
    ]


def _heat(found: Overview) -> object | None:
    if not found.hours:
        return None
    rows = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    values = [[found.hours.get((day, hour)) for hour in range(24)] for day in range(1, 8)]
    return {
        "drawn": drawing.heat("Followers online by weekday and hour", rows, [f"{h:02}" for h in range(24)], values),
        "rows": list(zip(rows, values, strict=True)),
    }


def _groups(found: Overview) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for breakdown in ("age", "gender", "country", "city"):
        those = [one for one in found.groups if one.breakdown == breakdown][:8]
        if those:
            most = max(one.people for one in those)
            made.append({"name": breakdown, "groups": those, "most": most, "at": those[0].captured_at})
    return made
