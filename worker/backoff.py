"""How long until what failed in passing is tried again: full jitter, so that many do not come back at once."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

_jitter = random.SystemRandom()


@dataclass(frozen=True)
class Backoff:
    """Anything from `least_s` up to a bound that is `first_s` after the first try, and doubles up to `longest_s`."""

    first_s: float
    longest_s: float
    least_s: float = 1.0

    def after(self, tries: int) -> timedelta:
        """The pause after that many tries, counted from 1."""
        bound_s = min(self.first_s * 2.0 ** min(tries - 1, 32), self.longest_s)
        return timedelta(seconds=_jitter.uniform(self.least_s, bound_s))


PUBLISHING = Backoff(first_s=4.0, longest_s=300.0, least_s=0.5)
AFTERCARE = Backoff(first_s=8.0, longest_s=300.0, least_s=0.5)
"""A fresh media cannot be read for minutes."""
HARVEST = Backoff(first_s=30.0, longest_s=900.0)
PATIENT = Backoff(first_s=30.0, longest_s=3600.0)
"""Of events and replies: they have no later slot."""
TELLING = Backoff(first_s=5.0, longest_s=14_400.0)
"""Of deliveries: for three days."""
CARE = Backoff(first_s=60.0, longest_s=21_600.0, least_s=15.0)
"""Of tokens: there are weeks."""

_SLOW_S = (300.0, 600.0)
_STAGING_WAITS_S = (2.0, 5.0, 15.0, 45.0, 120.0)


def staging_wait(tries: int) -> timedelta:
    """Between two containers of one part: a few seconds first, then minutes. There is time before the due second, and
    a media host that is being restarted must not cost the post.
    """
    base_s = _STAGING_WAITS_S[min(tries, len(_STAGING_WAITS_S) - 1)]
    return timedelta(seconds=base_s * _jitter.uniform(0.75, 1.25))


def slow_pause(slot_at: datetime | None, *, now: datetime) -> datetime | None:
    """Until when a harvest gives way to a slow gate; None when it has given way already."""
    least_s, most_s = _SLOW_S
    if slot_at is None or (now - slot_at).total_seconds() >= least_s:
        return None
    return now + timedelta(seconds=_jitter.uniform(least_s, most_s))
