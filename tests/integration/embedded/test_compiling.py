"""Engines of one process share what they compile and learn (`tests/support/compiling.py`), and nothing else."""

from __future__ import annotations

from contextlib import closing
from copy import copy
from typing import Any

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from models.accounts.account import Account
from models.store.session import Database
from tests.support.lending import Lent


def test_a_statement_is_compiled_for_all_engines(lent: Lent, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = list[object]()
    compile_it = PGDialect_psycopg.statement_compiler.__init__

    def note(compiler: Any, dialect: Any, statement: Any, *told: Any, **more: Any) -> None:
        compiled.append(statement)
        compile_it(compiler, dialect, statement, *told, **more)

    monkeypatch.setattr(PGDialect_psycopg.statement_compiler, "__init__", note)
    found = []
    for name in ("one", "another"):
        with closing(Database(lent.url)) as database, database.transaction() as tx:
            asked = select(Account.id).where(Account.name == name, Account.username == "of-this-test-alone")
            found.append((tx.execute(asked).all(), len(compiled)))

    assert found == [([], 1), ([], 1)]


def test_an_engine_that_does_not_ask_knows_the_server_as_it_is(lent: Lent) -> None:
    with closing(Database(lent.url)) as first, closing(Database(lent.url)) as second:
        told = []
        for database in (first, second):
            version = database.check()
            dialect: Any = database.engine.dialect
            told.append((dialect.server_version_info, dialect.default_schema_name, dialect.default_isolation_level))
            assert version.startswith(str(dialect.server_version_info[0]))

    assert told == [told[0]] * 2
    with psycopg.connect(lent.url) as connection:
        assert told[0][0][0] == connection.info.server_version // 10_000


def test_dialects_of_two_versions_share_nothing(lent: Lent) -> None:
    with closing(Database(lent.url)) as database:
        database.check()
        ours: Any = database.engine.dialect
        older = copy(ours)
        older.server_version_info = (14, 23)

    assert ours == copy(ours)
    assert ours != older
    assert len({ours: 1, copy(ours): 2, older: 3}) == 2
