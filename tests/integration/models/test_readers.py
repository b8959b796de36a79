"""A role for BI tools: it reads the history, today's months and those to come, and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from machine.schema import upgrade
from models.history.media import MediaReading, SeenMedia, see_media, store_readings
from models.meanings.dictionary import FUNCTIONS, HISTORY
from models.meanings.readers import ACCOUNT_COLUMNS, TooPowerful, grant_reader, readers
from models.registry import metadata
from models.store.partitions import ensure_partitions
from models.store.session import Database
from pressrun.errors import Unknown
from tests.factories.rows import make_account, make_inbox_event, make_post
from tests.unit.docs.pages import Page

PASSWORD = "only-of-this-test"


@contextmanager
def _role(database: Database) -> Iterator[str]:
    name = f"analyst_{uuid.uuid4().hex[:12]}"
    with database.transaction() as tx:
        tx.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'"))
    yield name
    with database.transaction() as tx:
        tx.execute(text(f"DROP OWNED BY {name}"))
        tx.execute(text(f"DROP ROLE {name}"))


@contextmanager
def _reader(database: Database, role: str) -> Iterator[psycopg.Connection]:
    with database.transaction() as tx:
        account = make_account(tx, name="harbour-bakery")
        make_post(tx, account)
        make_inbox_event(tx, account_id=account.id)
        grant_reader(tx, role)
    with psycopg.connect(make_conninfo(**database.server), autocommit=True) as connection:
        connection.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(role)))
        yield connection


@pytest.fixture
def role(database: Database) -> Iterator[str]:
    """A role of the server that owns nothing; gone with all it was granted at the end."""
    with _role(database) as role:
        yield role


@pytest.fixture
def reader(database: Database, role: str) -> Iterator[psycopg.Connection]:
    """A connection that acts as the role, which has been made a reader."""
    with _reader(database, role) as connection:
        yield connection


@pytest.fixture(scope="module")
def onlooker(shared: Database) -> Iterator[psycopg.Connection]:
    """A reader for tests that change nothing, or are refused."""
    with _role(shared) as role, _reader(shared, role) as connection:
        yield connection


@pytest.mark.parametrize("source", sorted([*HISTORY, *(f"{name}(now())" for name in FUNCTIONS)]))
def test_it_reads_all_of_the_history(onlooker: psycopg.Connection, source: str) -> None:
    onlooker.execute(f"SELECT * FROM {source}")  # noqa: S608 - our own names


def test_it_runs_the_queries_of_the_page(reader: psycopg.Connection) -> None:
    blocks = Page.of("docs/history.md").blocks("sql")
    of_owner = [block for block in blocks if "FROM posts" in block]

    for block in blocks:
        if block not in of_owner:
            reader.execute(block)
    assert len(of_owner) == 1


def test_it_knows_accounts_by_name_and_not_their_tokens(reader: psycopg.Connection) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, ACCOUNT_COLUMNS))
    row = reader.execute(sql.SQL("SELECT {} FROM accounts").format(columns)).fetchone()

    assert row is not None
    assert "harbour-bakery" in row
    for query in ("SELECT token_sealed FROM accounts", "SELECT * FROM accounts", "SELECT state_reason FROM accounts"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(query)


@pytest.mark.parametrize("table", sorted(set(metadata.tables) - set(HISTORY) - {"accounts"}))
def test_it_reads_no_other_table(onlooker: psycopg.Connection, table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        onlooker.execute(sql.SQL("SELECT FROM {}").format(sql.Identifier(table)))


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_it_writes_nothing(onlooker: psycopg.Connection, table: str) -> None:
    name = sql.Identifier(table)
    for query in ("DELETE FROM {}", "TRUNCATE {}", "INSERT INTO {} DEFAULT VALUES", "DROP TABLE {}"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            onlooker.execute(sql.SQL(query).format(name))


def test_it_reads_months_that_are_made_later(reader: psycopg.Connection, database: Database) -> None:
    later = datetime(2031, 5, 5, tzinfo=UTC)
    with database.transaction() as tx:
        ensure_partitions(tx, now=later)
        media = see_media(tx, make_account(tx).id, [SeenMedia("1")], now=later)["1"]
        store_readings(tx, [MediaReading(media, later, {"views": 7})], run_id=1)

    assert reader.execute("SELECT views FROM media_curve").fetchall() == [(7,)]


def test_an_upgrade_gives_it_what_is_new(database: Database, role: str) -> None:
    with database.transaction() as tx:
        grant_reader(tx, role)
        tx.execute(text(f"REVOKE SELECT ON dropped_months FROM {role}"))  # noqa: S608 - a name of our own

    upgrade(database)

    with database.transaction() as tx:
        assert readers(tx) == [role]
        assert tx.scalar(text("SELECT has_table_privilege(:role, 'dropped_months', 'SELECT')"), {"role": role})


def test_a_reader_who_may_do_more_by_now_does_not_stop_an_upgrade(database: Database, role: str) -> None:
    with database.transaction() as tx:
        grant_reader(tx, role)
        tx.execute(text(f"ALTER ROLE {role} SUPERUSER"))

    assert upgrade(database).is_current


def test_granting_again_changes_nothing(database: Database, role: str) -> None:
    with database.transaction() as tx:
        grant_reader(tx, role)
        before = tx.scalar(text("SELECT relacl::text FROM pg_class WHERE oid = 'account_daily'::regclass"))
        grant_reader(tx, role)
        assert tx.scalar(text("SELECT relacl::text FROM pg_class WHERE oid = 'account_daily'::regclass")) == before


def test_a_role_that_does_not_exist_is_told(database: Database) -> None:
    with database.transaction() as tx, pytest.raises(Unknown, match="no role 'nobody-here'"):
        grant_reader(tx, "nobody-here")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("GRANT SELECT ON inbox_events TO {role}", "may read inbox_events"),
        ("GRANT SELECT (token_sealed) ON accounts TO {role}", "may read accounts"),
        ("GRANT INSERT ON tags TO {role}", "may write to tags"),
        ("GRANT UPDATE (caption) ON media TO {role}", "may write to media"),
        ("ALTER ROLE {role} SUPERUSER", "is a superuser"),
    ],
)
def test_a_role_that_may_do_more_already_is_refused(database: Database, role: str, more: str, told: str) -> None:
    with database.transaction() as tx:
        tx.execute(text(more.format(role=role)))

    with database.transaction() as tx, pytest.raises(TooPowerful, match=told):
        grant_reader(tx, role)

    with database.transaction() as tx:
        assert readers(tx) == []


def test_the_owner_is_refused(database: Database) -> None:
    with database.transaction() as tx:
        owner = tx.scalar(text("SELECT current_user"))
    with database.transaction() as tx, pytest.raises(TooPowerful, match="take a role of its own"):
        grant_reader(tx, str(owner))
