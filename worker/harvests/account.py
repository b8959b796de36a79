"""Insights of the account, day by day: today so far and the last closed days, which Instagram restates for 48 hours.

A day is Instagram's: it ends at midnight on the Pacific coast, and that instant is the `period_end` of every value, be
it from a series or a total. Reach counts people, so the days of one call are never added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from graph import metrics as catalogue
from graph.insights import Insight
from models.insight import Observation, store_observations
from models.keeping import ACCOUNT_KEPT, KEPT_SHORT, SHORT_KEPT
from pressrun import clock
from pressrun.pacific import Day, days, first_whole_day
from worker.harvests.harvester import Harvester, Store
from worker.harvests.parse import observations, parts_only
from worker.harvests.refusals import is_refusal, is_vague_refusal

CLOSED_DAYS = 3
"""Two full days may still be restated when a third has just closed."""

_DAILY = tuple(metric for metric in catalogue.ACCOUNT.values() if "day" in metric.periods)
_TOTALS = tuple(metric.name for metric in _DAILY if "total_value" in metric.metric_types)
_SERIES = tuple(metric for metric in _DAILY if "total_value" not in metric.metric_types or len(metric.metric_types) > 1)
_LONGER = tuple(
    (metric, period)
    for metric in catalogue.ACCOUNT.values()
    for period in metric.periods
    if period in {"week", "days_28"}
)
"""What Instagram also counts over the last 7 and 28 days, ending with each day: people, so days do not add up to it."""
_PLAIN_BREAKDOWNS = tuple(
    dict.fromkeys(name for metric in _DAILY for name in metric.breakdowns if name not in catalogue.FOLLOW)
)


def read(harvester: Harvester) -> Iterator[Store]:
    window = days(clock.now(), closed=CLOSED_DAYS)
    by_day = series(harvester, window)
    for day in window:
        # Totals come last, and the last value of a point counts: where both tell the whole of one day, the history
        # must not go to and fro between two roundings of it.
        points = points_of(day, by_day) + totals(harvester, day)
        yield store_points(harvester, points)


def points_of(day: Day, points: Sequence[Observation]) -> list[Observation]:
    return [point for point in points if day.since < point.period_end <= day.until]


def store_points(harvester: Harvester, points: Sequence[Observation]) -> Store:
    read_at = clock.now()

    def store(tx: Session, run_id: int) -> int:
        return store_observations(tx, harvester.account.id, points, captured_at=read_at, run_id=run_id)

    return store


def series(harvester: Harvester, window: Sequence[Day]) -> list[Observation]:
    """Metrics that Instagram gives day by day in one answer. The window is 30 days at most."""
    until = window[-1].until
    points: list[Observation] = []
    for metric, period in (*((metric, "day") for metric in _SERIES), *_LONGER):
        since = max(window[0].since, _first_day(metric.name))
        if since >= until:
            continue
        ask = partial(
            harvester.client.insights.account,
            period=period,
            metric_type="time_series" if "time_series" in metric.metric_types else None,
            since=since,
            until=min(until, clock.now()),
        )
        sift = partial(harvester.sift, [metric.name], ask, part="series:" if period == "day" else f"{period}:")
        for answer in harvester.ask_apart(f"{metric.name} by {period}", sift) or ():
            points += observations(answer, period_end=until)
    return points


def _first_day(metric: str) -> datetime:
    """The beginning of the first day that Instagram still tells this metric of."""
    kept = SHORT_KEPT if metric in KEPT_SHORT else ACCOUNT_KEPT
    return first_whole_day(clock.now() - kept)


def totals(harvester: Harvester, day: Day) -> list[Observation]:
    """Every metric of one day as a whole, then by each dimension it can be broken down by."""
    points = _ask_totals(harvester, day, _TOTALS, None)
    for dimension in _PLAIN_BREAKDOWNS:
        metrics = [metric.name for metric in _DAILY if dimension in metric.breakdowns]
        points += parts_only(_ask_totals(harvester, day, metrics, dimension))
    # Two spellings of one dimension, of which Instagram knows one: the other is refused once and then remembered.
    left = [metric.name for metric in _DAILY if set(catalogue.FOLLOW) <= set(metric.breakdowns)]
    for number, spelling in enumerate(catalogue.FOLLOW, 1):
        has_other_way = number < len(catalogue.FOLLOW)
        points += parts_only(_ask_totals(harvester, day, left, spelling, has_other_way=has_other_way))
        left = [name for name in left if harvester.memory.holds(_part(spelling) + name)]
    return points


def _ask_totals(
    harvester: Harvester, day: Day, metrics: Sequence[str], dimension: str | None, *, has_other_way: bool = False
) -> list[Observation]:
    def ask(group: Sequence[str]) -> tuple[Insight, ...]:
        return harvester.client.insights.account(
            group,
            period="day",
            metric_type="total_value",
            breakdown=dimension,
            since=day.since,
            until=min(day.until, clock.now()),
        )

    refuses = is_vague_refusal if dimension else is_refusal
    what = f"totals of {day.until.date()}" + (f" by {dimension}" if dimension else "")
    sift = partial(harvester.sift, metrics, ask, part=_part(dimension), refuses=refuses, has_other_way=has_other_way)
    answers = harvester.ask_apart(what, sift)
    return [point for answer in answers or () for point in observations(answer, period_end=day.until)]


def _part(dimension: str | None) -> str:
    """What a refused metric is remembered under: refused by one dimension, it may be given without."""
    return f"{dimension}:" if dimension else ""
