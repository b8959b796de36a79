"""The connection to Postgres. `Database.transaction()` is the only place that commits.

No network call may happen while a transaction is open: it would hold locks for as long as Instagram likes.
`in_transaction()` lets the caller of such a call check that.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from select import POLLIN, poll
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, OperationalError
from sqlalchemy.orm import Session

from pressrun.errors import Invalid, ServerUnreachable
from pressrun.log import redact

_open = threading.local()

_LINK: dict[str, Any] = {
    "connect_timeout": 5,
    # A server that vanished without a word, as behind a cut cable, is noticed within a minute. Without effect on
    # unix sockets.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 40_000,
}


def in_transaction() -> bool:
    """Whether this thread has a transaction open."""
    return getattr(_open, "depth", 0) > 0


class Database:
    """One pool of connections, shared by all threads of a process.

    Args:
        url: `postgresql://…` in libpq form.
        pool_size: connections kept open; more are opened when all are in use.

    Raises:
        Invalid: the URL is not one of Postgres.
    """

    def __init__(self, url: str, *, pool_size: int = 5, application_name: str = "pressrun") -> None:
        self.url = sqlalchemy_url(url)
        self._application_name = application_name
        self.engine: Engine = create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=10,
            pool_recycle=1800,
            connect_args={
                **_LINK,
                "application_name": application_name,
                # A worker that stalls inside a transaction must not keep rows locked past its lease.
                "options": "-c idle_in_transaction_session_timeout=30s -c lock_timeout=20s -c TimeZone=UTC",
            },
        )
        event.listen(self.engine, "checkout", _refuse_closed)
        self._glancing = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end of the block and rolls back on an exception."""
        _open.depth = getattr(_open, "depth", 0) + 1
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        finally:
            _open.depth -= 1

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """A connection in autocommit, for one statement that reads: a round trip where a transaction takes three."""
        with self._glancing.connect() as connection:
            yield connection

    def standing_connection(self, *, channel: str | None = None, role: str = "lookout") -> psycopg.Connection:
        """A connection of the caller's own, outside the pool and in autocommit; it listens on `channel`, if named.

        Args:
            role: what it is for, as its name says to whoever looks at the server's connections.
        """
        connection = psycopg.connect(
            libpq_url(self.url),
            autocommit=True,
            **_LINK,
            application_name=f"{self._application_name} {role}",
            options="-c TimeZone=UTC",
        )
        if channel is not None:
            connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
        return connection

    def check(self) -> str:
        """The server's version. Raises ServerUnreachable with one clear line."""
        try:
            with self.engine.connect() as connection:
                return str(connection.execute(text("SHOW server_version")).scalar_one())
        except OperationalError as problem:
            where = self.url.render_as_string(hide_password=True)
            reason = redact(str(problem.orig).strip().splitlines()[0] if problem.orig else str(problem))
            raise ServerUnreachable(f"Postgres at {where} does not answer: {reason}") from None

    def close(self) -> None:
        self.engine.dispose()


def sqlalchemy_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the second for a port that is no number
        raise _bad_url("is not a URL: write postgresql://user:password@host/name") from None
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise _bad_url(f"must be a postgresql:// URL, not {parsed.get_backend_name()}://")
    return parsed.set(drivername="postgresql+psycopg")


def _bad_url(what: str) -> Invalid:
    return Invalid(f"PRESSRUN_DATABASE_URL {what}", type="setting.invalid", field="PRESSRUN_DATABASE_URL")


def _refuse_closed(connection: psycopg.Connection, _record: object, _proxy: object) -> None:
    """On checkout of a pooled connection: one that the server has closed is replaced by a new one.

    A restarted server must not cost a post its first attempt. A closed connection can be read from; asking the kernel
    for that spares the round trip of a ping, which every call to Instagram would pay for its look at the gate.
    """
    if connection.closed:
        raise DisconnectionError("closed")
    waiting = poll()
    waiting.register(connection.fileno(), POLLIN)
    if waiting.poll(0):
        raise DisconnectionError("closed by the server")


def libpq_url(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
