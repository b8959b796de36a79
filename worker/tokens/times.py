"""When a token is renewed and looked at next: early, and spread, so that no week has all of them.

A long-lived token lives for 60 days (graph-api.md §1.4). It is renewed between its 18th and its 39th: three weeks of
failure later there is still a day left.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from models.tokens.token import Facts

WARN_AHEAD = timedelta(days=14)
"""How long before an end people are told, where it is left to them or renewing has failed so far."""
LOOK_EVERY = timedelta(days=1)
OLD_ENOUGH = timedelta(hours=24)
"""A token of Instagram Login is not renewed sooner after it was given out."""

_SAFE = timedelta(days=21)
_RENEW_AFTER = (0.3, 0.65)
"""Shares of its life between which a token is renewed."""
_SHORT = timedelta(days=3)
_jitter = random.SystemRandom()


def renewal(facts: Facts, *, since: datetime | None, now: datetime) -> datetime | None:
    """When a token that can be renewed is; None when it has no end.

    Args:
        since: from when on it is known to be in force; None when that is not known.
    """
    if facts.never_ends:
        return None
    if facts.expires_at is None:
        # It may end any day, and only its renewal tells. How old it is nobody knows, but it is no younger than this.
        return now if since is None else max(now, since + spread(OLD_ENOUGH, 1.01, 1.5))
    begun = since or now
    life = facts.expires_at - begun
    if life <= _SHORT:
        return now
    return max(now, min(begun + life * _jitter.uniform(*_RENEW_AFTER), facts.expires_at - _SAFE))


def next_look(*, now: datetime, moments: Iterable[datetime | None]) -> datetime:
    """After about a day, or at the first of these moments that is still to come.

    Args:
        moments: a renewal, ends, and the days from which people are told of them.
    """
    ahead = [one for one in moments if one is not None and one > now]
    return min([now + spread(LOOK_EVERY, 0.75, 1.25), *ahead])


def moments_of(facts: Facts) -> list[datetime]:
    """When something of a token ends, and when people are told of it."""
    ends = [one for one in (facts.expires_at, facts.data_access_expires_at) if one is not None]
    return ends + [end - WARN_AHEAD for end in ends]


def spread(about: timedelta, least: float, most: float) -> timedelta:
    """Anything between these parts of a time."""
    return about * _jitter.uniform(least, most)
