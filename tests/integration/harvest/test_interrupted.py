"""A worker that dies anywhere in a harvest: nothing is lost, and nothing is stored twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from graph.client import GraphClient
from models.harvests.harvest import HarvestKind
from models.owed.claims import ClaimLost, Lease, renew
from models.store.session import Database
from pressrun import failpoints
from pressrun.failpoints import FailpointRaised
from tests.integration.harvest.conftest import STILL, Field, settings_for
from tests.integration.harvest.instagram import publish
from tests.support.simulator import Simulator
from worker.context import WorkerContext
from worker.harvests import run as harvest

POINTS = ("harvest.after_read", "harvest.after_store")
GROWN_BY = {
    HarvestKind.PROFILE: "SELECT count(*) FROM account_observations",
    HarvestKind.ACCOUNT: "SELECT count(*) FROM account_observations",
    HarvestKind.AUDIENCE: "SELECT count(*) FROM audience_snapshots",
    HarvestKind.MEDIA: "SELECT count(*) FROM media_snapshots",
    HarvestKind.TAGS: "SELECT count(*) FROM tags",
}
# As many as one undisturbed run stores: forty-eight media were published beside the twelve that were there.
EXPECTED = {HarvestKind.PROFILE: 3, HarvestKind.AUDIENCE: 25, HarvestKind.MEDIA: 60, HarvestKind.TAGS: 122}


@pytest.fixture
def field(database: Database, simulator_factory: Callable[..., Simulator]) -> Iterator[Field]:
    """An account with two pages of media and three of tags."""
    simulator = simulator_factory(accounts=1, quota_total=100, **STILL)
    publish(simulator, 0, count=48)
    for _ in range(120):
        simulator.post("/_sim/tag", account=0)
    field = Field(database, settings_for(simulator.url), simulator)
    yield field
    field.transport.close()


def died(field: Field, lease: Lease, point: str, nth: int) -> bool:
    """Whether the point was reached for the nth time, where the worker died."""
    failpoints.arm(f"{point}=raise@{nth}")
    try:
        harvest.run(field.ctx, lease)
    except FailpointRaised:
        return True
    finally:
        failpoints.arm("")
    return False


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("kind", GROWN_BY)
def test_a_worker_that_dies_at_each_point_in_turn(field: Field, kind: HarvestKind, point: str) -> None:
    account = field.account(0)
    nth = 1
    while died(field, field.lease(kind, account), point, nth):
        nth += 1
        # Slots are given up after six tries; here each try dies somewhere else.
        field.sql("UPDATE harvests SET tries = 0")

    run = field.latest_run(kind, account)
    stored = field.history()
    assert nth > 1
    assert run.status == "done"
    assert run.owed_slot is None
    # What the runs say they added is what is there: nothing was lost and nothing came twice.
    expected = EXPECTED.get(kind) or field.count("account_latest")
    assert field.value("SELECT sum(rows) FROM harvest_runs") == field.value(GROWN_BY[kind]) == expected

    field.repeat_slot(kind, account)
    assert field.harvest(kind, account).status == "done"
    assert field.history() == stored


def test_a_long_list_is_read_on_where_it_was_left(field: Field) -> None:
    account = field.account(0)
    assert died(field, field.lease(HarvestKind.MEDIA, account), "harvest.after_store", 1)
    stored = field.count("media_snapshots")

    run = field.harvest(HarvestKind.MEDIA, account)

    assert stored == 50
    assert run.status == "done"
    assert field.count("media_snapshots") == run.rows == 60


def test_new_tags_behind_an_interrupted_page_are_not_lost(field: Field) -> None:
    account = field.account(0)
    field.harvest(HarvestKind.TAGS, account)
    for _ in range(120):
        field.simulator.post("/_sim/tag", account=0)

    assert died(field, field.lease(HarvestKind.TAGS, account), "harvest.after_store", 1)
    field.sql("UPDATE harvest_runs SET status = 'failed', finished_at = now() WHERE status = 'running'")
    field.sql("UPDATE harvests SET slot_at = NULL")
    field.recount()
    field.harvest(HarvestKind.TAGS, account)

    assert field.count("tags") == 242


def test_a_worker_that_lost_its_claim_stores_nothing_more(field: Field) -> None:
    account = field.account(0)
    lease = field.lease(HarvestKind.TAGS, account)
    field.lease(HarvestKind.TAGS, account)

    with pytest.raises(ClaimLost):
        harvest.run(field.ctx, lease)

    assert field.count("tags") == field.count("harvest_runs") == 0


def test_a_worker_that_stalls_until_another_took_over_stores_nothing_more(field: Field) -> None:
    account = field.account(0)
    stalled = field.lease(HarvestKind.TAGS, account)
    reached, resume = threading.Event(), threading.Event()

    class Stalling(WorkerContext):
        """Its worker freezes just before it makes its first call."""

        def client(self, *arguments: Any, **options: Any) -> GraphClient:
            reached.set()
            assert resume.wait(60)
            return super().client(*arguments, **options)

    ctx = field.ctx
    slow = Stalling(ctx.settings, ctx.database, ctx.vault, ctx.transport)
    with ThreadPoolExecutor(1) as pool:
        stalling = pool.submit(harvest.run, slow, stalled)
        assert reached.wait(60)

        run = field.harvest(HarvestKind.TAGS, account)
        resume.set()
        with pytest.raises(ClaimLost):
            stalling.result(20)

    assert (run.status, run.rows) == ("done", 122)
    assert field.latest_run(HarvestKind.TAGS, account) == run
    with pytest.raises(ClaimLost), field.database.transaction() as tx:
        renew(tx, stalled)
