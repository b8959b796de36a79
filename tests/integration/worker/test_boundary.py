"""What steps leave to their edge: a claim that has passed on, a gate that is shut, a crash."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from graph.transport import Transport
from models.claims import WORKS as ALL
from models.claims import ClaimLost, Lease, Work, claim_due
from models.session import Database
from pressrun import clock
from pressrun.hints import Hint
from pressrun.settings import Settings
from pressrun.vault import Vault
from tests.factories.rows import (
    KEY,
    make_account,
    make_backfill,
    make_harvest,
    make_inbox_event,
    make_mention,
    make_post,
    make_reply,
)
from worker.boundary import CRASHED_AGAIN_AFTER, Step, perform
from worker.context import GateShut, WorkerContext

WORKS = {work.name: work for work in ALL if work.name != "publish"}
LOST = {
    "prepare": "step.claim_lost",
    "harvest": "harvest.claim_lost",
    "inbox": "inbox.claim_lost",
    "reply": "reply.claim_lost",
    "backfill": "backfill.claim_lost",
}


@pytest.fixture
def ctx(database: Database, tmp_path: Path) -> Iterator[WorkerContext]:
    with Transport() as transport:
        yield WorkerContext(Settings(home=tmp_path), database, Vault([KEY]), transport)


def due(ctx: WorkerContext, work: Work) -> Hint:
    """A hint of a row that is due."""
    with ctx.database.transaction() as tx:
        account = make_account(tx)
        match work.name:
            case "prepare":
                make_post(tx, account)
            case "harvest":
                make_harvest(tx, account)
            case "inbox":
                make_inbox_event(tx)
            case "reply":
                make_reply(tx, make_mention(tx, account))
            case "backfill":
                make_harvest(tx, account, next_action_at=clock.now() + timedelta(hours=1))
                make_backfill(tx, account)
    with ctx.database.transaction() as tx:
        (hint,) = claim_due(tx, work, limit=1, lease_s=60)
    return hint


def run(ctx: WorkerContext, hint: Hint, step: Step) -> None:
    assert perform(ctx, {hint.task: step}, hint)


def owed_in(ctx: WorkerContext, table: str) -> timedelta:
    query = f"SELECT next_action_at - now() FROM {table} ORDER BY next_action_at LIMIT 1"  # noqa: S608 - our names
    with ctx.database.transaction() as tx:
        return timedelta(seconds=tx.execute(text(query)).scalar_one().total_seconds())


@pytest.mark.parametrize("name", LOST)
def test_a_claim_that_has_passed_on_is_told_and_the_row_left_to_its_holder(
    ctx: WorkerContext, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    work = WORKS[name]
    hint = due(ctx, work)

    def step(_: WorkerContext, lease: Lease) -> None:
        with ctx.database.transaction() as tx:
            tx.execute(text(f"UPDATE {work.table} SET claim = claim + 1"))  # noqa: S608 - our names
        raise ClaimLost("another has it")

    with caplog.at_level("INFO"):
        run(ctx, hint, step)

    said = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert [(one["event"], one["row"], one["reason"]) for one in said] == [(LOST[name], hint.id, "another has it")]
    assert owed_in(ctx, work.table) > CRASHED_AGAIN_AFTER  # still the lease of whoever holds it


def test_a_step_that_finds_the_gate_shut_is_owed_when_it_opens(ctx: WorkerContext) -> None:
    hint = due(ctx, WORKS["harvest"])

    def step(_: WorkerContext, __: Lease) -> None:
        raise GateShut(clock.now() + timedelta(minutes=40), "throttled")

    run(ctx, hint, step)

    assert timedelta(minutes=39) < owed_in(ctx, "harvests") <= timedelta(minutes=40)


def test_a_step_that_crashes_is_owed_again_soon(ctx: WorkerContext, caplog: pytest.LogCaptureFixture) -> None:
    hint = due(ctx, WORKS["harvest"])

    def step(_: WorkerContext, __: Lease) -> None:
        raise ZeroDivisionError

    run(ctx, hint, step)

    assert timedelta(0) < owed_in(ctx, "harvests") <= CRASHED_AGAIN_AFTER
    assert "step.crashed" in caplog.text
