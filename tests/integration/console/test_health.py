"""The two probes, and the form of errors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from console.app import create_app
from models.store.session import Database
from operations.operation import Context
from pressrun.settings import Settings
from tests.integration.console.conftest import Console
from tests.support.debian_servers import pgbouncer
from tests.support.servers import Servers, create_database, drop_database
from tests.support.web import serve

NOWHERE = "redis://127.0.0.1:1/0"


def probe(database: Database, home: Path, *, redis_url: str | None, schema_head: str) -> httpx.Response:
    ctx = Context(database, Settings(home=home, redis_url=redis_url))
    app = create_app(ctx, media_keys=[], media_root=home, schema_head=schema_head)
    with serve(app) as url:
        return httpx.get(f"{url}/readyz", timeout=30)


@pytest.fixture
def head(database: Database) -> str:
    with database.transaction() as tx:
        return str(tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def test_the_living_process_says_so(console: Console) -> None:
    assert console.http.get("/healthz").json() == {"status": "ok"}


def test_ready_with_all_servers(database: Database, redis_url: str, head: str, tmp_path: Path) -> None:
    answer = probe(database, tmp_path, redis_url=redis_url, schema_head=head)

    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": "ok", "schema": "ok", "broker": "ok"}}


def test_without_its_broker_it_is_degraded_and_not_unready(database: Database, head: str, tmp_path: Path) -> None:
    answer = probe(database, tmp_path, redis_url=NOWHERE, schema_head=head)

    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["checks"]["broker"]) == ("degraded", "unreachable")


def test_unready_with_an_older_schema(database: Database, tmp_path: Path) -> None:
    answer = probe(database, tmp_path, redis_url=None, schema_head="9999")

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["checks"] == {"database": "ok", "schema": "behind", "broker": "not configured"}


@pytest.fixture
def empty_database(servers: Servers) -> Iterator[Database]:
    database = Database(create_database(servers.database_url, "console_empty"))
    yield database
    database.close()
    drop_database(servers.database_url, "console_empty")


def test_unready_with_an_empty_database(empty_database: Database, tmp_path: Path) -> None:
    answer = probe(empty_database, tmp_path, redis_url=None, schema_head="0001")

    assert (answer.status_code, answer.json()["checks"]["schema"]) == (503, "behind")


@pytest.fixture
def role(database: Database) -> Iterator[str]:
    name = f"visitor_{os.getpid()}"
    with database.transaction() as tx:
        tx.execute(text(f"CREATE ROLE {name} LOGIN"))
    yield name
    with database.transaction() as tx:
        tx.execute(text(f"DROP ROLE {name}"))


def assert_unfit(url: str, home: Path, head: str) -> None:
    """The database answers, and cannot be worked with: never that it does not answer, never a role's name."""
    database = Database(url)
    try:
        answer = probe(database, home, redis_url=None, schema_head=head)
    finally:
        database.close()
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "unfit", "schema": "unknown", "broker": "not configured"}
    assert "Postgres answers, and cannot be used" in answer.json()["detail"]
    assert "visitor" not in answer.text


def test_unready_in_a_role_without_rights(role: str, database_url: str, head: str, tmp_path: Path) -> None:
    assert_unfit(f"{database_url}{'&' if '?' in database_url else '?'}user={role}", tmp_path, head)


@pytest.mark.needs("pgbouncer", "pgbouncer")
def test_unready_behind_a_pooler_that_was_away_when_it_started(database_url: str, head: str, tmp_path: Path) -> None:
    with pgbouncer(database_url, pool_mode="transaction") as url:
        assert_unfit(url, tmp_path, head)


def test_an_unknown_path_is_a_problem_document(console: Console) -> None:
    answer = console.http.get("/nothing/here")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Not Found"
