"""Databases whose rows need not make sense together: each test looks at one table and checks what it is about."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from models.store.session import Database
from tests.support.servers import Servers, clone_database, drop_database


@pytest.fixture
def loose(database_url: str) -> Iterator[Database]:
    """A migrated database of the test's own, whose invariants nobody checks at the end."""
    database = Database(database_url, pool_size=16)
    yield database
    database.close()


@pytest.fixture(scope="module")
def shared(servers: Servers, template: str) -> Iterator[Database]:
    """One such database for all tests of a module that each make rows of their own."""
    name = f"shared_{uuid.uuid4().hex[:16]}"
    database = Database(clone_database(servers.database_url, template, name), pool_size=16)
    yield database
    database.close()
    drop_database(servers.database_url, name)
