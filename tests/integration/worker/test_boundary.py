"""What steps leave to their edge: a claim that has passed on, a gate that is shut, a crash."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text

from graph.wire.transport import Transport
from models.owed.claims import ClaimLost, Lease, claim_due, renew
from models.owed.presence import Presence
from models.owed.works import WORKS as ALL
from models.owed.works import Work
from models.store.session import Database
from pressrun import clock
from pressrun.embedded.servers import borrow_postgres, wait_stopped
from pressrun.network.hints import Hint
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
from tests.support.homes import give_cluster
from tests.support.outages import is_known
from tests.support.servers import reachable_folder
from tests.support.waiting import until
from worker.attendance import Attendance
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


def test_a_step_that_the_database_refuses_keeps_its_lease_so_that_it_does_not_fail_for_ever(
    ctx: WorkerContext,
) -> None:
    hint = due(ctx, WORKS["prepare"])

    def step(_: WorkerContext, __: Lease) -> None:
        with ctx.database.transaction() as tx:
            tx.execute(text("SELECT 1 / 0"))

    run(ctx, hint, step)

    assert owed_in(ctx, "posts") > CRASHED_AGAIN_AFTER


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_row_whose_worker_lost_its_sessions_is_due_again_at_once(ctx: WorkerContext, is_taken: bool) -> None:
    hint = due(ctx, WORKS["prepare"])
    cuts: list[str] = []

    def cut(connection: Connection, _: object, sql: str, *__: object) -> None:
        """End the session of the statement that takes the row, or of the step's own."""
        if not cuts and ("RETURNING claim" in sql) is not is_taken and "posts" in sql:
            cuts.append(sql)
            (pid,) = connection.connection.execute("SELECT pg_backend_pid()").fetchone()
            with ctx.database.standing_connection() as other:
                other.execute("SELECT pg_terminate_backend(%s, 60000)", (pid,))

    def step(_: WorkerContext, lease: Lease) -> None:
        with ctx.database.transaction() as tx:
            renew(tx, lease)

    event.listen(ctx.database.engine, "before_cursor_execute", cut)
    run(ctx, hint, step)

    assert len(cuts) == 1
    assert owed_in(ctx, "posts") <= timedelta(0)
    with ctx.database.transaction() as tx:
        assert tx.execute(text("SELECT claim, leased_until FROM posts")).one() == (hint.claim + is_taken, None)


@contextmanager
def lasting_postgres() -> Iterator[tuple[Path, str]]:
    """A server of the test's own that keeps what it has committed, unlike the one that all tests share."""
    with reachable_folder() as folder:
        home = folder / "home"
        give_cluster(home, migrated=True)
        with borrow_postgres(home) as url:
            yield home, url
        wait_stopped(home)


@pytest.mark.cost(cpu_s=8)
def test_a_step_caught_by_a_restart_of_postgres_gives_its_row_back(tmp_path: Path) -> None:
    with lasting_postgres() as (home, url), Transport() as transport:
        database = Database(url)
        presence = Presence(database)
        attendance = Attendance(presence, database)
        attendance.start()
        ctx = WorkerContext(Settings(home=tmp_path), database, Vault([KEY]), transport, presence=presence)
        hint = due(ctx, WORKS["prepare"])
        killed_at: list[datetime] = []

        def step(_: WorkerContext, lease: Lease) -> None:
            with database.transaction() as tx:
                renew(tx, lease)
                killed_at.append(tx.execute(text("SELECT clock_timestamp()")).scalar_one())
                server = json.loads((home / "run" / "postgres.json").read_text())
                os.kill(server["server_pid"], signal.SIGKILL)
                until(lambda: tx.execute(text("SELECT 1")) is None)  # until its session is seen to have ended

        run(ctx, hint, step)

        with database.transaction() as tx:
            claim, leased_until, owed_at = tx.execute(
                text("SELECT claim, leased_until, next_action_at FROM posts")
            ).one()
        assert (claim, leased_until) == (hint.claim + 1, None)
        assert owed_at - killed_at[0] < timedelta(seconds=10)
        until(lambda: is_known(database, presence))
        attendance.stop()
        database.close()
