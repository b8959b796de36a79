"""Reading the answers again that Instagram gave: as they were kept, with the parsers of today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from models.reading.history.harvests import RereadStatus, reread_status
from operations.errands import Errand, Hands, await_errand
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.times import instant
from operations.which import account_id_of
from pressrun import clock
from scheduler.harvests.backfilling import Requested
from scheduler.harvests.rereading import request_rereads

__all__ = ["RereadStatus", "await_rereads", "parse_bound", "request", "statuses"]


@operation("reread.request", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def request(
    ctx: Context, asker: Asker, since: datetime, until: datetime | None = None, account: str | None = None
) -> Requested:
    """Read again the answers that came from `since` up to `until` (None: now), or go on with what is being read again.

    Raises Unknown for the account, Invalid for a range that cannot be, NotPossible where no answer of it is kept.
    """
    now = clock.now()
    with ctx.database.transaction() as tx:
        return request_rereads(tx, account_id_of(tx, account), since, until or now, now=now)


@operation("reread.list", effect=Effect.READS, scope=Scope.READ)
def statuses(ctx: Context, asker: Asker, ids: Sequence[int]) -> list[RereadStatus]:
    """Where these rereads stand."""
    with ctx.database.transaction() as tx:
        return reread_status(tx, ids)


@operation("reread.await", effect=Effect.READS, scope=Scope.READ)
def await_rereads(
    ctx: Context,
    asker: Asker,
    ids: Sequence[int],
    *,
    on_progress: Callable[[list[RereadStatus]], None],
    hands: Hands,
) -> list[RereadStatus]:
    """Wait until each is finished or put off; `on_progress` is told how they stand."""

    def on_look(_left: int) -> None:
        on_progress(statuses(ctx, asker, ids))

    if ids:
        await_errand(ctx, Errand.of("backfill", ids), on_look=on_look, hands=hands)
    return statuses(ctx, asker, ids)


def parse_bound(text: str, *, field: str) -> datetime:
    """One end of a range. Raises Invalid, which names the field."""
    return instant(text, field=field, now=clock.now())
