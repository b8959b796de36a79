"""Runs harvests now and waits for them, for CLI and demo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from machine.runtime import Runtime
from models.account import find_account
from models.harvest import HarvestKind, RunStatus
from operations.errands import Errand, Hands, await_errand
from operations.operation import Context
from scheduler.harvests.planning import HarvestStatus, harvest_status, request_run

WAITING = "waiting"
"""The status of one that is put off: its slot is kept and run later."""

Progress = Callable[[int, int], None]
"""Called with how many of how many are settled."""


def request(here: Runtime, account: str | None, kind: HarvestKind | None) -> list[int]:
    """Make the harvests due; returns their ids. Raises UsageError for an unknown account."""
    with here.database.transaction() as tx:
        account_id = find_account(tx, account).id if account is not None else None
        return request_run(tx, account_id, kind)


def await_runs(here: Runtime, ids: Sequence[int], *, on_progress: Progress, hands: Hands) -> list[dict[str, Any]]:
    """Wait until each is done, failed or put off; then one row for each: account, kind, status, calls, rows, errors."""
    last = [len(ids)]

    def on_look(left: int) -> None:
        if left != last[0]:
            on_progress(len(ids) - left, len(ids))
        last[0] = left

    ctx = Context(here.database, here.settings)
    await_errand(ctx, Errand.of("harvest", ids), on_look=on_look, hands=hands)
    with here.database.transaction() as tx:
        return [_row(one) for one in harvest_status(tx, ids)]


def _row(one: HarvestStatus) -> dict[str, Any]:
    # What is put off is not done, whatever an earlier run said.
    is_put_off = one.is_pending and one.status != RunStatus.FAILED.value
    return {
        "account": one.account,
        "kind": one.kind,
        "status": WAITING if is_put_off else one.status,
        "calls": one.calls,
        "rows": one.rows,
        "errors": one.errors or [],
        "next_action_at": one.next_action_at,
    }
