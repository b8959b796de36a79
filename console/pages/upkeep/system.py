"""`/system`: queues, lateness, processes, gates, harvests, what must hold, settings, who did what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Response

from console.pages import words
from console.pages.accounts_of import hues_of
from console.pages.charts.drawing import Chart, Series
from console.pages.house import House, Visit
from console.pages.saying import Said
from operations.accounts import accounts
from operations.history import coverage, harvests
from operations.history.coverage import CoveredDay
from operations.upkeep import running, system
from operations.upkeep.running import BOUNDS_MS, Lateness

TABS = ("now", "harvests", "checks", "settings", "people", "audit")
_ACCOUNTS_AT_ONCE = 10
_SQL = """SELECT count(*), percentile_cont(0.95) WITHIN GROUP (ORDER BY sent_at - publish_at)
  FROM posts
 WHERE published_at > now() - interval '30 days'"""


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/system", now)
    house.page(made, "/system/harvests", read)
    house.page(made, "/system/checks", checks)
    house.page(made, "/system/settings", settings)
    house.action(made, "/system/harvest", harvest)
    return made


def now(visit: Visit) -> Response:
    found = running.look(visit.ctx, visit.asker)
    hues = hues_of([one.name for one in accounts.names(visit.ctx, visit.asker)])
    return _tab(
        visit,
        "now",
        "system.html",
        found=found,
        chart_=_histogram(found.lateness),
        sql=_SQL,
        hues=hues,
    )


def _histogram(found: Lateness) -> Chart:
    labels = [words.late(bound).replace(".0 s", " s") if bound else "0 ms" for bound in BOUNDS_MS]
    bars = Series("Posts", list(found.bars) if found.posts else [None] * len(labels))
    note = "" if found.posts else "Nothing went out in these days."
    return Chart("Lateness of the last 30 days", labels, [bars], unit="Later by, at least", note=note)


def read(visit: Visit) -> Response:
    """Where each harvest stands, and what was read of each day; some accounts at a time."""
    known = [one.name for one in accounts.names(visit.ctx, visit.asker)]
    chosen, number = visit.asked("account"), max(visit.whole("page", 1), 1)
    names = [chosen] if chosen else known[(number - 1) * _ACCOUNTS_AT_ONCE : number * _ACCOUNTS_AT_ONCE]
    shown = harvests.list_harvests(visit.ctx, visit.asker, chosen, among=names)
    return _tab(
        visit,
        "harvests",
        "system_harvests.html",
        harvests=shown,
        grid=_grid(coverage.by_day(visit.ctx, visit.asker, names)) if names else None,
        names=known,
        hues=hues_of(known),
        chosen=chosen,
        number=number,
        has_more=not chosen and number * _ACCOUNTS_AT_ONCE < len(known),
    )


@dataclass(frozen=True)
class _Grid:
    """`rows`: account → each of `days`, None where nothing was to be read."""

    days: list[date]
    rows: dict[str, list[CoveredDay | None]]


def _grid(found: list[CoveredDay]) -> _Grid | None:
    if not found:
        return None
    first, last = min(one.day for one in found), max(one.day for one in found)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    cells = {(one.account, one.day): one for one in found}
    names = dict.fromkeys(one.account for one in found)
    return _Grid(days, {name: [cells.get((name, day)) for day in days] for name in names})


def checks(visit: Visit) -> Response:
    """What must hold. It takes its time: a browser is given the page at once, and asks for the findings by itself."""
    if visit.request.headers.get("x-part") is None and visit.asked("now") is None:
        return _tab(visit, "checks", "system_checks.html", findings=None)
    findings = system.examine(visit.ctx, visit.asker, full=visit.asked("full") == "1")
    order = {"fail": 0, "note": 1, "ok": 2}
    findings = sorted(findings, key=lambda one: order.get(one.result.value.lower(), 3))
    return _tab(visit, "checks", "system_checks.html", findings=findings)


def settings(visit: Visit) -> Response:
    return _tab(visit, "settings", "system_settings.html", settings=running.settings(visit.ctx, visit.asker))


def harvest(visit: Visit) -> Response:
    """Run harvests now: they are owed at once, and workers take them up."""
    account, kind = visit.given("account") or None, visit.given("kind") or None
    count = len(harvests.run_harvests(visit.ctx, visit.asker, account=account, kind=kind))
    return visit.back(visit.way_back("/system/harvests"), Said(f"{words.plural(count, 'harvest')} will run now."))


def _tab(visit: Visit, tab: str, template: str, **values: Any) -> Response:
    return visit.render(template, here="system", tab=tab, tabs=TABS, **values)
