"""Insights of the account, day by day: today so far, and every closed day that is not read for good yet.

These are the last days, which Instagram restates for 48 hours, and those that nobody read while nothing ran. What is
more than a run should take is left to a backfill. Which days are owed is reckoned by midnights on the Pacific coast; a
day of the account ends where the answer says, and that instant is the `period_end` of every value, be it from a series
or a total (`worker.harvests.answers.days`). Reach counts people, so the days of one call are never added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from graph.accounts import metrics as catalogue
from graph.accounts.insights import Insight
from models.harvests.backfill import heal
from models.harvests.coverage import DayRead, note_day, owed_days, wanted_since
from models.harvests.harvest import HarvestKind
from models.harvests.keeping import ACCOUNT_KEPT, KEPT_SHORT, SHORT_KEPT
from models.history.insight import Observation, store_observations
from models.owed.claims import wake_schedulers
from pressrun import clock
from pressrun.instagram.pacific import Day, days, first_whole_day
from worker.harvests.answers.days import ends_with, known_ends
from worker.harvests.answers.parse import observations, parts_only
from worker.harvests.answers.refusals import is_refusal, is_vague_refusal
from worker.harvests.harvester import Harvester, Store

CLOSED_DAYS = 3
"""Two full days may still be restated when a third has just closed."""
MOST_DAYS = 14
"""Closed days of one run, at some 5 calls each: what is missing beyond is a backfill's."""
_LONGEST_SPAN = timedelta(days=29)
"""First to last day of one call for series; Instagram tells 30 days at once."""

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
_NAMES = tuple(metric.name for metric in _DAILY)
_SERIES_PART = "series:"
_PLAIN_BREAKDOWNS = tuple(
    dict.fromkeys(name for metric in _DAILY for name in metric.breakdowns if name not in catalogue.FOLLOW)
)


@dataclass(frozen=True)
class Series:
    """The metrics that come day by day, when the first was asked for, and what of them could not be read."""

    read_at: datetime
    points: list[Observation] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Reading:
    """All that Instagram told of one day: its points by when they were asked for. `read_at` is the first of these."""

    points: Mapping[datetime, Sequence[Observation]]
    read: DayRead
    read_at: datetime


def read(harvester: Harvester) -> Iterator[Store]:
    *closed, today = days(clock.now(), closed=ACCOUNT_KEPT.days)
    owed = owed_of(harvester, closed)
    if len(owed) > MOST_DAYS:
        yield _leave_to_backfill(harvester, owed[0].since)
        owed = owed[-CLOSED_DAYS:]
    for window in windows([*owed, today], MOST_DAYS + 1):
        by_day = series(harvester, window)
        own = own_days(harvester, window, by_day, now=clock.now() if window[-1] == today else None)
        for day in window:
            ends_in = [one for one in own if day.since < one.until and (one.until <= day.until or day == today)]
            yield store_day(harvester, read_day(harvester, day, by_day, ends_in))


def owed_of(harvester: Harvester, closed: Sequence[Day]) -> list[Day]:
    """Which of these days have to be read, of those that are wanted and that Instagram still tells."""
    with harvester.transaction() as tx:
        begin = wanted_since(tx, harvester.account.id, before=timedelta(days=CLOSED_DAYS + 1))
        kept = [day for day in closed if day.since >= begin and day.since > clock.now() - ACCOUNT_KEPT]
        return owed_days(tx, harvester.account.id, kept, held=[name for name in _NAMES if _is_held(harvester, name)])


def windows(wanted: Sequence[Day], most: int) -> Iterator[list[Day]]:
    """These days, oldest first, in groups that a call for series holds. Between them there may be others."""
    group: list[Day] = []
    for day in wanted:
        if group and (len(group) == most or day.since - group[0].since > _LONGEST_SPAN - timedelta(days=1)):
            yield group
            group = []
        group.append(day)
    if group:
        yield group


def own_days(harvester: Harvester, window: Sequence[Day], by_day: Series, *, now: datetime | None = None) -> list[Day]:
    """The account's days in this window: they end where its answers say. With `now`, up to the one that runs."""
    with harvester.transaction() as tx:
        known = known_ends(tx, harvester.account.id)
    return ends_with(known, by_day.points).days(window, now=now)


