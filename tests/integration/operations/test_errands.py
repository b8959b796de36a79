"""Waiting for rows: workers that are there are left to it, and hands are lent where nobody takes anything up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from models.owed.claims import claim_due, finish, take
from models.owed.works import WORKS
from models.reading.upkeep.workers import has_worker
from models.store.session import Database
from operations import errands
from operations.errands import Errand, await_errand
from operations.operation import Context
from pressrun import clock
from pressrun.errors import PressrunError
from pressrun.network.hints import Queue
from pressrun.settings import Settings
from tests.factories.rows import make_account, make_backfill

WORK = next(work for work in WORKS if work.name == "backfill")


class Lender:
    """Hands that do the work as soon as they are lent."""

    def __init__(self, database: Database, *, dies: bool = False) -> None:
        self._database, self._dies = database, dies
        self.lent: list[Queue] = []

    @contextmanager
    def __call__(self, queue: Queue) -> Iterator[Callable[[], None]]:
        self.lent.append(queue)
        yield self._check

    def _check(self) -> None:
        if self._dies:
            raise PressrunError("it does not stay")
        finish_all(self._database)


def finish_all(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(text("UPDATE backfills SET finished_at = now(), next_action_at = NULL, leased_until = NULL"))


@pytest.fixture
def ctx(database: Database) -> Context:
    return Context(database, Settings())


@pytest.fixture
def backfill_id(database: Database) -> int:
    with database.transaction() as tx:
        return make_backfill(tx, make_account(tx)).id


@pytest.fixture
def connected_worker(database_url: str) -> Iterator[None]:
    """What the database shows of a worker of the queue."""
    other = Database(database_url, application_name="pressrun worker harvest,inbox")
    with other.transaction() as tx:
        tx.execute(text("SELECT 1"))
        yield
    other.close()


def test_with_nobody_there_hands_are_lent_at_once(ctx: Context, backfill_id: int) -> None:
    lender, looks = Lender(ctx.database), list[int]()

    await_errand(ctx, Errand.of("backfill", [backfill_id]), on_look=looks.append, hands=lender)

    assert lender.lent == [Queue.HARVEST]
    assert looks == [1, 0]


def test_hands_that_are_not_there_end_the_wait(ctx: Context, backfill_id: int) -> None:
    errand = Errand.of("backfill", [backfill_id])

    with pytest.raises(PressrunError, match="does not stay"):
        await_errand(ctx, errand, on_look=lambda _left: None, hands=Lender(ctx.database, dies=True))


@pytest.mark.usefixtures("connected_worker")
def test_a_worker_that_takes_it_up_is_left_to_it(
    ctx: Context, backfill_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "NOBODY_AFTER_S", 0.5)
    lender, looks = Lender(ctx.database), list[int]()

    def work(left: int) -> None:
        looks.append(left)
        if len(looks) == 1:
            with ctx.database.transaction() as tx:
                [hint] = claim_due(tx, WORK, limit=1, lease_s=60)
                lease = take(tx, WORK.table, hint.id, hint.claim, lease_s=60)
            assert lease is not None
        if len(looks) == 5:  # longer than a row that nobody holds would have been waited for
            finish_all(ctx.database)

    await_errand(ctx, Errand.of("backfill", [backfill_id]), on_look=work, hands=lender)

    assert (lender.lent, looks[-1], len(looks)) == ([], 0, 6)


@pytest.mark.usefixtures("connected_worker")
def test_a_worker_that_is_gone_again_is_stood_in_for(
    ctx: Context, backfill_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "NOBODY_AFTER_S", 0.5)
    lender, looks = Lender(ctx.database), list[int]()

    def work(left: int) -> None:
        looks.append(left)
        with ctx.database.transaction() as tx:
            if len(looks) == 1:
                claim_due(tx, WORK, limit=1, lease_s=60)
            if len(looks) == 3:  # its lease has run out
                tx.execute(text("UPDATE backfills SET next_action_at = now(), leased_until = now()"))

    await_errand(ctx, Errand.of("backfill", [backfill_id]), on_look=work, hands=lender)

    assert lender.lent == [Queue.HARVEST]
    assert looks[-1] == 0


def test_what_is_put_off_is_not_waited_for(ctx: Context, backfill_id: int) -> None:
    lender = Lender(ctx.database)
    with ctx.database.transaction() as tx:
        [hint] = claim_due(tx, WORK, limit=1, lease_s=60)
        lease = take(tx, WORK.table, hint.id, hint.claim, lease_s=60)
        assert lease is not None
        finish(tx, lease, next_action_at=clock.now() + timedelta(hours=1))

    await_errand(ctx, Errand.of("backfill", [backfill_id]), on_look=lambda _left: None, hands=lender)

    assert lender.lent == []


def test_a_worker_of_another_queue_is_none(database: Database, connected_worker: None) -> None:
    with database.transaction() as tx:
        assert {queue for queue in Queue if has_worker(tx, queue)} == {Queue.HARVEST, Queue.INBOX}
