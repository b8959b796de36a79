"""Harvest rows: one per account and kind, one run per slot, planned by one scheduler."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models.harvests.harvest import (
    Harvest,
    HarvestKind,
    HarvestRun,
    RunStatus,
    add_harvests,
    begin_run,
    end_run,
)
from models.harvests.planning import settle, unplanned
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import make_account, make_backfill, make_harvest
from tests.integration.models.racing import race

T0 = clock.now().replace(microsecond=0)


def test_an_account_gets_each_harvest_once_and_keeps_what_was_changed(loose: Database) -> None:
    with loose.transaction() as tx:
        account = make_account(tx)
        add_harvests(tx, account.id, {HarvestKind.TAGS: "0 * * * *"})
        tx.execute(text("UPDATE harvests SET cron = '30 5 * * *', next_action_at = NULL"))

        add_harvests(tx, account.id, {HarvestKind.TAGS: "0 * * * *", HarvestKind.MEDIA: "5 * * * *"})

        found = list(tx.scalars(select(Harvest).order_by(Harvest.kind)))
    assert [(one.kind, one.cron) for one in found] == [("media", "5 * * * *"), ("tags", "30 5 * * *")]
    assert [one.next_action_at is None for one in found] == [False, True]


def test_a_run_that_was_left_is_taken_up_again(loose: Database) -> None:
    with loose.transaction() as tx:
        harvest = make_harvest(tx, make_account(tx))
        first = begin_run(tx, harvest.id, T0, api_version="v25.0", now=T0)
        first.status, first.calls = RunStatus.PARTIAL.value, 4
    with loose.transaction() as tx:
        again = begin_run(tx, harvest.id, T0, api_version="v26.0", now=T0 + timedelta(hours=1))
        other = begin_run(tx, harvest.id, T0 + timedelta(hours=1), api_version="v26.0", now=T0)

    assert (again.id, again.status, again.calls, again.started_at) == (first.id, RunStatus.PARTIAL, 4, T0)
    assert other.id != first.id


def test_workers_that_begin_the_same_slot_at_once_share_one_run(loose: Database) -> None:
    with loose.transaction() as tx:
        harvest = make_harvest(tx, make_account(tx))

    def begin() -> int:
        with loose.transaction() as tx:
            return begin_run(tx, harvest.id, T0, api_version="v25.0", now=T0).id

    assert len(set(race([begin] * 8))) == 1
    with loose.transaction() as tx:
        assert tx.scalar(select(func.count()).select_from(HarvestRun)) == 1


class TestWhatTheRowSaysOfItsRuns:
    """Every test's end checks it against the runs themselves."""

    def test_a_run_that_is_begun_is_the_last_one(self, database: Database) -> None:
        with database.transaction() as tx:
            harvest = make_harvest(tx, make_account(tx))
            run = begin_run(tx, harvest.id, T0, api_version="v25.0", now=T0)

            assert _told(tx, harvest.id) == (run.id, None, None)

    def test_a_slot_that_was_run_late_is_done_up_to_the_end_of_its_run(self, database: Database) -> None:
        with database.transaction() as tx:
            harvest = make_harvest(tx, make_account(tx))
            for hours, status in enumerate((RunStatus.DONE, RunStatus.PARTIAL, RunStatus.FAILED)):
                slot = T0 + timedelta(hours=hours)
                run = begin_run(tx, harvest.id, slot, api_version="v25.0", now=slot)
                end_run(tx, run.id, status, now=slot + timedelta(minutes=90))

            assert _told(tx, harvest.id) == (run.id, T0 + timedelta(hours=3.5), T0 + timedelta(hours=2.5))

    def test_a_slot_that_ends_before_its_time_is_done_all_the_same(self, database: Database) -> None:
        with database.transaction() as tx:
            harvest = make_harvest(tx, make_account(tx))
            slot = T0 + timedelta(minutes=5)
            run = begin_run(tx, harvest.id, slot, api_version="v25.0", now=T0)
            end_run(tx, run.id, RunStatus.DONE, now=T0)

            assert _told(tx, harvest.id) == (run.id, slot, T0)

    def test_the_run_of_a_backfill_is_none_of_its_slots(self, database: Database) -> None:
        with database.transaction() as tx:
            account = make_account(tx)
            harvest, backfill = make_harvest(tx, account), make_backfill(tx, account)
            run = begin_run(tx, harvest.id, T0, api_version="v25.0", now=T0, backfill_id=backfill.id)
            end_run(tx, run.id, RunStatus.DONE, now=T0)

            assert _told(tx, harvest.id) == (None, None, None)

    def test_what_a_worker_of_the_release_before_has_ended_is_counted_when_its_slot_is_looked_at(
        self, database: Database
    ) -> None:
        with database.transaction() as tx:
            harvest = make_harvest(tx, make_account(tx))
            tx.execute(
                text(
                    "INSERT INTO harvest_runs (harvest_id, slot_at, status, api_version, started_at, finished_at)"
                    " VALUES (:id, :at, 'done', 'v25.0', :at, :at)"
                ),
                {"id": harvest.id, "at": T0},
            )

            run = begin_run(tx, harvest.id, T0, api_version="v25.0", now=T0 + timedelta(hours=1))

            assert run.status == RunStatus.DONE.value
            assert _told(tx, harvest.id) == (run.id, T0, T0)


def _told(tx: Session, harvest_id: int) -> tuple[object, ...]:
    query = text("SELECT last_run_id, done_at, covered_at FROM harvests WHERE id = :id")
    return tuple(tx.execute(query, {"id": harvest_id}).one())


class TestUnplanned:
    def test_only_what_waits_for_a_slot_is_planned_oldest_first(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account = make_account(tx)
            make_harvest(tx, account, kind="media")
            make_harvest(tx, account, kind="stories", slot_at=None, next_action_at=None)
            young = make_harvest(tx, account, kind="tags", slot_at=None, next_action_at=T0)
            old = make_harvest(tx, account, kind="profile", slot_at=None, next_action_at=T0 - timedelta(hours=1))

        with loose.transaction() as tx:
            assert [one.id for one in unplanned(tx, {}, limit=10, now=T0)] == [old.id, young.id]
            assert [one.id for one in unplanned(tx, {}, limit=1, now=T0)] == [old.id]

    def test_of_schedulers_that_plan_at_once_one_plans_each(self, loose: Database) -> None:
        with loose.transaction() as tx:
            waiting = {make_harvest(tx, make_account(tx), slot_at=None).id for _ in range(60)}

        def plan_all(minutes: int) -> int:
            at, planned = T0 + timedelta(minutes=minutes), 0
            while True:
                with loose.look() as tx:
                    rows = unplanned(tx, {}, limit=4, now=T0)
                    planned += settle(tx, [(one, at, at) for one in rows])
                if not rows:
                    return planned

        shares = race([partial(plan_all, minutes) for minutes in range(4)])

        with loose.transaction() as tx:
            slots = [one.slot_at for one in tx.scalars(select(Harvest))]
        assert sum(shares) == len(slots) == len(waiting)
        assert [slots.count(T0 + timedelta(minutes=minutes)) for minutes in range(4)] == shares
