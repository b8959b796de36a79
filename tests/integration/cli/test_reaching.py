"""`db url` and `db psql` with a database of one's own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text

from models.store.session import Database
from tests.integration.cli.conftest import Command

PASSWORD = "only-the-owner-knows"


@pytest.fixture
def roles(database: Database) -> Iterator[list[str]]:
    """Two roles that may become readers."""
    names = [f"analyst_{uuid.uuid4().hex[:12]}" for _ in range(2)]
    with database.transaction() as tx:
        for name in names:
            tx.execute(text(f"CREATE ROLE {name} LOGIN"))
    yield names
    with database.transaction() as tx:
        for name in names:
            tx.execute(text(f"DROP OWNED BY {name}"))
            tx.execute(text(f"DROP ROLE {name}"))


def test_the_address_is_that_of_the_reader_without_a_password(
    command: Command, database_url: str, roles: list[str]
) -> None:
    command.json("db", "grant-reader", roles[0])
    owned = database_url.replace("pressrun@", f"pressrun:{PASSWORD}@")

    told = command.run("db", "url", DATABASE_URL=owned)
    owner = command.run("db", "url", "--owner", DATABASE_URL=owned)
    whole = command.json("db", "url", "--owner", "--with-password", DATABASE_URL=owned)

    assert told.stdout.startswith(f"postgresql://{roles[0]}@/")
    assert owner.stdout.startswith("postgresql://pressrun@/")
    assert PASSWORD not in told.stdout + owner.stdout + told.stderr + owner.stderr
    assert (conninfo_to_dict(whole["url"]), whole["role"]) == (conninfo_to_dict(owned), "pressrun")


def test_one_of_several_readers_has_to_be_named(command: Command, roles: list[str]) -> None:
    for role in roles:
        command.json("db", "grant-reader", role)

    several = command.run("db", "url")
    named = command.run("db", "url", "--role", roles[1])

    assert several.returncode == 2
    assert "--role" in several.stderr
    assert named.stdout.startswith(f"postgresql://{roles[1]}@/")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["url"], "db grant-reader"),
        (["psql"], "db grant-reader"),
        (["url", "--owner", "--role", "x"], "either --owner or --role"),
        (["url", "--role", "nobody_such"], "--role: there is no role 'nobody_such'"),
        (["psql", "--role", "nobody_such"], "--role: there is no role 'nobody_such'"),
        (["url", "--port", "5000"], "--port"),
        (["url", "--owner", "--tcp"], "address of its own"),
        (["url", "--port", "70000", "--tcp"], "65535"),
    ],
)
def test_what_cannot_be_is_refused(command: Command, arguments: list[str], told: str) -> None:
    done = command.run("db", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_where_there_is_no_psql_it_says_what_to_install(
    command: Command, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    answered = command.run("db", "psql", "--owner", "--", "-Atc", "SELECT 'it is' || ' there'")
    assert answered.returncode == 0
    assert "it is there" in capfd.readouterr().out

    monkeypatch.setattr(Path, "glob", lambda _self, _pattern: iter(()))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", "/nowhere")
    missing = command.run("db", "psql", "--owner")

    assert missing.returncode == 1
    assert "postgresql-client" in missing.stderr
    assert "pressrun db url" in missing.stderr
