"""Reading back: as far as Instagram tells, going on where it was left, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row

from models.accounts.account import Account
from models.harvests.backfill import open_backfill
from models.harvests.harvest import HarvestKind
from models.harvests.keeping import ACCOUNT_KEPT, WITH_A_PAST
from models.owed.claims import claim_due, take
from models.owed.works import WORKS
from models.reading.history.harvests import calls_of_a_day, harvest_status
from models.store.session import Database
from pressrun import clock, failpoints
from pressrun.failpoints import FailpointRaised
from pressrun.instagram.pacific import closed_days
from tests.integration.harvest.conftest import LEASE_S, STILL, Field, settings_for
from tests.integration.harvest.instagram import publish
from tests.support.simulator import Simulator
from worker.harvests import backfill
from worker.harvests.ending import MOST_TRIES

WORK = next(work for work in WORKS if work.name == "backfill")
POINTS = ("backfill.after_read", "backfill.after_store")
LONG_AGO = timedelta(days=400)


@pytest.fixture
def field(database: Database, simulator_factory: Callable[..., Simulator]) -> Iterator[Field]:
    simulator = simulator_factory(accounts=2, quota_total=200, **STILL)
    field = Field(database, settings_for(simulator.url), simulator)
    yield field
    field.transport.close()


def ask(field: Field, account: Account, kind: HarvestKind, since: timedelta = LONG_AGO) -> int:
    with field.database.transaction() as tx:
        return open_backfill(tx, account.id, kind, clock.now() - since).id


def work(field: Field) -> Row[Any]:
    """One step of the backfill that is open; returns it as it is then."""
    field.sql("UPDATE backfills SET next_action_at = now(), leased_until = NULL WHERE finished_at IS NULL")
    with field.database.transaction() as tx:
        hint = claim_due(tx, WORK, limit=1, lease_s=LEASE_S)[0]
    with field.database.transaction() as tx:
        lease = take(tx, "backfills", hint.id, hint.claim, lease_s=LEASE_S)
    assert lease is not None
    backfill.run(field.ctx, lease)
    return row(field, hint.id)


def row(field: Field, id_: int) -> Row[Any]:
    return field.row(
        """
        SELECT b.*, r.status, r.calls, r.rows, r.errors FROM backfills b
          LEFT JOIN harvest_runs r ON r.backfill_id = b.id WHERE b.id = :id
        """,
        id=id_,
    )


def to_the_end(field: Field, *, most: int = 40) -> Row[Any]:
    for _ in range(most):
        done = work(field)
        if done.finished_at is not None:
            return done
    raise AssertionError("it did not come to an end")


@pytest.mark.parametrize("index", [0, 1])
def test_account_insights_are_read_for_every_day_that_instagram_keeps(field: Field, index: int) -> None:
    account = field.account(index)
    ask(field, account, HarvestKind.ACCOUNT)

    done = to_the_end(field)

    now = clock.now()
    days = field.rows(
        """
        SELECT period_end, count(DISTINCT metric) AS metrics FROM account_latest
         WHERE breakdown = '' GROUP BY period_end ORDER BY period_end
        """
    )
    expected = [day.until for day in closed_days(now - ACCOUNT_KEPT, now)]
    assert (done.status, done.progress) == ("done", 1.0)
    assert 88 <= len(expected) <= 90
    assert [day.period_end for day in days] == expected
    assert min(day.metrics for day in days) >= 10
    assert field.value("SELECT min(captured_at) >= :at FROM account_observations", at=done.requested_at)
    assert done.rows == field.count("account_observations")
    assert field.value("SELECT count(*) FROM account_latest WHERE metric = 'follower_count'") >= 25


@pytest.mark.parametrize("kind", WITH_A_PAST)
def test_reading_back_again_adds_nothing(field: Field, kind: HarvestKind) -> None:
    account = field.account(0)
    since = timedelta(days=20) if kind is HarvestKind.ACCOUNT else LONG_AGO
    ask(field, account, kind, since)
    first = to_the_end(field)
    before = field.history()

    ask(field, account, kind, since)
    second = to_the_end(field)

    assert first.rows > 0
    assert second.id != first.id
    assert (second.status, second.rows) == ("done", 0)
    assert field.history() == before


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("kind", WITH_A_PAST)
def test_a_worker_that_dies_at_each_point_in_turn(field: Field, kind: HarvestKind, point: str) -> None:
    account = field.account(0)
    if kind is HarvestKind.MEDIA:
        publish(field.simulator, 0, count=100)
    if kind is HarvestKind.TAGS:
        for _ in range(60):
            field.simulator.post("/_sim/tag", account=0)
    ask(field, account, kind, timedelta(days=6) if kind is HarvestKind.ACCOUNT else LONG_AGO)
    progress = [0.0]
    for nth in (1, 2, 1, 1):
        failpoints.arm(f"{point}=raise@{nth}")
        try:
            work(field)
        except FailpointRaised:
            progress.append(field.value("SELECT progress FROM backfills"))
            continue
        finally:
            failpoints.arm("")
        break
    done = to_the_end(field) if field.value("SELECT finished_at IS NULL FROM backfills") else row(field, 1)

    table = {HarvestKind.ACCOUNT: "account_observations", HarvestKind.MEDIA: "media_snapshots"}.get(kind, "tags")
    assert len(progress) > 1
    assert progress == sorted(progress)
    assert (done.status, done.progress) == ("done", 1.0)
    assert done.rows == field.count(table)
    assert field.count("harvest_runs") == 1
    if kind is HarvestKind.ACCOUNT:
        assert field.value("SELECT count(DISTINCT period_end) FROM account_latest") in {5, 6}
    else:
        assert done.rows == {HarvestKind.MEDIA: 112, HarvestKind.TAGS: 62}[kind]


def test_it_goes_on_where_it_was(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    account = field.account(0)
    monkeypatch.setattr(backfill, "STEP_S", 0.0)  # one piece a step
    ask(field, account, HarvestKind.ACCOUNT, timedelta(days=5))

    steps = [work(field)]
    while steps[-1].finished_at is None:
        steps.append(work(field))

    reached = [datetime.fromisoformat(one.cursor["done_until"]) for one in steps]
    assert len(steps) in {5, 6}
    assert reached == sorted(reached)
    # A day costs as much in the middle as at the end: nothing is read twice.
    assert steps[-1].calls <= len(steps) * 7


def test_every_media_is_read_with_what_only_its_kind_has(field: Field) -> None:
    account = field.account(0)
    publish(field.simulator, 0, count=60)
    field.harvest(HarvestKind.MEDIA, account)
    ask(field, account, HarvestKind.MEDIA)

    done = to_the_end(field)

    assert (done.status, done.progress) == ("done", 1.0)
    assert field.value("SELECT count(own_read_at) FROM media_states") == 72
    assert field.value("SELECT count(*) FROM media_latest WHERE follows IS NULL AND avg_watch_time_ms IS NULL") == 0


def test_media_before_the_date_are_left_alone(field: Field) -> None:
    account = field.account(0)
    since = timedelta(days=30)
    ask(field, account, HarvestKind.MEDIA, since)

    done = to_the_end(field)

    wanted = field.value("SELECT count(*) FROM media WHERE posted_at >= :at", at=done.since)
    assert 0 < wanted < 12
    assert field.value("SELECT count(own_read_at) FROM media_states") == wanted


def test_there_is_one_for_each_account_and_kind(field: Field) -> None:
    account = field.account(0)
    first = ask(field, account, HarvestKind.ACCOUNT, timedelta(days=10))

    assert ask(field, account, HarvestKind.ACCOUNT, timedelta(days=5)) == first
    assert ask(field, account, HarvestKind.MEDIA) != first


def test_one_that_is_to_reach_further_back_begins_again(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    account = field.account(0)
    monkeypatch.setattr(backfill, "STEP_S", 0.0)
    first = ask(field, account, HarvestKind.ACCOUNT, timedelta(days=5))
    work(field)

    assert ask(field, account, HarvestKind.ACCOUNT, timedelta(days=8)) == first
    assert row(field, first).cursor == {}
    to_the_end(field)

    assert field.value("SELECT count(DISTINCT period_end) FROM account_latest") in {7, 8}


@pytest.mark.parametrize(("level", "waits"), [("slow", 4), ("reserved", 4), ("shut", 4)])
def test_it_gives_way_to_the_gate_without_a_call(field: Field, level: str, waits: int) -> None:
    account = field.account(0)
    ask(field, account, HarvestKind.MEDIA)
    field.sql(
        "INSERT INTO gates (key, account_id, level, changed_at, until)"
        " VALUES ('account:' || CAST(:a AS bigint), :a, :level, now(), now() + interval '10 minutes')",
        a=account.id,
        level=level,
    )
    before = field.simulator.report()["calls_total"]

    done = work(field)

    assert done.finished_at is None
    assert done.next_action_at - clock.now() > timedelta(minutes=waits)
    assert field.simulator.report()["calls_total"] == before


def test_what_fails_in_passing_is_read_again_before_it_goes_on(field: Field) -> None:
    account = field.account(0)
    ask(field, account, HarvestKind.ACCOUNT, timedelta(days=3))
    field.simulator.fault(endpoint="user_insights", mode="reset", nth=3, count=4)

    first = work(field)
    done = to_the_end(field)

    assert first.finished_at is None
    assert (done.status, done.errors) == ("done", [])
    assert field.value("SELECT count(DISTINCT metric) FROM account_latest WHERE breakdown = ''") >= 11


def test_it_gives_up_what_never_works(field: Field) -> None:
    account = field.account(0)
    ask(field, account, HarvestKind.MEDIA)
    field.simulator.fault(endpoint="user_media", mode="reset")

    done = to_the_end(field, most=MOST_TRIES + 2)

    assert done.status == "failed"
    assert done.errors


def test_it_is_no_slot_of_the_schedule(field: Field) -> None:
    account = field.account(0)
    ask(field, account, HarvestKind.TAGS)
    to_the_end(field)

    with field.database.transaction() as tx:
        (status,) = [one for one in harvest_status(tx) if one.kind == "tags"]
        assert calls_of_a_day(tx, now=clock.now()) == {}
    assert status.status is None
    field.plan()
    assert field.value("SELECT slot_at <= now() FROM harvests WHERE kind = 'tags'")  # its first run is still owed
