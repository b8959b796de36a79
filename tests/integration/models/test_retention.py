"""Retention: whole months that are old enough go, and are written down; the newest values and the rest stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, text

from models.accounts.account import Account
from models.harvests.harvest import Harvest, RunStatus, begin_run, end_run
from models.history.insight import Observation, store_observations
from models.history.media import MediaReading, SeenMedia, see_media, store_readings
from models.reading.history.harvests import harvest_status
from models.store.partitions import PARTITIONED, ensure_partitions
from models.store.session import Database
from models.upkeep.invariants import run_all
from models.upkeep.retention import DroppedMonth, drop_month, kept_since, old_partitions
from tests.factories.rows import make_account, make_harvest
from tests.integration.models.racing import after_a_vacuum

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture
def filled(loose: Database) -> Database:
    """A reading of a media and of an account in each month from January to June."""
    with loose.transaction() as tx:
        ensure_partitions(tx, now=datetime(2026, 1, 1, tzinfo=UTC), months_ahead=6)
        account_id = make_account(tx).id
        media_id = see_media(tx, account_id, [SeenMedia("1")], now=NOW)["1"]
        for month in range(1, 7):
            at = datetime(2026, month, 10, tzinfo=UTC)
            store_readings(tx, [MediaReading(media_id, at, {"views": month})], run_id=1)
            points = [Observation("reach", "day", "", at - timedelta(days=1), month)]
            store_observations(tx, account_id, points, captured_at=at, run_id=1)
    return loose


def _drop(database: Database, months: int) -> list[str]:
    dropped = []
    with database.transaction() as tx:
        for name in old_partitions(tx, before=kept_since(NOW, months=months)):
            assert drop_month(tx, name, now=NOW) is not None
            dropped.append(name)
    return dropped


def _months_left(database: Database, table: str) -> list[int]:
    with database.transaction() as tx:
        query = f"SELECT extract(month FROM captured_at)::int FROM {table} ORDER BY 1"  # noqa: S608
        return list(tx.scalars(text(query)))


@pytest.mark.parametrize(
    ("now", "months", "since"),
    [
        (NOW, 1, datetime(2026, 5, 1, tzinfo=UTC)),
        (NOW, 5, datetime(2026, 1, 1, tzinfo=UTC)),
        (NOW, 6, datetime(2025, 12, 1, tzinfo=UTC)),
        (datetime(2026, 1, 1, tzinfo=UTC), 24, datetime(2024, 1, 1, tzinfo=UTC)),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), 12, datetime(2025, 12, 1, tzinfo=UTC)),
    ],
)
def test_whole_months_are_kept_before_the_one_that_is_running(now: datetime, months: int, since: datetime) -> None:
    assert kept_since(now, months=months) == since


def test_only_months_that_are_old_as_a_whole_go(filled: Database) -> None:
    assert _drop(filled, 2) == [f"{table}_2026_0{month}" for table in PARTITIONED for month in (1, 2, 3)]

    assert _months_left(filled, "media_snapshots") == [4, 5, 6]
    assert _months_left(filled, "account_observations") == [4, 5, 6]
    assert _drop(filled, 2) == []


def test_the_newest_values_stay_and_no_invariant_is_broken_by_it(filled: Database) -> None:
    _drop(filled, 2)

    assert _months_left(filled, "account_latest") == [1, 2, 3, 4, 5, 6]
    assert _months_left(filled, "media_latest") == [6]
    with filled.transaction() as tx:
        assert run_all(tx) == {}


def test_a_point_that_is_missing_from_a_month_that_stands_is_noticed_still(filled: Database) -> None:
    _drop(filled, 2)
    with filled.transaction() as tx:
        tx.execute(text("ALTER TABLE account_observations DISABLE TRIGGER append_only"))
        tx.execute(text("DELETE FROM account_observations WHERE captured_at < '2026-05-01'"))
        tx.execute(text("ALTER TABLE account_observations ENABLE TRIGGER append_only"))

    with filled.transaction() as tx:
        found = run_all(tx)
    assert list(found) == ["latest_without_point"]
    assert len(found["latest_without_point"]) == 1


def test_a_month_that_is_dropped_by_hand_is_noticed(filled: Database) -> None:
    with filled.transaction() as tx:
        tx.execute(text("DROP TABLE account_observations_2026_01"))

    with filled.transaction() as tx:
        assert list(run_all(tx)) == ["latest_without_point"]


def test_what_went_is_written_down(filled: Database) -> None:
    _drop(filled, 4)

    with filled.transaction() as tx:
        months = list(tx.scalars(select(DroppedMonth).order_by(DroppedMonth.table_name)))
    january = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC), NOW)
    assert [(one.table_name, one.since, one.until, one.dropped_at) for one in months] == [
        (table, *january) for table in sorted(PARTITIONED)
    ]
    assert all(one.bytes > 0 for one in months)


def test_a_month_that_is_being_vacuumed_goes_once_that_is_over(filled: Database) -> None:
    dropped = after_a_vacuum(filled, "media_snapshots_2026_02", partial(_drop, filled, 2))

    assert dropped == [f"{table}_2026_0{month}" for table in PARTITIONED for month in (1, 2, 3)]
    assert _months_left(filled, "media_snapshots") == [4, 5, 6]


def test_the_default_partition_never_goes(filled: Database) -> None:
    with filled.transaction() as tx:
        names = old_partitions(tx, before=datetime(2100, 1, 1, tzinfo=UTC))

    assert names
    assert not [name for name in names if name.endswith("_default")]


def test_a_month_under_another_name_is_left_alone(filled: Database) -> None:
    with filled.transaction() as tx:
        tx.execute(text("ALTER TABLE media_snapshots_2026_01 RENAME TO media_snapshots_by_hand"))

    assert "media_snapshots_by_hand" not in _drop(filled, 2)
    assert _months_left(filled, "media_snapshots") == [1, 4, 5, 6]


def test_one_that_another_scheduler_has_dropped_is_no_error(filled: Database) -> None:
    with filled.transaction() as tx:
        assert drop_month(tx, "media_snapshots_2020_01", now=NOW) is None


def test_runs_go_with_the_months_of_their_slots_and_the_harvest_stays_as_far(filled: Database) -> None:
    with filled.transaction() as tx:
        harvest = make_harvest(tx, tx.scalars(select(Account)).one())
        for month in (1, 2):
            at = datetime(2026, month, 10, tzinfo=UTC)
            end_run(tx, begin_run(tx, harvest.id, at, api_version="v25.0", now=at).id, RunStatus.DONE, now=at)

    _drop(filled, 2)

    with filled.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM harvest_runs")) == 0
        tx.refresh(found := tx.get_one(Harvest, harvest.id))
        assert (found.done_at, found.covered_at) == (at, at)
        assert [one.last_slot_at for one in harvest_status(tx)] == [None]
        assert run_all(tx) == {}


def test_a_slot_that_was_owed_since_a_month_that_is_dropped_is_run_all_the_same(filled: Database) -> None:
    _drop(filled, 2)
    with filled.transaction() as tx:
        harvest = make_harvest(tx, tx.scalars(select(Account)).one())
        run = begin_run(tx, harvest.id, datetime(2026, 1, 10, tzinfo=UTC), api_version="v25.0", now=NOW)
        end_run(tx, run.id, RunStatus.DONE, now=NOW, slot_at=run.slot_at)

    with filled.transaction() as tx:
        (status,) = harvest_status(tx)
        assert (status.last_slot_at, status.status) == (run.slot_at, "done")
        assert run_all(tx) == {}


def test_reading_goes_on_after_it(filled: Database) -> None:
    _drop(filled, 2)

    with filled.transaction() as tx:
        media_id = tx.execute(text("SELECT id FROM media")).scalar_one()
        assert store_readings(tx, [MediaReading(media_id, NOW, {"views": 6})], run_id=1) == 0
        assert store_readings(tx, [MediaReading(media_id, NOW + timedelta(1), {"views": 7})], run_id=1) == 1
