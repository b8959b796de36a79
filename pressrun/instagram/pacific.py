"""Instagram's days as they are first asked for: from midnight to midnight on the Pacific coast.

They last 23 or 25 hours twice a year. Where an account's days end elsewhere, its answers say so
(`worker.harvests.answers.days`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")


@dataclass(frozen=True)
class Day:
    """One of Instagram's days; `until` is later than now for the one that is running."""

    since: datetime
    until: datetime

    @property
    def on(self) -> date:
        """What it is called on the Pacific coast."""
        return self.since.astimezone(PACIFIC).date()


def days(now: datetime, *, closed: int) -> list[Day]:
    """The running day and so many closed ones before it, oldest first."""
    today = now.astimezone(PACIFIC).date()
    midnights = [
        datetime.combine(today + timedelta(days=offset), time(), PACIFIC).astimezone(UTC)
        for offset in range(-closed, 2)
    ]
    return [Day(since, until) for since, until in pairwise(midnights)]


def closed_days(since: datetime, now: datetime) -> list[Day]:
    """The whole days from `since` to the last midnight, oldest first."""
    first = first_whole_day(since)
    count = (now.astimezone(PACIFIC).date() - first.astimezone(PACIFIC).date()).days
    return days(now, closed=count)[:-1] if count > 0 else []


def first_whole_day(since: datetime) -> datetime:
    """The first of Instagram's midnights that is not before `since`."""
    local = since.astimezone(PACIFIC)
    midnight = datetime.combine(local.date(), time(), PACIFIC)
    if midnight < local:
        midnight = datetime.combine(local.date() + timedelta(days=1), time(), PACIFIC)
    return midnight.astimezone(UTC)
