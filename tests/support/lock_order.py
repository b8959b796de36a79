"""Holds every transaction to the order of row locks that `models/__init__.py` states: account, work, what belongs to
it.

What a deadlock takes is two transactions that meet; what this takes is that one of them runs at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection, event

from models.store.session import Database

_ACCOUNT = re.compile(r"^\s*UPDATE accounts\b|\bFROM accounts\b.*\bFOR (NO KEY )?UPDATE\b", re.DOTALL)
_WORK = re.compile(
    r"^\s*(WITH moved AS \(\s*)?UPDATE (posts|harvests|backfills|inbox_events|replies|tokens)\b"
    r"|\bFROM (posts|harvests|backfills|inbox_events|replies|tokens)\b.*\bFOR (NO KEY )?UPDATE\b",
    re.DOTALL,
)
_BELONGS = re.compile(
    r"^\s*UPDATE (attempts|containers|quota_entries|bucket_objects|uploads)\b"
    r"|\bFROM .*\battempts\b.*\bFOR (NO KEY )?UPDATE\b",
    re.DOTALL,
)
_ORDER = {"account": _ACCOUNT, "work": _WORK, "belongs": _BELONGS}
_WAITS_FOR_NOBODY = re.compile(r"\bSKIP LOCKED\b")


@cache
def _rank(statement: str) -> str | None:
    """Of the rows that it locks; None where it locks none or waits for nobody."""
    if _WAITS_FOR_NOBODY.search(statement):
        return None
    return next((rank for rank, form in _ORDER.items() if form.search(statement)), None)


@contextmanager
def lock_order_kept(database: Database) -> Iterator[None]:
    """Fails at its end if a transaction locked a row of one rank for the first time after one of a later rank."""
    wrong: list[str] = []

    def look(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        held: dict[str, str] = connection.info.setdefault("locks", {})
        rank = _rank(statement)
        if rank is None:
            return
        later = list(_ORDER)[list(_ORDER).index(rank) + 1 :]
        early = next((held[one] for one in later if one in held), None)
        if early is not None and rank not in held:
            wrong.append(f"{early.strip()}\n    and then\n{statement.strip()}")
        held.setdefault(rank, statement)

    def end(connection: Connection) -> None:
        connection.info.pop("locks", None)

    listeners = (("before_cursor_execute", look), ("commit", end), ("rollback", end))
    for name, listener in listeners:
        event.listen(database.engine, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners:
            event.remove(database.engine, name, listener)
    assert not wrong, "\n\n".join(wrong)
