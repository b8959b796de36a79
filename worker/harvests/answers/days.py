"""When the days of an account end: where Instagram's answers say, and from there on by the midnight that these were.

Sources disagree whose midnight ends a day (graph-api.md §6.1): the Pacific coast's in all samples, the account's own by
newer reports. A series says it with each value (`end_time`). A total does not, and is asked for the whole of a day.
Where Instagram has moved the midnight, answers of before name other ends than today. What was told last counts:
from an end of the ones to an end of the others is no day, and a total of those hours must not stand for one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
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
    """In order, each once. Two are nearer to each other than a day only where one answer has told both."""
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
            start = self.after(start)
            found.append(Day(self._begin(start), start))
        return found

    def _begin(self, end: datetime) -> datetime:
        """Where the day began that ended then: with the end before it, or by the same midnight."""
        at = bisect_left(self.told, end)
        if at > 0 and end - self.told[at - 1] <= _DAY + _SHIFT:
            return self.told[at - 1]
        zone = self._zone_of(end)
        return end - _DAY if zone is None else _midnight_after(end - _DAY - _SHIFT, zone)

    def _expected(self, instant: datetime) -> datetime:
        near = min(self.told, key=lambda end: abs(end - instant), default=None)
        if near is None:
            return _midnight_after(instant, PACIFIC)
        zone = self._zone_of(near)
        return near + ((instant - near) // _DAY + 1) * _DAY if zone is None else _midnight_after(instant, zone)

    def _zone_of(self, end: datetime) -> ZoneInfo | None:
        """Whose midnight that is, as far as zones are known."""
        return next((zone for zone in (PACIFIC, self.zone) if end.astimezone(zone).time() == time()), None)


def known_ends(tx: Session, account_id: int) -> Ends:
    """What the answers that were stored have told."""
    found: dict[datetime, list[datetime]] = defaultdict(list)
    for period in _SERIES_ONLY:
        query = select(AccountLatest.last_checked_at, AccountLatest.period_end).where(
            AccountLatest.account_id == account_id,
            AccountLatest.metric == "reach",
            AccountLatest.period == period,
            AccountLatest.breakdown == "",
        )
        rows = tx.execute(query.order_by(AccountLatest.period_end.desc()).limit(_KNOWN))
        for row in rows:
            found[row.last_checked_at].append(row.period_end)
    told = _agreed(found[at] for at in sorted(found, reverse=True))
    return Ends(told, _zone(tx.get_one(Account, account_id).timezone))


def ends_with(known: Ends, series: Iterable[Observation]) -> Ends:
    """The same with what these points of series tell, which was told last."""
    told = _agreed([[point.period_end for point in series]])
    if told and told[-1].astimezone(PACIFIC).time() != time():
        _log.info("account.days_elsewhere", ends_at=told[-1].isoformat(), zone=known.zone.key)
    return Ends(_agreed([told, known.told]), known.zone)


def _agreed(newest_first: Iterable[Collection[datetime]]) -> list[datetime]:
    """In order what these readings tell of the ends of days: each where it contradicts none that is newer than it."""
    kept: list[datetime] = []
    for told in newest_first:
        newer = tuple(kept)
        for end in sorted({*told} - {*newer}):
            at = bisect_left(newer, end)
            is_possible = all(abs(end - other) >= _DAY - _SHIFT for other in newer[max(at - 1, 0) : at + 1])
            if is_possible and is_midnight_somewhere(end):
                insort(kept, end)
    return kept


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
