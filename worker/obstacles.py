"""What keeps an account from acting right now: a person, its token, a suspicion, or the gate. Asked before each step.

Publishing and replying stop for all four. Reading goes on while an account is paused or suspected, for a story that is
not read in its day is lost, and a container that is not looked at is not ready when the hold ends: it stops for a token
that is refused, for the gate, and where a person has said so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from models.accounts.account import Account, AccountState, lift_block
from models.owed import gate
from models.owed.gate import Purpose
from models.store import server_clock
from models.store.server_clock import Distance
from worker.context import WorkerContext

LOOK_AGAIN = timedelta(minutes=15)
"""How often work is looked at whose account cannot be used now."""
CLOCK_AGAIN = timedelta(seconds=2)
"""How soon work is taken up again that this machine must not do: another one's clock may be right."""


class Obstacle(StrEnum):
    """Stored as the reason for which a post waits."""

    ACCOUNT = "account"
    THROTTLED = "throttled"
    CLOCK = "clock"
    """Not the account's: the clock of this machine is so wrong that nothing may be sent from it."""


@dataclass(frozen=True)
class HeldBack:
    """Not now. `until`: when it ends by itself, None when only a person can end it; `message`: a line for people."""

    obstacle: Obstacle
    until: datetime | None
    message: str
    stops_looking: bool = False
    """Nor can what became of an earlier call be read: the token is refused."""

    def look_at(self, now: datetime) -> datetime:
        """When work that nobody waits for by the second is looked at again. A person may mend the account any time."""
        if self.obstacle is Obstacle.ACCOUNT or self.until is None:
            return now + LOOK_AGAIN
        return self.until


def held_back(
    tx: Session, ctx: WorkerContext, account: Account, purpose: Purpose, *, now: datetime, only_reads: bool = False
) -> HeldBack | None:
    """What keeps the account from acting now; None when nothing does. A block whose time is over is lifted.

    Args:
        only_reads: what is meant only reads, for whatever purpose.
    """
    if purpose is Purpose.PUBLISH and server_clock.distance() is Distance.TOO_FAR:
        message = f"{server_clock.describe()}: nothing is sent from it until it is set right"
        return HeldBack(Obstacle.CLOCK, now + CLOCK_AGAIN, message)
    if account.state == AccountState.BLOCKED.value and account.state_until and account.state_until <= now:
        lift_block(tx, account.id, now=now)
    elif (held := _own(account, Purpose.HARVEST if only_reads else purpose)) is not None:
        return held
    shut = gate.barrier(tx, ctx.settings.app_id, account.id, purpose, now=now)
    if shut is not None:
        return HeldBack(Obstacle.THROTTLED, shut.until, shut.reason)
    return None


def _own(account: Account, purpose: Purpose) -> HeldBack | None:
    """What its own state keeps the account from."""
    state, reason = account.state, account.state_reason or "no reason given"
    if state == AccountState.REMOVED.value:
        return HeldBack(Obstacle.ACCOUNT, None, f"account {account.name} was removed", stops_looking=True)
    if state == AccountState.BROKEN.value or account.token_refused is not None:
        reason = account.token_refused or reason
        return HeldBack(Obstacle.ACCOUNT, None, f"account {account.name} is broken: {reason}", stops_looking=True)
    if purpose is Purpose.HARVEST:
        is_stopped = account.is_reading_paused
        return HeldBack(Obstacle.ACCOUNT, None, f"account {account.name} is not read: {reason}") if is_stopped else None
    if state == AccountState.BLOCKED.value:
        end = f" until {account.state_until:%Y-%m-%d %H:%M} UTC" if account.state_until else ""
        message = f"account {account.name} is held back by Instagram{end}: {reason}"
        return HeldBack(Obstacle.ACCOUNT, account.state_until, message)
    if state != AccountState.ACTIVE.value:
        return HeldBack(Obstacle.ACCOUNT, None, f"account {account.name} is {state}: {reason}")
    return None
