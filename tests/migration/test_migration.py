"""Revisions: up from nothing to what the models say, down again without a rest, and safe to run twice at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from cli.schema import _config, status, upgrade
from models.account import Account
from models.invariants import run_all
from models.partitions import PARTITIONED
from models.registry import TABLES, metadata
from models.session import Database
from tests.factories.rows import make_account, make_backfill, make_harvest, make_post
from tests.migration.schema_dump import everything, tables
from tests.support.processes import start_module
from tests.support.servers import Servers, create_database, drop_database
from tests.support.waiting import until

_MIGRATORS_LOCK = 7_303_001


@pytest.fixture
def empty_url(servers: Servers) -> Iterator[str]:
    """A database without any table."""
    name = f"empty_{uuid.uuid4().hex[:16]}"
    yield create_database(servers.database_url, name)
    drop_database(servers.database_url, name)


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = Database(empty_url)
    yield database
    database.close()


@pytest.fixture
def other(servers: Servers) -> Iterator[Database]:
    """Another one, for comparing."""
    name = f"empty_{uuid.uuid4().hex[:16]}"
    database = Database(create_database(servers.database_url, name))
    yield database
    database.close()
    drop_database(servers.database_url, name)


def _downgrade(database: Database) -> None:
    with database.engine.connect() as connection:
        command.downgrade(_config(connection), "base")


class TestUpgrade:
    def test_an_empty_database_is_brought_to_the_newest_revision(self, empty: Database) -> None:
        assert status(empty).current is None
        assert not status(empty).is_current

        after = upgrade(empty)

        assert after.is_current
        assert after.current == after.head
        with empty.transaction() as tx:
            assert run_all(tx) == {}

    def test_a_second_upgrade_changes_nothing(self, empty: Database) -> None:
        upgrade(empty)
        with empty.transaction() as tx:
            make_post(tx, make_account(tx))
        before = tables(empty), everything(empty)

        assert upgrade(empty).is_current

        assert (tables(empty), everything(empty)) == before
        with empty.transaction() as tx:
            assert tx.execute(text("SELECT count(*) FROM posts")).scalar_one() == 1

    def test_its_own_timeouts_do_not_stay_with_the_connection(self, empty: Database) -> None:
        upgrade(empty)

        with empty.transaction() as tx:
            found = [tx.execute(text(f"SHOW {name}")).scalar_one() for name in ("lock_timeout", "statement_timeout")]
        assert found == ["20s", "0"]

    def test_upgrades_of_several_processes_at_once_are_one(
        self, empty: Database, empty_url: str, other: Database, tmp_path: Path
    ) -> None:
        env = {"PRESSRUN_DATABASE_URL": empty_url, "PRESSRUN_HOME": str(tmp_path / "home")}
        running = [start_module("cli", "db", "upgrade", "--json", env=env) for _ in range(4)]

        codes = []
        for process in running:
            with process:
                codes.append((process.wait(60), process.output))

        assert [code for code, _ in codes] == [0] * 4, codes
        upgrade(other)
        assert (tables(empty), everything(empty)) == (tables(other), everything(other))

    def test_a_migrator_waits_for_another_for_as_long_as_that_takes(
        self, empty: Database, empty_url: str, tmp_path: Path
    ) -> None:
        env = {"PRESSRUN_DATABASE_URL": empty_url, "PRESSRUN_HOME": str(tmp_path / "home")}
        with psycopg.connect(empty_url, autocommit=True) as first:
            first.execute("SELECT pg_advisory_lock(%s)", (_MIGRATORS_LOCK,))
            with start_module("cli", "db", "upgrade", env=env) as second:
                # Longer than it waits for the lock of any table.
                until(lambda: _waits_since(first, 5.0) or second.returncode is not None, 30, lambda: second.output)
                assert second.returncode is None, second.output
                assert status(empty).current is None

                first.execute("SELECT pg_advisory_unlock(%s)", (_MIGRATORS_LOCK,))
                assert second.wait(60) == 0, second.output
        assert status(empty).is_current


def _waits_since(connection: psycopg.Connection, seconds: float) -> bool:
    query = """
        SELECT EXISTS (SELECT FROM pg_stat_activity
                        WHERE wait_event_type = 'Lock' AND wait_event = 'advisory' AND datname = current_database()
                          AND now() - state_change > make_interval(secs => %s))
    """
    row = connection.execute(query, (seconds,)).fetchone()
    return row is not None and bool(row[0])


class TestARevisionOnAFullTable:
    def test_runs_of_harvests_from_before_backfills_stay_as_they_were(self, empty: Database) -> None:
        with empty.engine.connect() as connection:
            command.upgrade(_config(connection), "0001")
        with empty.transaction() as tx:
            harvest = make_harvest(tx, make_account(tx))
            tx.execute(
                text(
                    "INSERT INTO harvest_runs (harvest_id, slot_at, status, api_version, started_at, rows)"
                    " VALUES (:id, now(), 'done', 'v25.0', now(), 7)"
                ),
                {"id": harvest.id},
            )

        upgrade(empty)

        with empty.transaction() as tx:
            rows = tx.execute(text("SELECT rows, backfill_id FROM harvest_runs")).all()
            assert [tuple(row) for row in rows] == [(7, None)]
            make_backfill(tx, tx.get_one(Account, harvest.account_id))
            assert run_all(tx) == {}


class TestDowngrade:
    def test_nothing_is_left_of_it(self, empty: Database) -> None:
        before = everything(empty)
        upgrade(empty)
        with empty.transaction() as tx:
            make_post(tx, make_account(tx))

        _downgrade(empty)

        left = everything(empty)
        left["relations"] = [name for name in left["relations"] if not name.startswith("alembic_version")]
        assert left == before
        assert status(empty).current is None

    def test_down_and_up_again_is_the_same_as_up(self, empty: Database) -> None:
        upgrade(empty)
        before = tables(empty), everything(empty)

        _downgrade(empty)
        upgrade(empty)

        assert (tables(empty), everything(empty)) == before


class TestModels:
    def test_alembic_finds_no_difference_to_the_revisions(self, empty: Database) -> None:
        upgrade(empty)

        with empty.engine.connect() as connection:
            options = {"compare_type": True, "include_name": _not_a_partition}
            found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

        assert found == []

    def test_tables_made_from_the_models_are_those_of_the_revisions(self, empty: Database, other: Database) -> None:
        # Alembic compares neither defaults nor checks nor the conditions of partial indexes.
        upgrade(empty)
        metadata.create_all(other.engine)

        assert tables(other) == tables(empty)

    def test_every_table_is_registered(self) -> None:
        assert {table.__tablename__ for table in TABLES} == set(metadata.tables)


def _not_a_partition(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or not any(str(name).startswith(f"{table}_") for table in PARTITIONED)
