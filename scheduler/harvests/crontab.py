"""Cron expressions on the clock of a zone: croniter for the calendar, our rules for the two nights a year.

A cron whose hour is fixed names wall times: one that DST skips happens at the first valid instant after the gap, one
that occurs twice happens once (croniter alone fires it twice). A cron whose hour is `*` or a step names an interval
and follows real time through both nights. Where day of month and day of week are both given, cron's own rule holds:
either, unless one of them begins with a star.
"""

from __future__ import annotations

import re
from copy import copy
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from croniter import croniter
from croniter.croniter import CroniterBadDateError, CroniterError

from pressrun.clock import resolve_local
from pressrun.errors import Invalid

_FIELDS = 5
_RANGE_OF_ONE = re.compile(r"(?<![\w-])(\w+)-\1(?:/\d+)?(?![\w-])", re.IGNORECASE | re.ASCII)
_SAMPLE_FROM = datetime(2024, 1, 1)  # noqa: DTZ001 - wall time
_SAMPLE = 40


class Crontab:
    """One expression of five fields.

    Raises:
        Invalid: it cannot be read.
    """

    def __init__(self, expression: str) -> None:
        # croniter takes the range 9-9 for the whole field: such a post would go out every hour.
        self.expression = _RANGE_OF_ONE.sub(r"\1", " ".join(expression.split()))
        fields = self.expression.lower().split()
        # croniter also takes seconds, years, @aliases, and h and r, which hash or draw: none of them is a cron here.
        readable = len(fields) == _FIELDS and not any(field[0] in "hr@" for field in fields)
        if not readable or not croniter.is_valid(self.expression):
            raise Invalid(
                f"{expression!r} is not a cron expression: write five fields, minute hour day month weekday, "
                "such as '30 9 * * 1-5'",
                type="cron.bad",
                field="cron",
            )
        self.is_interval = any(sign in fields[1] for sign in "*/")
        self._read = croniter(self.expression, _SAMPLE_FROM, implement_cron_bug=True)

    def next(self, zone: ZoneInfo, after: datetime) -> datetime:
        """The first occurrence after that instant, in UTC. Raises Invalid when there is none."""
        start = after.astimezone(zone)
        try:
            return self._next_real(start) if self.is_interval else self._next_wall(start, zone)
        except CroniterBadDateError:
            raise self._never() from None
        except CroniterError as problem:
            said = f"the cron expression {self.expression!r} cannot be used: {problem}"
            raise Invalid(said, type="cron.bad", field="cron") from None

    def shortest_gap(self) -> timedelta:
        """The least time between two occurrences, on a clock without DST."""
        walls = self._iterate(_SAMPLE_FROM)
        try:
            sample = [walls.get_next(datetime) for _ in range(_SAMPLE)]
        except CroniterError:
            raise self._never() from None
        return min(later - earlier for earlier, later in pairwise(sample))

    def _next_wall(self, start: datetime, zone: ZoneInfo) -> datetime:
        walls = self._iterate(start.replace(tzinfo=None, fold=0))
        while True:
            instant = resolve_local(walls.get_next(datetime), zone)
            # In the second pass through a repeated hour the wall times ahead have already happened.
            if instant > start:
                return instant

    def _next_real(self, start: datetime) -> datetime:
        # Aware, in the zone: croniter follows the offset of its base.
        instants = self._iterate(start)
        while True:
            found: datetime = instants.get_next(datetime)
            # croniter moves a skipped time behind the gap; an interval owes nothing for an hour that did not exist.
            if self._names(found.replace(tzinfo=None, fold=0)):
                return found.astimezone(UTC)

    def _never(self) -> Invalid:
        return Invalid(f"the cron expression {self.expression!r} never comes true", type="cron.never", field="cron")

    def _names(self, wall: datetime) -> bool:
        matches: bool = self._iterate(wall - timedelta(seconds=1)).get_next(datetime) == wall
        return matches

    def _iterate(self, start: datetime) -> croniter:
        walls = copy(self._read)  # reading the expression costs more than ten steps along it
        walls.set_current(start)
        return walls
