"""How a harvest ends: from what went wrong to what happens to the slot.

A slot is given up only when it is done or hopeless; whatever merely takes time keeps it and says until when.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from graph.answers.errors import ErrorClass, GraphError
from models.accounts.account import Account, break_account
from models.harvests.harvest import RunStatus
from pressrun.errors import PressrunError
from worker.backoff import HARVEST
from worker.context import GateShut
from worker.harvests.harvester import Harvester, Stopping
from worker.outcomes import BACKGROUND, Verdict, retry_wait, wait_of

MOST_TRIES = 6


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
        return Later(now + HARVEST.after(harvester.tries), "something could not be read yet", counts=True)
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
    rule = BACKGROUND[error.error_class]
    match rule.verdict:
        case Verdict.BREAK_ACCOUNT:
            return Later(now + rule.wait, "the token was refused", breaks_account=str(error))
        case Verdict.WAIT:
            is_throttled = error.error_class is ErrorClass.THROTTLED
            why = "throttled" if is_throttled else "Instagram holds the account back"
            return Later(now + wait_of(error, rule), why)
        case Verdict.RETRY if harvester.tries < MOST_TRIES:
            return Later(now + retry_wait(error, HARVEST, harvester.tries), "a passing failure", counts=True)
        case _:
            return Failed()


def hold_account(tx: Session, account: Account, ending: Ending, *, now: datetime) -> datetime | None:
    """Hold the account back if that is how it ended; returns when the harvest goes on, None where it is over.

    At once, when the token that was refused is not in force any more.
    """
    if not isinstance(ending, Later):
        return None
    if ending.breaks_account is None:
        return ending.until
    is_held = break_account(tx, account.id, token_seen=account.token_sealed, reason=ending.breaks_account)
    return ending.until if is_held else now


def status_of(harvester: Harvester, ending: Done | Failed) -> RunStatus:
    """What the run's row says of its end."""
    if isinstance(ending, Failed):
        return RunStatus.FAILED
    return RunStatus.PARTIAL if harvester.errors else RunStatus.DONE
