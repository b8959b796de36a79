"""Barriers between the statements of a transaction: what happens elsewhere at exactly that moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import event, text

from models.session import Database

T = TypeVar("T")


@contextmanager
def after_first(database: Database, part: str, then: Callable[[], T]) -> Iterator[list[T]]:
    """Call `then` right after this thread's first statement that holds `part`, within its transaction.

    Yields what `then` returned. Fails when there was no such statement.
    """
    returned: list[T] = []
    here, is_done = threading.get_ident(), threading.Event()

    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if part in statement and threading.get_ident() == here and not is_done.is_set():
            is_done.set()
            returned.append(then())

    event.listen(database.engine, "after_cursor_execute", look)
    try:
        yield returned
    finally:
        event.remove(database.engine, "after_cursor_execute", look)
    assert is_done.is_set(), f"no statement held {part!r}"


def waits_for_a_lock(database: Database) -> bool:
    """Whether a connection to this database waits for a row that another one has locked."""
    query = """
        SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
    """
    with database.glance() as connection:
        return bool(connection.execute(text(query)).scalar_one())
