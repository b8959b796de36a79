"""Postgres as it goes away: one session that ends, or a database that lets nobody in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from sqlalchemy import text

from models.owed.presence import Presence
from models.store.session import Database
from tests.support.servers import named


def end_session(database: Database, presence: Presence) -> None:
    """End the session that keeps a presence; returns once it has ended."""
    with database.transaction() as tx:
        query = "SELECT pg_terminate_backend(pid, 60000) FROM pg_locks WHERE locktype = 'advisory' AND objid = :number"
        assert list(tx.scalars(text(query), {"number": presence.number})) == [True]


def is_known(database: Database, presence: Presence) -> bool:
    query = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = :number)"
    with database.transaction() as tx:
        return bool(tx.scalar(text(query), {"number": presence.number}))


@contextmanager
def closed_to_new_sessions(database_url: str) -> Iterator[None]:
    """Sessions that stand go on; nobody gets another one."""
    name = sql.Identifier(urlsplit(database_url).path.lstrip("/"))
    with psycopg.connect(named(database_url, "postgres"), autocommit=True) as server:
        server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        try:
            yield
        finally:
            server.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
