"""The pool of connections: what the server has closed costs nobody an attempt, and a glance leaves nothing open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from models.store.session import Database, in_transaction
from tests.support.servers import url_of

_NAME = "of a test of the pool"
_OTHERS = text("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE application_name = :name")
_ONE = text("SELECT 1")


@pytest.fixture
def database(shared: Database) -> Iterator[Database]:
    opened = Database(url_of(shared), pool_size=2, application_name=_NAME)
    yield opened
    opened.close()


def test_a_connection_that_the_server_has_closed_is_replaced(database: Database, shared: Database) -> None:
    with database.transaction() as tx:
        assert tx.scalar(_ONE) == 1
    with shared.transaction() as tx:
        assert tx.execute(_OTHERS, {"name": _NAME}).all() == [(True,)]

    with database.transaction() as tx:
        assert tx.scalar(_ONE) == 1

    with shared.transaction() as tx:
        assert tx.execute(_OTHERS, {"name": _NAME}).all() == [(True,)]
    with database.glance() as connection:
        assert connection.scalar(_ONE) == 1


def test_a_glance_opens_no_transaction_and_the_next_user_of_the_connection_has_one(database: Database) -> None:
    with database.glance() as connection:
        first = connection.scalar(text("SELECT pg_current_xact_id()"))
        assert connection.scalar(text("SELECT pg_current_xact_id()")) != first
        assert not in_transaction()

    with database.transaction() as tx:
        first = tx.scalar(text("SELECT pg_current_xact_id()"))
        assert tx.scalar(text("SELECT pg_current_xact_id()")) == first
