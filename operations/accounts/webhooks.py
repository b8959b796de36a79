"""Taking in what Instagram tells: stored before it is answered, handled by a worker afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from models.accounts.account import ids_of
from models.hooks.inbox import NewChange, store_changes
from models.owed.claims import wake_schedulers
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import log
from pressrun.errors import Kind, PressrunError

INSTAGRAM = Asker("instagram", frozenset({Scope.DELIVER}))
"""Whoever signs with the app's secret."""

_log = log.get(__name__)


@dataclass(frozen=True)
class Change:
    """One thing that a notification tells. `entry_id` is the Instagram id of the account, where there is one."""

    object: str
    entry_id: str
    field: str
    value: Any
    sent_at: datetime | None = None


@dataclass(frozen=True)
class Received:
    """How many changes are stored, and how many of them had not been told before."""

    changes: int
    new: int


class NotStored(PressrunError):
    """The notification could not be stored: it has to be sent again."""

    kind = Kind.UNREACHABLE
    type = "webhook.not_stored"


@operation("webhook.receive", effect=Effect.CHANGES, scope=Scope.DELIVER)
def receive(ctx: Context, asker: Asker, changes: Sequence[Change]) -> Received:
    """Store all changes of a notification, or none. Raises NotStored: then nothing was."""
    try:
        with ctx.database.transaction() as tx:
            accounts = ids_of(tx, {one.entry_id for one in changes})
            new = store_changes(tx, (_row(one, accounts.get(one.entry_id)) for one in changes))
            if new:
                wake_schedulers(tx)
    except SQLAlchemyError as trouble:
        _log.error("webhook.not_stored", error=str(getattr(trouble, "orig", None) or trouble).splitlines()[0])
        raise NotStored from None
    _log.info("webhook.stored", changes=len(changes), new=new, fields=sorted({one.field for one in changes}))
    return Received(len(changes), new)


def _row(change: Change, account_id: int | None) -> NewChange:
    return NewChange(account_id, change.object, change.entry_id, change.field, change.value, change.sent_at)
