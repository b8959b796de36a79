"""Reading an account's past as far back as Instagram tells it, and saying where that ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from models.reading.history.harvests import BackfillStatus, backfill_status
from operations.errands import Errand, Hands, await_errand
from operations.history.harvests import parse_kind
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.times import instant
from operations.which import account_id_of
from pressrun import clock
from scheduler.harvests.backfilling import Requested, request_backfills

__all__ = ["BackfillStatus", "await_backfills", "parse_since", "request", "statuses"]


@operation("backfill.request", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def request(
    ctx: Context, asker: Asker, since: datetime, account: str | None = None, kind: str | None = None
) -> Requested:
    """Read back, or go on with what is being read back.

    Raises Unknown for the account, Invalid for a time that cannot be, NotPossible for a kind that has no past.
    """
    ctx.vault()  # a missing key is told now, and not by every backfill
    wanted = parse_kind(kind)
    with ctx.database.transaction() as tx:
        account_id = account_id_of(tx, account, removed=False)
        return request_backfills(tx, account_id, wanted, since, now=clock.now())


@operation("backfill.list", effect=Effect.READS, scope=Scope.READ)
def statuses(ctx: Context, asker: Asker, ids: Sequence[int]) -> list[BackfillStatus]:
    """Where these backfills stand."""
    with ctx.database.transaction() as tx:
        return backfill_status(tx, ids)


@operation("backfill.await", effect=Effect.READS, scope=Scope.READ)
def await_backfills(
    ctx: Context,
    asker: Asker,
    ids: Sequence[int],
    *,
    on_progress: Callable[[list[BackfillStatus]], None],
    hands: Hands,
) -> list[BackfillStatus]:
    """Wait until each is finished or put off; `on_progress` is told how they stand."""

    def on_look(_left: int) -> None:
        on_progress(statuses(ctx, asker, ids))

    if ids:
        await_errand(ctx, Errand.of("backfill", ids), on_look=on_look, hands=hands)
    return statuses(ctx, asker, ids)


def parse_since(text: str) -> datetime:
    """How far back. Raises Invalid."""
    return instant(text, field="since", now=clock.now())
