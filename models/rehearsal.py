"""A rehearsal: everything that is asked in it is done in one transaction, answered truly, and taken back at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from models.session import Database

_IDLE = "SET LOCAL idle_in_transaction_session_timeout = '5min'"
"""Addresses of media may be looked at between its statements. It holds no lock before it writes."""


class Rehearsal(Database):
    """The database as it would be. Nobody else sees it, and notifications are not sent."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self.server, self.application_name, self.engine = database.server, database.application_name, database.engine
        self._connection, self._binding = connection, database._binding

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session in the rehearsal; an exception takes back what was done in it, as elsewhere."""
        binding = self._binding
        made = Session(self._connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
        with made as session, session.begin():
            if binding is not None:
                binding.begin(session)
            yield session
            if binding is not None:
                binding.finish(session)
        if binding is not None:
            binding.committed()

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        yield self._connection


@contextmanager
def rehearsed(database: Database) -> Iterator[Database]:
    """Take back at the end of the block whatever is done with what it gives."""
    with database.engine.connect() as connection:
        transaction = connection.begin()
        try:
            connection.execute(text(_IDLE))
            yield Rehearsal(database, connection)
        finally:
            transaction.rollback()
