"""A step that asks Instagram a few questions about one account: its row taken and kept, and what follows from errors.

For work that neither publishes nor is a harvest with slots of its own: subscriptions, what a person asks, follow-ups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from sqlalchemy.orm import Session

from graph.answers.errors import ErrorClass, GraphError
from graph.client import GraphClient
from models.accounts.account import Account, break_account
from models.owed import claims
from models.owed.claims import Lease
from models.owed.gate import Purpose
from pressrun.errors import PressrunError
from worker.backoff import PATIENT, Backoff
from worker.context import GateShut, WorkerContext
from worker.outcomes import BACKGROUND, Verdict, retry_wait, wait_of

T = TypeVar("T")


class Stopping(PressrunError):
    """This worker is shutting down, or may not hold the row any more; another goes on with it."""


@dataclass
class Asking:
    """One row at work."""

    ctx: WorkerContext
    lease: Lease
    account: Account
    purpose: Purpose

    @cached_property
    def client(self) -> GraphClient:
        """Raises SecretUnreadable."""
        return self.ctx.client(self.account, self.purpose)

    def ask(self, call: Callable[[GraphClient], T], client: GraphClient | None = None) -> T:
        """The answer of one call. Raises what it raises, Stopping before it, ClaimLost when the row has passed on."""
        if self.ctx.stopping.is_set():
            raise Stopping
        deadline_s = self.ctx.settings.call_deadline.total_seconds()
        # A claim must outlive the call; renewing is a statement, so quick calls share one.
        margin_s = (self.lease.lease_s - deadline_s) / 2
        if self.lease.deadline.remaining_s() < deadline_s + margin_s:
            with self.ctx.database.transaction() as tx:
                self.lease = claims.renew(tx, self.lease)
        return call(client or self.client)

    def change(self, call: Callable[[GraphClient], T]) -> T:
        """The same of a call that changes something: it is not made once the row may be another worker's."""

        def surely(client: GraphClient) -> T:
            if not self.ctx.may_call(self.lease):
                raise Stopping
            return call(client)

        return self.ask(surely)


@dataclass(frozen=True)
class Later:
    """It is tried again then. `counts`: it was one of a bounded number of tries."""

    until: datetime
    reason: str
    counts: bool = False
    breaks_account: bool = False


@dataclass(frozen=True)
class Ended:
    """Trying again would be answered the same."""

    reason: str
    is_refused: bool = False
    """Instagram has said so."""


def after_error(
    error: PressrunError, *, tries: int, most: int, now: datetime, pace: Backoff = PATIENT
) -> Later | Ended:
    """What follows from the error that ended the asking; `tries` counts this one."""
    match error:
        case Stopping():
            return Later(now, "the worker is stopping")
        case GateShut():
            return Later(error.until, error.reason)
        case GraphError():
            return _after_refusal(error, tries, most, now, pace)
        case _:
            return Ended(str(error))


def _after_refusal(error: GraphError, tries: int, most: int, now: datetime, pace: Backoff) -> Later | Ended:
    rule = BACKGROUND[error.error_class]
    match rule.verdict:
        case Verdict.BREAK_ACCOUNT:
            return Later(now + rule.wait, str(error), breaks_account=True)
        case Verdict.WAIT:
            return Later(now + wait_of(error, rule), str(error))
        case Verdict.RETRY if tries < most:
            return Later(now + retry_wait(error, pace, tries), str(error), counts=True)
        case _:
            return Ended(str(error), is_refused=error.error_class is not ErrorClass.TRANSIENT)


def hold_account(tx: Session, account: Account, later: Later, *, now: datetime) -> datetime:
    """Hold the account back if its token was refused; returns when the row goes on. To be called before its lock.

    At once, when the token that was refused is not in force any more.
    """
    if not later.breaks_account:
        return later.until
    is_held = break_account(tx, account.id, token_seen=account.token_sealed, reason=later.reason)
    return later.until if is_held else now
