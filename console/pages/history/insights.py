"""`/insights`: one account's numbers over a span, drawn with what is not known; each with its table, CSV and SQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from typing import IO, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from console.pages import words
from console.pages.accounts_of import hues_of
from console.pages.history import audience, insight_charts, insight_wishes, side_by_side
from console.pages.history.insight_tables import TABLES, VIEWS, asked
from console.pages.history.insight_wishes import FIGURES, NAMES, SPANS, chosen_accounts, span
from console.pages.history.insight_wishes import metric as wanted_metric
from console.pages.house import House, Visit
from console.pages.saying import Said
from operations.accounts import accounts
from operations.history import coverage, exports, overview, watches
from operations.history.exports import Wish
from operations.history.overview import Figure, Overview
from operations.history.watches import Target
from pressrun import clock
from pressrun.errors import Unknown

_PIECE = 256 * 1024
_LONG_DAYS = 120


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/insights", show)
    house.page(made, "/insights/export", export)
    house.page(made, "/insights/table", table)
    house.action(made, "/insights/watch", watch)
    house.action(made, "/insights/unwatch", unwatch)
    return made


def show(visit: Visit) -> Response:
    names = [one.name for one in accounts.names(visit.ctx, visit.asker)]
    several = chosen_accounts(visit) or names[:1]
    if not several:
        return visit.render("insights_empty.html", here="insights")
    if len(several) > 1:
        return side_by_side.show(visit, several, names)
    [chosen] = several
    found = _found(visit, chosen)
    lacks = coverage.show(visit.ctx, visit.asker, chosen, since=found.since, until=found.until)
    metric = wanted_metric(visit)
    known = found.figures
    charts = insight_charts.Charts(found, visit.asked("compare") != "none", insight_wishes.days_lead(visit, found))
    return visit.render(
        "insights.html",
        here="insights",
        found=found,
        figures=[_figure(name, label, known[name]) for name, label in FIGURES.items()],
        metric=metric,
        main=charts.main(metric, NAMES.get(metric) or FIGURES[metric]),
        charts=charts.others(),
        heat=charts.heat(),
        groups=audience.breakdowns(found.groups),
        tables=found.sql,
        views={name: asked(name, found) for name in VIEWS},
        lacks=lacks,
        is_known=any(day.state for day in found.days),
        names=names,
        hues=hues_of(names),
        chosen=chosen,
        spans=SPANS,
        zone=found.timezone,
        most_posts=60 if len(found.days) <= _LONG_DAYS else 30,
        sorts=overview.SORTS,
        sort=visit.asked("sort") or "posted_at",
        before=(found.since - (found.until - found.since), found.since - timedelta(days=1)),
        **_queries(visit, found),
        **insight_wishes.narrowing(visit, found),
    )


def _found(visit: Visit, account: str) -> Overview:
    return overview.show(
        visit.ctx,
        visit.asker,
        account,
        **span(visit),
        sort=visit.asked("sort") or "posted_at",
        only=insight_wishes.only(visit),
    )


def _queries(visit: Visit, found: Overview) -> dict[str, Any]:
    return {
        "span_query": _span_query(visit, found),
        "whole_query": _whole_query(found),
        "now_query": _now_query(found),
        "posts_query": _instants_query(found, found.only),
        "stories_query": _instants_query(found, overview.EVERYTHING),
    }


def _span_query(visit: Visit, found: Overview) -> str:
    told = {"account": found.account, "since": found.since, "until": found.until}
    if found.as_of is not None:
        told |= {"as_of": found.as_of.isoformat(), "known": visit.asked("known") or ""}
    return urlencode(told)


def _whole_query(found: Overview) -> str:
    """Of what is as it was read last, and belongs to no day."""
    known = {} if found.as_of is None else {"as_of": found.as_of.isoformat()}
    return urlencode({"account": found.account} | known)


def _instants_query(found: Overview, only: overview.Only) -> str:
    """Of what was posted."""
    since, until = only.bounds(*found.instants)
    if since >= until:  # a day that is not of the span
        since, until = found.instants
    told = {"account": found.account, "since": since.isoformat(), "until": until.isoformat()}
    return urlencode(told | ({} if found.as_of is None else {"as_of": found.as_of.isoformat()}))


def _now_query(found: Overview) -> str:
    """Of what has no past: only of now it is known what is missing."""
    return urlencode({"account": found.account, "since": found.since, "until": found.until})


def table(visit: Visit) -> Response:
    """The numbers behind one drawing as CSV."""
    name = visit.asked("of") or ""
    if name in side_by_side.TABLES:
        return side_by_side.table(visit, name, chosen_accounts(visit))
    if name not in TABLES:
        raise Unknown(f"there is no table {name!r}", type="insight.table", field="of")
    found = _found(visit, visit.asked("account") or "")
    headers = {
        "Content-Disposition": f'attachment; filename="{name}-{clock.now():%Y-%m-%d}.csv"',
        "Cache-Control": "no-store",
    }
    return Response(TABLES[name].csv(found), media_type="text/csv; charset=utf-8", headers=headers)


def watch(visit: Visit) -> Response:
    """A competitor or a hashtag, read along from now on."""
    account, target = visit.given("account"), _target(visit)
    done = watches.watch(visit.ctx, visit.asker, account, target)
    told = f"{done.name} is read along from now on." if done.has_changed else f"{done.name} was read along already."
    return _watched(visit, told, "/insights/unwatch" if done.has_changed else None)


def unwatch(visit: Visit) -> Response:
    done = watches.unwatch(visit.ctx, visit.asker, visit.given("account"), _target(visit))
    return _watched(visit, f"{done.name} is read no more; what was read stays.", "/insights/watch")


def _target(visit: Visit) -> Target:
    name, kind = visit.given("name").strip(), visit.given("kind")
    return Target.of(hashtag=name) if kind == "hashtag" else Target.of(competitor=name)


def _watched(visit: Visit, told: str, undo: str | None) -> Response:
    back = visit.way_back("/insights")
    fields = {name: visit.given(name) for name in ("account", "kind", "name")} | {"back": back}
    return visit.back(back, Said(told, undo=undo, fields=fields))


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


def _figure(name: str, label: str, found: Figure) -> dict[str, object]:
    """One number of the span beside the one before."""
    change = words.change(found.value, found.before)
    return {"name": name, "label": label, "value": found.value, "change": change, "lacking": found.lacking}