def read_day(harvester: Harvester, day: Day, by_day: Series, own: Sequence[Day]) -> Reading:
    """One day as a whole and by its parts, with what is known of it from the series.

    Args:
        own: the account's days that end in it; usually it is the same.
    """
    points: dict[datetime, list[Observation]] = {by_day.read_at: []}
    unread = [*by_day.unread]
    for one in own:
        asked_at = clock.now()
        told, failed = totals(harvester, one)
        # Where both tell the whole of one day the total counts: the history must not go to and fro between two
        # roundings of it.
        known = {(point.metric, point.period, point.breakdown, point.period_end) for point in told}
        points[by_day.read_at] += (
            point
            for point in by_day.points
            if one.since < point.period_end <= one.until
            and (point.metric, point.period, point.breakdown, point.period_end) not in known
        )
        points.setdefault(asked_at, []).extend(told)
        unread += failed
    refused = [name for name in _NAMES if _is_refused(harvester, name)]
    read = DayRead(day, sum(map(len, points.values())), unread, refused)
    return Reading(points, read, by_day.read_at)


def store_day(harvester: Harvester, reading: Reading) -> Store:
    def store(tx: Session, run_id: int) -> int:
        account_id = harvester.account.id
        note_day(tx, account_id, reading.read, read_at=reading.read_at)
        return sum(
            store_observations(tx, account_id, points, captured_at=read_at, run_id=run_id)
            for read_at, points in reading.points.items()
        )

    return store


def _leave_to_backfill(harvester: Harvester, since: datetime) -> Store:
    def store(tx: Session, _run_id: int) -> int:
        if heal(tx, harvester.account.id, HarvestKind.ACCOUNT, since):
            wake_schedulers(tx)
        return 0

    return store


def series(harvester: Harvester, window: Sequence[Day]) -> Series:
    """Metrics that Instagram gives day by day in one answer. The window is 30 days at most."""
    until = window[-1].until
    found = Series(clock.now())
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
        sift = partial(harvester.sift, [metric.name], ask, part=_SERIES_PART if period == "day" else f"{period}:")
        answers = harvester.ask_apart(f"{metric.name} by {period}", sift)
        if answers is None:
            found.unread.append(f"{metric.name} by {period}")
        for answer in answers or ():
            found.points.extend(observations(answer))
    return found


def _first_day(metric: str) -> datetime:
    """The beginning of the first day that Instagram still tells this metric of."""
    kept = SHORT_KEPT if metric in KEPT_SHORT else ACCOUNT_KEPT
    return first_whole_day(clock.now() - kept)


def totals(harvester: Harvester, day: Day) -> tuple[list[Observation], list[str]]:
    """Every metric of one day as a whole, then by each dimension it can be broken down by; and what failed of it."""
    unread: list[str] = []
    points = _ask_totals(harvester, day, _TOTALS, None, unread)
    for dimension in _PLAIN_BREAKDOWNS:
        metrics = [metric.name for metric in _DAILY if dimension in metric.breakdowns]
        points += parts_only(_ask_totals(harvester, day, metrics, dimension, unread))
    # Two spellings of one dimension, of which Instagram knows one: the other is refused once and then remembered.
    left = [metric.name for metric in _DAILY if set(catalogue.FOLLOW) <= set(metric.breakdowns)]
    for number, spelling in enumerate(catalogue.FOLLOW, 1):
        has_other_way = number < len(catalogue.FOLLOW)
        points += parts_only(_ask_totals(harvester, day, left, spelling, unread, has_other_way=has_other_way))
        left = [name for name in left if harvester.memory.holds(_part(spelling) + name)]
    return points, unread


def _ask_totals(
    harvester: Harvester,
    day: Day,
    metrics: Sequence[str],
    dimension: str | None,
    unread: list[str],
    *,
    has_other_way: bool = False,
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
    by = f" by {dimension}" if dimension else ""
    sift = partial(harvester.sift, metrics, ask, part=_part(dimension), refuses=refuses, has_other_way=has_other_way)
    answers = harvester.ask_apart(f"totals of {day.until.date()}{by}", sift)
    if answers is None:
        unread.append(f"totals{by}")
    return [point for answer in answers or () for point in observations(answer, period_end=day.until)]


def _part(dimension: str | None) -> str:
    """What a refused metric is remembered under: refused by one dimension, it may be given without."""
    return f"{dimension}:" if dimension else ""


def _is_refused(harvester: Harvester, name: str) -> bool:
    """Whether Instagram does not tell the whole of this metric for now, in whichever way it is asked."""
    return harvester.memory.holds(name if name in _TOTALS else _SERIES_PART + name)


def _is_held(harvester: Harvester, name: str) -> bool:
    """Whether it refused it the last time: what of the past is missing for that is not asked for again until then."""
    key = name if name in _TOTALS else _SERIES_PART + name
    return harvester.memory.holds(key) or harvester.memory.doubts(key)
