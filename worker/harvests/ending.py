"""How a harvest ends: the one table from what went wrong to what happens to the slot. No other place decides.

A slot is given up only when it is done or hopeless; whatever merely takes time keeps it and says until when.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from graph.errors import ErrorClass, GraphError
from pressrun.errors import PressrunError
from worker.context import GateShut
from worker.harvests.harvester import Harvester, Stopping

MOST_TRIES = 6
LOOK_AGAIN = timedelta(minutes=15)
"""How often a slot is looked at whose account cannot be read now."""

_FIRST_S, _LONGEST_S = 30.0, 900.0
_BLOCKED_FOR = timedelta(hours=1)
_SLOW = (timedelta(minutes=5), timedelta(minutes=10))
_PASSING = (ErrorClass.TRANSIENT, ErrorClass.NOT_READY)
_jitter = random.SystemRandom()


@dataclass(frozen=True)
class Done:
    """All that could be read is stored."""


@dataclass(frozen=True)
class Failed:
    """Nothing more can be done for this slot; the run says why, the next slot tries anew."""


@dataclass(frozen=True)
class Later:
    """The slot is kept until then. `counts`: it was one of a bounded number of tries."""

    until: datetime
    reason: str
    counts: bool = False
    breaks_account: str | None = None


Ending = Done | Failed | Later


def of_what_is_left(harvester: Harvester, *, now: datetime) -> Ending:
    """The end of a run that came through: once more for what failed on the way, as long as there are tries."""
    if harvester.has_unread and harvester.tries < MOST_TRIES:
        return Later(now + backoff(harvester.tries), "something could not be read yet", counts=True)
    return Done()


def after_error(harvester: Harvester, error: PressrunError, *, now: datetime) -> Ending:
    """What follows from the error that ended the reading; the run's errors name it unless it is just a pause."""
    match error:
        case Stopping():
            return Later(now, "the worker is stopping")
        case GateShut():
            return Later(error.until, error.reason)
        case GraphError():
            harvester.note("run", error)
            return _after_refusal(harvester, error, now)
        case _:
            harvester.note("run", error)
            return Failed()


def _after_refusal(harvester: Harvester, error: GraphError, now: datetime) -> Ending:
    told = timedelta(seconds=error.retry_after_s or 0)
    match error.error_class:
        case ErrorClass.AUTH:
            return Later(now + LOOK_AGAIN, "the token was refused", breaks_account=str(error))
        case ErrorClass.THROTTLED:
            return Later(now + (told or LOOK_AGAIN), "throttled")
        case ErrorClass.BLOCKED:
            return Later(now + (told or _BLOCKED_FOR), "Instagram holds the account back")
        case passing if passing in _PASSING and harvester.tries < MOST_TRIES:
            return Later(now + max(told, backoff(harvester.tries)), "a passing failure", counts=True)
        case _:
            return Failed()


def backoff(tries: int, *, longest_s: float = _LONGEST_S) -> timedelta:
    """Full jitter: anything up to a bound that doubles with each try, counted from 1."""
    bound_s = min(_FIRST_S * 2 ** (tries - 1), longest_s)
    return timedelta(seconds=_jitter.uniform(1.0, bound_s))


def slow_pause(slot_at: datetime | None, *, now: datetime) -> datetime | None:
    """Until when a harvest gives way to a slow gate; None when it has given way already."""
    least, most = _SLOW
    if slot_at is None or now - slot_at >= least:
        return None
    return now + timedelta(seconds=_jitter.uniform(least.total_seconds(), most.total_seconds()))
