"""Times as people write them, where no account's zone is meant: UTC unless they say otherwise."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pressrun import clock
from pressrun.errors import Invalid, UsageError

_UTC = ZoneInfo("UTC")


def instant(text: str, *, field: str, now: datetime) -> datetime:
    """The instant that was meant. Raises Invalid, which names the field."""
    try:
        return clock.parse_instant(text, _UTC, reference=now)
    except UsageError as problem:
        raise Invalid(str(problem), type="time.bad", field=field) from None
