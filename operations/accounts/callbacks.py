"""What people tell Meta about this app: that they removed it, and that what is known of them is to be deleted."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.exc import SQLAlchemyError

from models.hooks import deletion, owner
from models.reading.accounts import deletions as reading
from models.reading.accounts.deletions import DeletionShown
from operations.accounts.webhooks import INSTAGRAM, NotStored
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import clock, log
from pressrun.instagram.signed_requests import SignedRequest

__all__ = ["INSTAGRAM", "DeletionShown", "NotStored", "SignedRequest"]

_log = log.get(__name__)


@operation("callback.deauthorize", effect=Effect.CHANGES, scope=Scope.DELIVER)
def deauthorize(ctx: Context, asker: Asker, request: SignedRequest) -> int:
    """Hold the accounts of whoever removed the app; returns how many. Raises NotStored: then nothing was changed."""
    try:
        with ctx.database.transaction() as tx:
            done = owner.withdraw(tx, request.user_id, issued_at=request.issued_at, now=clock.now())
    except SQLAlchemyError as trouble:
        raise _not_stored("callback.deauthorize_not_stored", trouble) from None
    _log.warning("callback.deauthorized", accounts=list(done.broken), asked=done.asked)
    return len(done.broken)


@operation("callback.delete", effect=Effect.DESTROYS, scope=Scope.DELIVER)
def delete(ctx: Context, asker: Asker, request: SignedRequest) -> str:
    """Have all deleted that is known of a person; returns the confirmation code. Raises NotStored."""
    try:
        with ctx.database.transaction() as tx:
            code = deletion.ask_deletion(
                tx, request.user_id, digest=request.digest, issued_at=request.issued_at, now=clock.now()
            )
    except SQLAlchemyError as trouble:
        raise _not_stored("callback.deletion_not_stored", trouble) from None
    _log.warning("callback.deletion_asked", code=code)
    return code


@operation("deletion.show", effect=Effect.READS, scope=Scope.DELIVER)
def show(ctx: Context, asker: Asker, code: str) -> DeletionShown:
    """How far a deletion is. Raises Unknown."""
    with ctx.database.transaction() as tx:
        return reading.show_deletion(tx, code)


@operation("deletion.list", effect=Effect.READS, scope=Scope.ADMIN, whole=True)
def list_deletions(ctx: Context, asker: Asker) -> list[DeletionShown]:
    """Deletions that people asked of Meta, the newest first."""
    with ctx.database.transaction() as tx:
        return reading.list_deletions(tx)


@operation("deletion.conclude", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def conclude(ctx: Context, asker: Asker, codes: Iterable[str]) -> list[DeletionShown]:
    """Say that a person has looked, and has removed what had to go. Raises Unknown, NotPossible: then of none."""
    with ctx.database.transaction() as tx:
        found = [deletion.conclude_review(tx, code, now=clock.now()) for code in codes]
        return [reading.show_deletion(tx, one.code) for one in found]


def _not_stored(event: str, trouble: SQLAlchemyError) -> NotStored:
    _log.error(event, error=str(getattr(trouble, "orig", None) or trouble).splitlines()[0])
    return NotStored()
