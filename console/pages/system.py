"""`/system`: queues, lateness, processes, gates, harvests, what must hold, settings, who did what."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from console.pages import words
from console.pages.charts.drawing import Chart, Series
from console.pages.house import House, Visit
from console.pages.saying import Said
from operations import harvests, running, system
from operations.running import BOUNDS_MS, Lateness

TABS = ("now", "harvests", "checks", "settings", "people")
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
    return _tab(visit, "now", "system.html", found=found, chart_=_histogram(found.lateness), sql=_SQL)


def _histogram(found: Lateness) -> Chart:
    labels = [words.late(bound) if bound else "0 ms" for bound in BOUNDS_MS]
    return Chart("Lateness of the last 30 days", labels, [Series("Posts", list(found.bars))], unit="Later by, at least")


def read(visit: Visit) -> Response:
    """Where each harvest stands."""
    shown = harvests.list_harvests(visit.ctx, visit.asker)
    return _tab(visit, "harvests", "system_harvests.html", harvests=shown)


def checks(visit: Visit) -> Response:
    """What must hold; the whole history only when asked for, since it takes longer each year."""
    findings = system.examine(visit.ctx, visit.asker, full=visit.asked("full") == "1")
    order = {"fail": 0, "note": 1, "ok": 2}
    findings = sorted(findings, key=lambda one: order.get(one.result.value, 3))
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
