"""A rehearsal: everything that is asked in it is done in one transaction, answered truly, and taken back at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, RootTransaction, text
from sqlalchemy.orm import Session

from models.store.session import Database

_IDLE = text("SET LOCAL idle_in_transaction_session_timeout = '5min'")
"""Addresses of media may be looked at between its statements. It holds no lock before it writes."""
_HAS_WRITTEN = text("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")


class _Whole:
    """The transaction that is taken back."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.has_written = False
        self._transaction = self._begun()

    def begin_again(self) -> None:
        """Take back what was done up to here, of which nobody was told."""
        self.end()
        self._transaction = self._begun()

    def end(self) -> None:
        if self._transaction.is_active:  # an exception of a session has ended it
            self._transaction.rollback()

    def _begun(self) -> RootTransaction:
        begun = self.connection.begin()
        self.connection.execute(_IDLE)
        return begun


class Rehearsal(Database):
    """The database as it would be. Nobody else sees it, and notifications are not sent."""

    def __init__(self, database: Database, whole: _Whole) -> None:
        self.server, self.application_name, self.engine = database.server, database.application_name, database.engine
        self._whole, self._binding = whole, database._binding

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session in the rehearsal; an exception takes back what was done in it, as elsewhere."""
        binding = self._binding
        with self._session() as session, session.begin():
            if binding is not None:
                binding.begin(session)
            yield session
            if binding is not None:
                binding.finish(session)
        if binding is not None:
            binding.committed()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """What writes first does so in the transaction itself: what a savepoint has written is to the triggers of the
        history, which let pass what is erased on record, of another one.
        """
        whole = self._whole
        if whole.has_written:
            made = Session(whole.connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
            with made as session:
                yield session
            return
        try:
            made = Session(whole.connection, expire_on_commit=False, join_transaction_mode="rollback_only")
            with made as session:
                yield session
        except BaseException:
            whole.begin_again()
            raise
        whole.has_written = bool(whole.connection.scalar(_HAS_WRITTEN))

    @contextmanager
    def look(self) -> Iterator[Session]:
        """Sees what was done in the rehearsal."""
        with self.transaction() as session:
            yield session

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        yield self._whole.connection


@contextmanager
def rehearsed(database: Database) -> Iterator[Database]:
    """Take back at the end of the block whatever is done with what it gives."""
    with database.engine.connect() as connection:
        whole = _Whole(connection)
        try:
            yield Rehearsal(database, whole)
        finally:
            whole.end()
