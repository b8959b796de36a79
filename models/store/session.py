"""The connection to Postgres. `Database.transaction()` is the only place that commits.

No network call may happen while a transaction is open: it would hold locks for as long as Instagram likes.
`in_transaction()` lets the caller of such a call check that.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from copy import copy
from datetime import datetime
from select import POLLIN, poll
from typing import Any, LiteralString, Protocol

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.orm import Session

from models.store.driver import as_sqlalchemy_says, count_as_away, failed
from models.store.settling import settle
from pressrun.errors import Invalid, NotPossible, ServerUnreachable
from pressrun.log import conceal, redact

_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
_open = threading.local()
_WAIT_UNTIL = text("""
    SELECT pg_sleep(least(greatest(extract(epoch FROM :at - clock_timestamp())::float8, 0), CAST(:most_s AS float8)))
""")

_MORE = 10
"""Connections of a pool beside those that it keeps open."""
_LINK: dict[str, Any] = {
    "connect_timeout": 5,
    # A server that vanished without a word, as behind a cut cable, is noticed within a minute. Without effect on
    # unix sockets.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 40_000,
    # After a failover the old address may lead to what is a standby now: away, and not a pool of sessions in which
    # nothing can be written for as long as they live.
    "target_session_attrs": "read-write",
}
_TEXT = {"client_encoding": "UTF8"}
"""Told when a connection begins: what is read of it before anything can be set is text already."""


def in_transaction() -> bool:
    """Whether this thread has a transaction open."""
    return getattr(_open, "depth", 0) > 0


class Binding(Protocol):
    """What is done around each transaction (`models/access/bound.py`)."""

    def begin(self, tx: Session) -> None: ...

    def finish(self, tx: Session) -> None: ...

    def committed(self) -> None: ...


class Database:
    """One pool of connections, shared by all threads of a process.

    Args:
        url: `postgresql://…` in libpq form.
        pool_size: connections kept open; more are opened when all are in use.
        application_name: what Postgres shows of this process in `pg_stat_activity`.

    Raises:
        Invalid: the URL is not one of Postgres.
    """

    def __init__(self, url: str, *, pool_size: int = 5, application_name: str = "pressrun") -> None:
        self.server = server_of(url)
        """The parameters of a connection, by libpq's names. Their text is never put together again by us."""
        conceal(*(value for name, value in self.server.items() if "password" in name))
        self.application_name = application_name
        """What Postgres shows of this process."""
        self.engine: Engine = create_engine(
            URL.create("postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=_MORE,
            # The one that was used last knows the statements, and Postgres their plans.
            pool_use_lifo=True,
            pool_recycle=1800,
            connect_args={
                **_LINK,
                **self.server,
                "application_name": application_name,
                **_TEXT,
            },
        )
        event.listen(self.engine, "connect", _set_up)
        event.listen(self.engine, "checkout", _refuse_closed)
        event.listen(self.engine, "handle_error", count_as_away)
        self._glancing = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._binding: Binding | None = None
        self._keeps_sessions = threading.Event()
        self.most_connections = pool_size + _MORE
        """That the pool opens; who asks for a further one waits for one of these."""

    @property
    def place(self) -> str:
        """Where it is, without credentials: fit for every eye."""
        named = [self.server.get(name) for name in ("host", "hostaddr") if self.server.get(name)]
        port = f":{self.server['port']}" if self.server.get("port") else ""
        return f"{named[0] if named else 'this machine'}{port}/{self.server.get('dbname', '')}"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end of the block and rolls back on an exception."""
        _open.depth = getattr(_open, "depth", 0) + 1
        binding = self._binding
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                if binding is not None:
                    binding.begin(session)
                yield session
                if binding is not None:
                    binding.finish(session)
        finally:
            _open.depth -= 1
        if binding is not None:
            binding.committed()

    @contextmanager
    def look(self) -> Iterator[Session]:
        """A session that reads, each statement by itself: spares the round trips of a transaction's begin and end.

        Each statement of a transaction sees what was committed before it, too. What is changed of objects here is not
        written; a statement that writes is a transaction of its own.
        """
        _open.depth = getattr(_open, "depth", 0) + 1
        try:
            with Session(self._glancing, autoflush=False, expire_on_commit=False) as session:
                if self._binding is not None:
                    self._binding.begin(session)
                yield session
        finally:
            _open.depth -= 1

    def bound(self, binding: Binding) -> Database:
        """The same pool, each of whose transactions does that as well."""
        same = copy(self)
        same._binding = binding
        return same

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """A connection in autocommit, for one statement that reads: a round trip where a transaction takes three."""
        with self._glancing.connect() as connection:
            yield connection

    def glimpse(self, statement: LiteralString, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The first row of one statement that reads, prepared: what every call to Instagram pays for. Raises
        DBAPIError.
        """
        try:
            with closing(self.engine.raw_connection()) as pooled:
                driver: Any = pooled.driver_connection  # of psycopg
                driver.autocommit = True
                try:
                    row: tuple[Any, ...] | None = driver.execute(statement, values, prepare=True).fetchone()
                finally:
                    with suppress(psycopg.Error):  # a connection that is lost is no longer the pool's
                        driver.autocommit = False
                return row
        except psycopg.Error as problem:
            raise as_sqlalchemy_says(problem, statement, self.engine) from problem

    def at_once(self, statements: Sequence[tuple[LiteralString, Mapping[str, Any]]]) -> list[tuple[Any, ...]]:
        """Run statements as one transaction in one round trip; the rows of the last one.

        Each sees what was committed before it began, as in any transaction. Raises DBAPIError.
        """
        with self._glancing.connect() as connection:
            driver: Any = connection.connection.driver_connection  # of psycopg
            try:
                with driver.pipeline():
                    for sql, values in statements:
                        cursor = driver.execute(sql, values, prepare=True)
                rows: list[tuple[Any, ...]] = cursor.fetchall()
                return rows
            except psycopg.Error as problem:
                raise failed(connection, problem, "") from problem

    def wait_until(self, at: datetime, *, most_s: float) -> None:
        """Return once the server's clock shows that time, or after so many seconds."""
        with self._glancing.connect() as connection:
            connection.execute(_WAIT_UNTIL, {"at": at, "most_s": most_s})

    def standing_connection(self, *, channel: str | None = None, role: str = "lookout") -> psycopg.Connection:
        """A connection of the caller's own, outside the pool and in autocommit; it listens on `channel`, if named.

        Args:
            role: what it is for, as its name says to whoever looks at the server's connections.
        """
        told: dict[str, Any] = {
            **_LINK,
            **self.server,
            "application_name": f"{self.application_name} {role}",
            **_TEXT,
        }
        connection = psycopg.connect(autocommit=True, **told)
        settle(connection)
        if channel is not None:
            connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
        return connection

    def check(self) -> str:
        """The server's version. Raises ServerUnreachable with one clear line."""
        try:
            with self.engine.connect() as connection:
                return str(connection.execute(text("SHOW server_version")).scalar_one())
        except OperationalError as problem:
            reason = redact(str(problem.orig).strip().splitlines()[0] if problem.orig else str(problem))
            raise ServerUnreachable(f"Postgres at {self.place} does not answer: {reason}") from None

    def require_sessions(self) -> None:
        """Make sure that a connection of ours is a session of the server, and nobody else's: once, until it is proved.

        Raises:
            NotPossible: a pooler hands out sessions by the transaction: what a connection has set or prepared is
                another's a moment later.
            OperationalError: of the driver or of SQLAlchemy, when the server does not answer.
        """
        if self._keeps_sessions.is_set():
            return
        with self.glance() as ours, self.standing_connection() as other:
            is_kept = all(_keeps(ours, other, secrets.token_hex(8)) for _ in range(3))
        if not is_kept:
            raise NotPossible(
                f"the pooler at {self.place} gives each transaction another session of Postgres: "
                "set it to session mode, or name Postgres' own address",
                type="database.pooled",
                field="database_url",
            )
        self._keeps_sessions.set()

    def close(self) -> None:
        """Close the connections that nobody uses; a later use opens new ones."""
        self.engine.dispose()


def server_of(url: str) -> dict[str, str]:
    """The parameters of a connection that stand in a URL, as libpq reads them. Raises Invalid, which repeats none."""
    scheme, _, rest = url.partition("://")
    if scheme not in _SCHEMES or not rest:
        raise Invalid("it must be a postgresql:// URL: postgresql://user:password@host/name", field="database_url")
    try:
        parts: dict[str, Any] = conninfo_to_dict(f"postgresql://{rest}")
    except psycopg.ProgrammingError:
        raise Invalid("it is not a URL that Postgres' library can read", field="database_url") from None
    return {name: str(value) for name, value in parts.items() if value is not None}


def _keeps(ours: Connection, other: psycopg.Connection, mark: str) -> bool:
    """Whether what one connection sets is there for it alone.

    A pooler gives the session that was freed last to whoever asks next; or it gives them in turn, then it is the second
    look of ours that fails.
    """
    ours.execute(text("SELECT set_config('pressrun.session', :mark, false)"), {"mark": mark})
    theirs = other.execute("SELECT current_setting('pressrun.session', true)").fetchone()
    return theirs != (mark,) and ours.scalar(text("SELECT current_setting('pressrun.session', true)")) == mark


def _set_up(connection: psycopg.Connection, _record: object) -> None:
    """On every new connection of the pool. By statements: poolers refuse or ignore `options` at the start of one."""
    connection.autocommit = True
    settle(connection)
    # A worker that stalls inside a transaction must not keep rows locked past its lease.
    connection.execute(
        "SELECT set_config('lock_timeout', '20s', false),"
        " set_config('idle_in_transaction_session_timeout', '30s', false)"
    )
    connection.autocommit = False


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
