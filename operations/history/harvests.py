"""What is read of accounts: where each harvest stands, and running harvests now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.harvests.harvest import HarvestKind
from models.reading.history.harvests import HarvestStatus, calls_of_a_day, harvest_status
from operations.errands import Errand, Hands, await_errand
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.which import account_id_of
from pressrun import clock
from pressrun.errors import Invalid
from scheduler.harvests.planning import request_run

Progress = Callable[[int, int], None]
"""Called with how many of how many are settled."""


@dataclass(frozen=True)
class HarvestShown:
    """One harvest: its schedule, its last run, its next one. `calls`: of the last run; `calls_per_day`: of 24 hours."""

    account: str
    kind: str
    cron: str
    timezone: str
    last_at: datetime | None
    status: str | None
    rows: int | None
    calls: int | None
    calls_per_day: int
    next_at: datetime | None
    errors: list[Any]
    refused: dict[str, Any]


@dataclass(frozen=True)
class HarvestOutcome:
    """What came of running one. `status`: done, partial, failed or waiting, which is put off and run later."""

    account: str
    kind: str
    status: str | None
    calls: int | None
    rows: int | None
    errors: list[Any]
    next_action_at: datetime | None


@operation("harvest.list", effect=Effect.READS, scope=Scope.READ)
def list_harvests(
    ctx: Context, asker: Asker, account: str | None = None, *, among: Sequence[str] | None = None
) -> list[HarvestShown]:
    """What is read, when last with what result, when next, and what it costs. Raises Unknown for the account.

    Args:
        among: names of accounts: of those alone.
    """
    with ctx.database.transaction() as tx:
        account_id = account_id_of(tx, account)
        a_day = calls_of_a_day(tx, now=clock.now(), account_id=account_id)
        found = harvest_status(tx, account_id=account_id, accounts=among)
    return [_shown(one, a_day.get(one.id, 0)) for one in found]


@operation("harvest.run", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def run_harvests(ctx: Context, asker: Asker, account: str | None = None, kind: str | None = None) -> list[int]:
    """Make the harvests of one or all accounts due now; returns their numbers, for `await_runs`.

    Raises Unknown for the account and Invalid for the kind.
    """
    ctx.vault()  # a missing key is told now, and not by every harvest
    wanted = parse_kind(kind)
    with ctx.database.transaction() as tx:
        return request_run(tx, account_id_of(tx, account, removed=False), wanted)


@operation("harvest.await", effect=Effect.READS, scope=Scope.READ)
def await_runs(
    ctx: Context, asker: Asker, ids: Sequence[int], *, on_progress: Progress, hands: Hands
) -> list[HarvestOutcome]:
    """Wait until each is done, failed or put off, and say what came of it."""
    last = [len(ids)]

    def on_look(left: int) -> None:
        if left != last[0]:
            on_progress(len(ids) - left, len(ids))
        last[0] = left

    if ids:
        await_errand(ctx, Errand.of("harvest", ids), on_look=on_look, hands=hands)
    with ctx.database.transaction() as tx:
        return [_outcome(one) for one in harvest_status(tx, ids)]


@operation("harvest.outcomes", effect=Effect.READS, scope=Scope.READ)
def outcomes(ctx: Context, asker: Asker, ids: Sequence[int]) -> list[HarvestOutcome]:
    """How the harvests of these numbers stand, without waiting for them."""
    with ctx.database.transaction() as tx:
        return [_outcome(one) for one in harvest_status(tx, ids)]


def parse_kind(text: str | None) -> HarvestKind | None:
    """Raises Invalid naming the known ones."""
    if text is None:
        return None
    try:
        return HarvestKind(text)
    except ValueError:
        said = f"unknown kind {text!r}; known: {', '.join(HarvestKind)}"
        raise Invalid(said, type="harvest.unknown_kind", field="kind") from None


def _shown(one: HarvestStatus, calls_per_day: int) -> HarvestShown:
    return HarvestShown(
        account=one.account,
        kind=one.kind,
        cron=one.cron,
        timezone=one.timezone,
        last_at=one.finished_at or one.started_at,
        status=one.status,
        rows=one.rows,
        calls=one.calls,
        calls_per_day=calls_per_day,
        next_at=one.next_action_at,
        errors=one.errors or [],
        refused=one.refused,
    )


def _outcome(one: HarvestStatus) -> HarvestOutcome:
    return HarvestOutcome(
        account=one.account,
        kind=one.kind,
        status=one.outcome,
        calls=one.calls,
        rows=one.rows,
        errors=one.errors or [],
        next_action_at=one.next_action_at,
    )
