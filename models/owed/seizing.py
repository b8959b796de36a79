"""Rows of work without a claim on them: their lock, and taking one from whoever holds it (`models/owed/claims.py`)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.owed.claims import wake_schedulers

_LOCK = """
    SELECT 1 FROM {table} WHERE id = :id FOR NO KEY UPDATE
"""

_SEIZE = """
    UPDATE {table}
       SET claim = claim + 1, next_action_at = :due_at, leased_until = NULL, holder = NULL
     WHERE id = :id
"""


def lock(tx: Session, table: str, id_: int) -> None:
    """The row's lock, before those of what belongs to it (`models/__init__.py`). Whoever holds its claim keeps it."""
    tx.execute(text(_LOCK.format(table=table)), {"id": id_})


def seize(tx: Session, table: str, id_: int, *, due_at: datetime | None) -> None:
    """Take the row from whoever holds it: what they were about to find out is known."""
    tx.execute(text(_SEIZE.format(table=table)), {"id": id_, "due_at": due_at})
    wake_schedulers(tx)
