"""Barriers between the statements of a transaction: what happens elsewhere at exactly that moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import event, text

from models.store.session import Database

T = TypeVar("T")


@contextmanager
def after_first(database: Database, part: str, then: Callable[[], T], *, but: int = 0) -> Iterator[list[T]]:
    """Call `then` right after this thread's first statement that holds `part`, within its transaction.

    Args:
        but: so many of these statements are let pass before.

    Yields what `then` returned. Fails when there was no such statement.
    """
    returned: list[T] = []
    here, is_done, passed = threading.get_ident(), threading.Event(), count()

    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if part not in statement or threading.get_ident() != here or is_done.is_set():
            return
        if next(passed) == but:
            is_done.set()
            returned.append(then())

    glimpse: Any = database.glimpse

    def glimpsed(statement: Any, values: Any) -> Any:
        row = glimpse(statement, values)
        look(None, None, statement)
        return row

    event.listen(database.engine, "after_cursor_execute", look)
    database.glimpse = glimpsed  # type: ignore[method-assign]
    try:
        yield returned
    finally:
        database.glimpse = glimpse  # type: ignore[method-assign]
        event.remove(database.engine, "after_cursor_execute", look)
    assert is_done.is_set(), f"no statement held {part!r}"


@contextmanager
def statements_of(database: Database) -> Iterator[list[str]]:
    """The statements that this thread sends meanwhile, in order."""
    told: list[str] = []
    here = threading.get_ident()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if threading.get_ident() == here:
            told.append(statement.strip())

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def waits_for_a_lock(database: Database) -> bool:
    """Whether a connection to this database waits for a row that another one has locked."""
    query = """
        SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
    """
    with database.glance() as connection:
        return bool(connection.execute(text(query)).scalar_one())
