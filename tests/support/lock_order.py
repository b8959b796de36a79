"""Holds every transaction to the order of row locks that `models/__init__.py` states: the account before any work.

What a deadlock takes is two transactions that meet; what this takes is that one of them runs at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

from models.session import Database

_ACCOUNT = re.compile(r"^\s*UPDATE accounts\b|\bFROM accounts\b.*\bFOR (NO KEY )?UPDATE\b", re.DOTALL)
_WORK = re.compile(
    r"^\s*UPDATE (posts|harvests|backfills|inbox_events|replies)\b"
    r"|\bFROM (posts|harvests|backfills|inbox_events|replies)\b.*\bFOR (NO KEY )?UPDATE\b",
    re.DOTALL,
)
_WAITS_FOR_NOBODY = re.compile(r"\bSKIP LOCKED\b")


@contextmanager
def lock_order_kept(database: Database) -> Iterator[None]:
    """Fails at its end if a transaction locked work first and then an account that it had not locked before."""
    wrong: list[str] = []

    def look(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        held: dict[str, str] = connection.info.setdefault("locks", {})
        if _WAITS_FOR_NOBODY.search(statement):
            return
        if _ACCOUNT.search(statement):
            if "work" in held and "account" not in held:
                wrong.append(f"{held['work'].strip()}\n    and then\n{statement.strip()}")
            held.setdefault("account", statement)
        elif _WORK.search(statement):
            held.setdefault("work", statement)

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
