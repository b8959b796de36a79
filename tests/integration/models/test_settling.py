"""Whatever server, database and role say, our sessions read and write alike; what cannot be worked with is named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from machine.schema import SchemaAhead, upgrade
from models.store.driver import rows_of
from models.store.fitness import require_fit
from models.store.session import Database
from pressrun.errors import NotPossible
from tests.support.servers import Servers, create_database, drop_database, named, url_of
from tests.support.waiting import until

_OTHERWISE = {
    "DateStyle": ("SQL, DMY", "ISO, MDY"),
    "IntervalStyle": ("iso_8601", "postgres"),
    "TimeZone": ("Asia/Kolkata", "UTC"),
    "client_encoding": ("LATIN1", "UTF8"),
    "default_transaction_isolation": ("serializable", "read committed"),
    "extra_float_digits": ("-10", "1"),
    "idle_session_timeout": ("5s", "0"),
    "standard_conforming_strings": ("off", "on"),
    "statement_timeout": ("5s", "0"),
}
_OF_WAITING = {"lock_timeout": "20s", "idle_in_transaction_session_timeout": "30s"}
"""What a pool bounds, and a connection that stands alone does not."""
_GONE = text("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = :pid)")


@pytest.fixture
def role(shared: Database) -> Iterator[str]:
    name = f"otherwise_{os.getpid()}"
    with shared.transaction() as tx:
        tx.execute(text(f"CREATE ROLE {name} LOGIN"))
        for setting, (theirs, _ours) in _OTHERWISE.items():
            tx.execute(text(f"ALTER ROLE {name} SET {setting} = '{theirs}'"))
        for setting in _OF_WAITING:
            tx.execute(text(f"ALTER ROLE {name} SET {setting} = '5s'"))
    yield name
    with shared.transaction() as tx:
        tx.execute(text(f"DROP ROLE {name}"))


def test_what_a_role_is_set_to_changes_nothing_that_is_read_written_or_waited_for(shared: Database, role: str) -> None:
    database = Database(f"{url_of(shared)}&user={role}")
    names = [*_OTHERWISE, *_OF_WAITING]
    try:
        with database.transaction() as tx:
            pooled = {name: tx.scalar(text(f"SHOW {name}")) for name in names}
            assert tx.scalar(text("SELECT ('2026-12-01 00:00+00'::timestamptz)")).isoformat().endswith("00:00")
        with database.standing_connection() as standing:
            alone = {name: (standing.execute(f"SHOW {name}".encode()).fetchone() or ("",))[0] for name in names}
    finally:
        database.close()

    ours = {name: ours for name, (_theirs, ours) in _OTHERWISE.items()}
    assert pooled == ours | _OF_WAITING
    assert alone == ours | dict.fromkeys(_OF_WAITING, "0")


@pytest.fixture
def own(database_url: str) -> Iterator[Database]:
    """A database of the test's own, which takes writes again at the end."""
    database = Database(database_url, pool_size=2)
    yield database
    database.close()


def turn(database: Database, to: str) -> None:
    """Let it take writes (`off`) or none (`on`), from the next session on."""
    with psycopg.connect(url_of(database), autocommit=True) as alone:
        alone.execute("SET default_transaction_read_only = off")
        alone.execute(f"ALTER DATABASE {database.server['dbname']} SET default_transaction_read_only = {to}".encode())


def test_a_database_in_which_nothing_can_be_written_is_named(own: Database) -> None:
    turn(own, "on")

    with pytest.raises(NotPossible, match="default_transaction_read_only is on") as refused:
        require_fit(own)

    assert refused.value.type == "database.read_only"
    turn(own, "off")
    require_fit(own)


def write(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(text("UPDATE accounts SET name = name"))


def write_by_driver(database: Database) -> None:
    with database.transaction() as tx:
        rows_of(tx, "UPDATE accounts SET name = name RETURNING id", {})


def write_at_once(database: Database) -> None:
    database.at_once([("UPDATE accounts SET name = name RETURNING id", {})])


@pytest.mark.parametrize("write", [write, write_by_driver, write_at_once])
def test_one_that_takes_no_writes_for_a_while_is_away_and_none_of_its_sessions_is_kept(
    own: Database, write: Callable[[Database], None]
) -> None:
    def pid() -> int:
        write(own)
        with own.transaction() as tx:
            return int(tx.scalar(text("SELECT pg_backend_pid()")))

    first = pid()
    with own.glance() as connection:  # as a server that was demoted, or filled its disk, while we are in it
        connection.execute(text("SET default_transaction_read_only = on"))

    with pytest.raises(OperationalError, match="read-only transaction"):
        pid()

    assert pid() != first


def test_a_session_that_was_ended_for_standing_still_is_away(own: Database, shared: Database) -> None:
    def stand_still() -> None:
        with own.transaction() as tx:
            pid = tx.scalar(text("SELECT pg_backend_pid()"))
            tx.execute(text("SET idle_in_transaction_session_timeout = '1ms'"))
            with shared.glance() as other:
                until(lambda: other.scalar(_GONE, {"pid": pid}), what="the server ends it not")
            tx.execute(text("SELECT 1"))

    # Its own words may be lost: who writes into a session that has ended may learn no more than its end.
    with pytest.raises(OperationalError, match=r"idle-in-transaction|server closed the connection"):
        stand_still()


@pytest.mark.parametrize("sqlstate", ["25P03", "25006"])
def test_what_the_driver_files_elsewhere_is_away_too(own: Database, sqlstate: str) -> None:
    raised = f"DO $$ BEGIN RAISE EXCEPTION 'told' USING ERRCODE = '{sqlstate}'; END $$"

    with pytest.raises(OperationalError, match="told"), own.transaction() as tx:
        tx.execute(text(raised))


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_one_that_cannot_keep_every_text_is_named(servers: Servers, encoding: str) -> None:
    name = f"bytes_{os.getpid()}"
    admin = Database(named(servers.database_url, "postgres"))
    with admin.glance() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'"))
    database = Database(named(servers.database_url, name))
    try:
        with pytest.raises(NotPossible, match=f"has the encoding {encoding}") as refused:
            require_fit(database)
    finally:
        database.close()
        admin.close()
        drop_database(servers.database_url, name)

    assert refused.value.type == "database.encoding"


def test_one_of_a_newer_release_is_left_alone_and_its_release_asked_for(servers: Servers) -> None:
    name = f"newer_{os.getpid()}"
    database = Database(create_database(servers.database_url, name))
    try:
        with database.transaction() as tx:
            tx.execute(text("CREATE TABLE alembic_version AS SELECT '9999' AS version_num"))
        with pytest.raises(SchemaAhead, match=r"at revision 9999, .* run the release that brought it there"):
            upgrade(database)
    finally:
        database.close()
        drop_database(servers.database_url, name)
