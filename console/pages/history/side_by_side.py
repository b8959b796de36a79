"""`/insights?account=…&account=…`: several accounts side by side, a row and a line for each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from fastapi import Response
from markupsafe import Markup

from console.pages import words
from console.pages.charts import drawing
from console.pages.charts.drawing import Chart, Series
from console.pages.history.insight_charts import Drawn
from console.pages.history.insight_wishes import FIGURES, NAMES, SPANS, address, metric, span
from console.pages.house import Visit
from operations.history import side_by_side
from operations.history.overview import Figure
from operations.history.side_by_side import MOST_ACCOUNTS, AccountSpan, Comparison, Lacking
from pressrun import clock

_MOST_VALUES = 800
"""Drawn at most, of all lines of a drawing; of more, their numbers would weigh more than all the rest of the page."""
_MOST_RANGES = 4
_PARTLY = "of which some account lacks something"
TABLES = ("accounts", "accounts_by_day")


def show(visit: Visit, chosen: Sequence[str], names: Sequence[str]) -> Response:
    found = _found(visit, chosen)
    wanted, accounts = metric(visit), [one.account for one in found.accounts]
    bounds = found.bounds
    return visit.render(
        "insights_several.html",
        here="insights",
        found=found,
        bounds=bounds,
        rows=[_row(visit, one, accounts) for one in found.accounts],
        metric=wanted,
        figures=FIGURES,
        charts=[_drawn(visit, found, wanted), _drawn(visit, found, "followers")],
        others=[name for name in names if name not in accounts] if len(accounts) < MOST_ACCOUNTS else [],
        most=MOST_ACCOUNTS,
        spans=SPANS,
        csv=f"/insights/table?of=accounts&{_query(visit, found)}",
        before=(bounds.since_on - (bounds.until_on - bounds.since_on), bounds.since_on),
    )


def table(visit: Visit, name: str, chosen: Sequence[str]) -> Response:
    """The numbers of the table, or of a drawing, as CSV."""
    found = _found(visit, chosen)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(_rows(found) if name == "accounts" else _days(found, visit.asked("metric") or "reach"))
    headers = {
        "Content-Disposition": f'attachment; filename="{name}-{clock.now():%Y-%m-%d}.csv"',
        "Cache-Control": "no-store",
    }
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _found(visit: Visit, chosen: Sequence[str]) -> Comparison:
    return side_by_side.compare(visit.ctx, visit.asker, chosen, **span(visit))


def _rows(found: Comparison) -> Iterator[Sequence[Any]]:
    yield side_by_side.COLUMNS
    for one in found.accounts:
        yield list(one.as_row().values())


def _days(found: Comparison, name: str) -> Iterator[Sequence[Any]]:
    days = found.daily(side_by_side.parse_metric(name) or "reach")
    yield "day", *found.known
    for one in days:
        yield one.day, *one.values.values()


def _query(visit: Visit, found: Comparison) -> str:
    bounds = found.bounds
    told = [("account", name) for name in found.known]
    told += [("since", f"{bounds.since_on}"), ("until", f"{bounds.until_on}")]
    return urlencode([*told, ("known", known)] if (known := visit.asked("known")) else told)


def _drawn(visit: Visit, found: Comparison, name: str) -> Drawn:
    view = f"/insights/table?of=accounts_by_day&metric={name}&{_query(visit, found)}"
    title = "Followers" if name == "followers" else NAMES.get(name) or FIGURES[name]
    days = found.daily(name)
    if len(days) * len(found.known) > _MOST_VALUES:
        most = _MOST_VALUES // len(found.known)
        said = f"Drawn for up to {most} days of {len(found.known)} accounts: choose fewer, or take all as CSV."
        return Drawn(Chart(title, [], [], left_out=said), Markup(""), Markup(""), found.daily_sql(name), view)
    gaps = {number: one.lacking for number, one in enumerate(days) if len(one.unknown) == len(found.known)}
    made = Chart(
        title,
        [f"{one.day:%-d %b}" for one in days],
        [Series(account, [one.values[account] for one in days]) for account in found.known],
        gaps,
        {number: one.lacking for number, one in enumerate(days) if one.lacking and number not in gaps},
        from_zero=name != "followers",
        unit="Day",
        partly_as=_PARTLY,
        is_of_several=True,
    )
    wide = drawing.line(made, width=1120, height=280)
    return Drawn(made, wide, drawing.narrow(made), found.daily_sql(name), view)


def _row(visit: Visit, one: AccountSpan, accounts: Sequence[str]) -> Mapping[str, Any]:
    names = {"reach": "reach, median day", "views": "views", "total_interactions": "interactions"}
    shown = one.lacking[-_MOST_RANGES:]
    return {
        "account": one.account,
        "alone": address(visit, [one.account]),
        "without": address(visit, [name for name in accounts if name != one.account]),
        "followers": one.followers,
        "figures": [*((names[name], _figure(one.figures[name])) for name in names), ("posts", _figure(one.posts))],
        "lacking": [(_range(lack), "in part" if lack.has_numbers else lack.state, lack.why) for lack in shown],
        "left": sum((lack.last - lack.first).days + 1 for lack in one.lacking[:-_MOST_RANGES]),
    }


def _figure(found: Figure) -> Mapping[str, Any]:
    change = words.change(found.value, found.before).replace(" than before", "").replace("as before", "the same")
    return {"value": found.value, "before": found.before, "change": change, "lacking": found.lacking}


def _range(lack: Lacking) -> str:
    if lack.first == lack.last:
        return _on(lack.first)
    is_month = (lack.first.year, lack.first.month) == (lack.last.year, lack.last.month)
    return f"{lack.first:%-d}{'' if is_month else f'{lack.first: %b}'} – {_on(lack.last)}"


def _on(day: date) -> str:
    return f"{day:%-d %b}"
