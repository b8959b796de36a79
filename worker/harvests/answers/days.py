"""When the days of an account end: where Instagram's answers say, and from there on by the midnight that these were.

Sources disagree whose midnight ends a day (graph-api.md §6.1): the Pacific coast's in all samples, the account's own by
newer reports. A series says it with each value (`end_time`). A total does not, and is asked from one end to the next.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.history.insight import AccountLatest, Observation
from pressrun import clock, log
from pressrun.errors import PressrunError
from pressrun.instagram.pacific import PACIFIC, Day

_KNOWN = 100
"""Ends that are looked up: more days than Instagram tells of."""
_SERIES_ONLY = ("week", "days_28")
"""Periods that are told in series alone, so that their ends are Instagram's own words."""
_DAY = timedelta(days=1)
_SHIFT = timedelta(hours=2)
"""How far the end that is told may lie behind the one that is expected: clocks change by less."""

_log = log.get(__name__)


@dataclass(frozen=True)
class Ends:
    """The instants at which days ended, as far as answers told them, and the zone of the account for those to come."""

    told: Sequence[datetime]
    """In order, each once."""
    zone: ZoneInfo

    def after(self, instant: datetime) -> datetime:
        """The end of the day that runs at that instant, or begins with it."""
        expected = self._expected(instant)
        at = bisect_right(self.told, instant)
        return self.told[at] if at < len(self.told) and self.told[at] <= expected + _SHIFT else expected

    def days(self, window: Sequence[Day], *, now: datetime | None = None) -> list[Day]:
        """The account's days that end in this window of Pacific ones, oldest first: where they are the same, these.

        Args:
            now: with it, the days go on to the one that runs then.
        """
        start = window[0].since - 2 * _DAY
        while (end := self.after(start)) <= window[0].since:
            start = end
        found = []
        while start < now if now is not None else self.after(start) <= window[-1].until:
            found.append(Day(start, self.after(start)))
            start = found[-1].until
        return found

    def _expected(self, instant: datetime) -> datetime:
        near = min(self.told, key=lambda end: abs(end - instant), default=None)
        if near is None:
            return _midnight_after(instant, PACIFIC)
        for zone in (PACIFIC, self.zone):
            if near.astimezone(zone).time() == time():
                return _midnight_after(instant, zone)
        return near + ((instant - near) // _DAY + 1) * _DAY


def known_ends(tx: Session, account_id: int) -> Ends:
    """What the answers that were stored have told."""
    found: set[datetime] = set()
    for period in _SERIES_ONLY:
        query = select(AccountLatest.period_end).where(
            AccountLatest.account_id == account_id,
            AccountLatest.metric == "reach",
            AccountLatest.period == period,
            AccountLatest.breakdown == "",
        )
        found |= set(tx.scalars(query.order_by(AccountLatest.period_end.desc()).limit(_KNOWN)))
    return Ends(sorted(filter(is_midnight_somewhere, found)), _zone(tx.get_one(Account, account_id).timezone))


def ends_with(known: Ends, series: Iterable[Observation]) -> Ends:
    """The same with what these points of series tell."""
    told = {point.period_end for point in series if is_midnight_somewhere(point.period_end)}
    if told and max(told).astimezone(PACIFIC).time() != time():
        _log.info("account.days_elsewhere", ends_at=max(told).isoformat(), zone=known.zone.key)
    return Ends(sorted({*known.told, *told}), known.zone)


def is_midnight_somewhere(instant: datetime) -> bool:
    """No zone lies beside the quarters of an hour; anything else is no end of a day, whatever it is."""
    return instant.minute % 15 == 0 and instant.second == instant.microsecond == 0


def _zone(name: str) -> ZoneInfo:
    try:
        return clock.zone(name)
    except PressrunError:
        return PACIFIC


def _midnight_after(instant: datetime, zone: ZoneInfo) -> datetime:
    day = instant.astimezone(zone).date() + _DAY
    midnight = datetime.combine(day, time(), zone).astimezone(instant.tzinfo)
    # Where clocks go forward at midnight, there is none: the day ends with the jump.
    return midnight if midnight > instant else instant + _DAY
