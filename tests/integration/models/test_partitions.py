"""Partitions: every row of the history has a month to land in, made ahead and by whoever comes first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from models.store.partitions import MONTHS_AHEAD, PARTITIONED, ensure_partitions
from models.store.session import Database
from models.upkeep.invariants import run_all
from pressrun import clock
from tests.integration.models.racing import after_a_vacuum, race

FAR = datetime(2031, 11, 30, 23, 59, tzinfo=UTC)
MONTHS = ["2031_11", "2031_12", "2032_01", "2032_02"]
NAMES = [f"{table}_{month}" for table in PARTITIONED for month in MONTHS]


def _partitions(database: Database, table: str) -> list[str]:
    with database.transaction() as tx:
        query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:name AS regclass) ORDER BY 1"
        return list(tx.execute(text(query), {"name": table}).scalars())


def _ensure(database: Database, now: datetime) -> list[str]:
    with database.transaction() as tx:
        return ensure_partitions(tx, now=now)


def _add(database: Database, at: datetime, media_id: int = 1) -> None:
    with database.transaction() as tx:
        query = "INSERT INTO media_snapshots (media_id, captured_at, reach, extra) VALUES (:id, :at, 5, '{\"a\": 1}')"
        tx.execute(text(query), {"id": media_id, "at": at})


def _where(database: Database) -> list[tuple[int, str]]:
    """Each snapshot's media and the partition that holds it."""
    with database.transaction() as tx:
        rows = tx.execute(text("SELECT media_id, tableoid::regclass::text AS place FROM media_snapshots ORDER BY 1"))
        return [(row.media_id, row.place) for row in rows]


@pytest.mark.parametrize("table", PARTITIONED)
def test_a_migrated_database_has_this_month_and_the_next_ones(database: Database, table: str) -> None:
    months = [clock.now().replace(day=1)]
    last = months[0] - timedelta(days=1)  # of the suite's template, not of a revision
    while len(months) < 1 + MONTHS_AHEAD:
        months.append((months[-1] + timedelta(days=32)).replace(day=1))

    assert _partitions(database, table) == sorted(
        [f"{table}_default", *(f"{table}_{one:%Y_%m}" for one in (last, *months))]
    )
    assert MONTHS_AHEAD == 3


def test_what_is_missing_is_made_once(database: Database) -> None:
    assert sorted(_ensure(database, FAR)) == sorted(NAMES)
    assert _ensure(database, FAR) == []
    assert _ensure(database, FAR + timedelta(minutes=1)) == [f"{table}_2032_03" for table in PARTITIONED]


def test_schedulers_that_make_them_at_once_make_each_once(database: Database) -> None:
    made = race([partial(_ensure, database, FAR)] * 5)

    assert sorted(name for one in made for name in one) == sorted(NAMES)


def test_a_row_lands_in_the_month_of_its_instant_in_utc(database: Database) -> None:
    _ensure(database, FAR)
    edge = datetime(2031, 12, 1, tzinfo=UTC)

    _add(database, edge - timedelta(microseconds=1), 1)
    _add(database, edge, 2)
    _add(database, datetime(2032, 1, 1, tzinfo=UTC) - timedelta(microseconds=1), 3)
    _add(database, datetime(2032, 3, 1, tzinfo=UTC) - timedelta(microseconds=1), 4)

    assert _where(database) == [
        (1, "media_snapshots_2031_11"),
        (2, "media_snapshots_2031_12"),
        (3, "media_snapshots_2031_12"),
        (4, "media_snapshots_2032_02"),
    ]


def test_a_row_that_came_before_its_month_was_made_is_kept_noticed_and_moved(loose: Database) -> None:
    _add(loose, FAR, 1)
    _add(loose, datetime(2031, 12, 24, tzinfo=UTC), 2)
    _add(loose, datetime(2035, 1, 1, tzinfo=UTC), 3)
    assert {place for _, place in _where(loose)} == {"media_snapshots_default"}
    with loose.transaction() as tx:
        assert list(run_all(tx)) == ["media_snapshots_without_partition"]

    assert sorted(_ensure(loose, FAR)) == sorted(NAMES)

    assert _where(loose) == [
        (1, "media_snapshots_2031_11"),
        (2, "media_snapshots_2031_12"),
        (3, "media_snapshots_default"),  # its month is not made yet
    ]
    with loose.transaction() as tx:
        whole = tx.execute(text("SELECT reach, extra, captured_at FROM media_snapshots WHERE media_id = 1")).one()
    assert tuple(whole) == (5, {"a": 1}, FAR)


def test_months_are_made_beside_the_vacuum_of_another(loose: Database) -> None:
    _ensure(loose, FAR - timedelta(days=60))

    with loose.transaction() as vacuum:
        for table in PARTITIONED:
            vacuum.execute(text(f"LOCK TABLE {table}_2031_10 IN SHARE UPDATE EXCLUSIVE MODE"))
        with loose.transaction() as tx:
            tx.execute(text("SET LOCAL lock_timeout = '300ms'"))  # as in `scheduler/upkeep.py`
            made = ensure_partitions(tx, now=FAR + timedelta(days=60))

    assert f"{PARTITIONED[0]}_2032_04" in made
    assert len(made) == 3 * len(PARTITIONED)


def test_a_row_that_has_to_be_moved_waits_for_a_vacuum(loose: Database) -> None:
    _add(loose, FAR, 1)

    made = after_a_vacuum(loose, "media_snapshots_default", partial(_ensure, loose, FAR))

    assert sorted(made) == sorted(NAMES)
    assert _where(loose) == [(1, "media_snapshots_2031_11")]


@pytest.mark.parametrize("place", ["media_snapshots", "media_snapshots_2031_11", "media_snapshots_default"])
def test_what_was_moved_is_as_append_only_as_before(loose: Database, place: str) -> None:
    _add(loose, FAR, 1)
    _add(loose, datetime(2035, 1, 1, tzinfo=UTC), 3)
    _ensure(loose, FAR)

    for statement in (f"UPDATE {place} SET reach = 6", f"DELETE FROM {place}", f"TRUNCATE {place}"):  # noqa: S608
        with pytest.raises(IntegrityError, match="is append-only"), loose.transaction() as tx:
            tx.execute(text(statement))
