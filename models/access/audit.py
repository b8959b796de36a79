"""The audit: every change that somebody asked for, who they were and by which face they came. Append-only.

An entry is written in the first transaction of an operation that changes anything, so that there is no change without
its entry: one that cannot be written takes the change back with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString

from sqlalchemy import BigInteger, Index, event, inspect
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.access.wording import fit_to_keep
from models.store.base import Base
from models.store.driver import rows_of
from models.store.types import Id, InstantNow, JsonObject, OptionalJson, Str

_MOST_ROWS = 20
_TIMES = frozenset({"updated_at", "last_used_at", "last_seen_at", "next_action_at", "leased_until", "claim", "tries"})
"""What changes along with something else."""


class AuditEntry(Base):
    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_seen_at", "seen_at", "id"),)

    id: Mapped[Id]
    seen_at: Mapped[InstantNow]
    """When it was done; called so because months are dropped by a column of this name."""
    asker: Mapped[Str]
    """Who, as they were called then."""
    face: Mapped[Str]
    # No foreign keys: an entry outlives whatever it names.
    key_id: Mapped[int | None] = mapped_column(BigInteger)
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    session_id: Mapped[int | None] = mapped_column(BigInteger)
    operation: Mapped[Str]
    effect: Mapped[Str]
    asked: Mapped[JsonObject]
    """What was asked for: without secrets and what others wrote, long texts cut."""
    before: Mapped[OptionalJson]
    """What the operation says of how it was; null where it says nothing."""
    after: Mapped[OptionalJson]


@dataclass(frozen=True)
class Asking:
    """Who asks for what; `asked` is fit to be kept."""

    asker: str
    face: str
    operation: str
    effect: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    key_id: int | None = None
    user_id: int | None = None
    session_id: int | None = None


def note(tx: Session, *, before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None) -> None:
    """Say for the audit how something was and how it is now: plain values, no secrets, no long texts."""
    noted: dict[str, Any] = tx.info.setdefault("noted", {})
    for name, values in (("before", before), ("after", after)):
        if values:
            noted[name] = {**noted.get(name, {}), **values}


def note_changes(tx: Session) -> None:
    """Note by itself whatever rows the transaction changes by their attributes, as they were and as they are.

    What is changed by a statement is not seen: an operation that does so says it itself, if it is worth saying.
    """
    tx.info["notes_changes"] = True


@event.listens_for(Session, "before_flush")
def _note_dirty(tx: Session, _flush: object, _instances: object) -> None:
    if not tx.info.get("notes_changes"):
        return
    for row in tx.dirty:
        state = inspect(row)
        changed = {one.key: one.history for one in state.attrs if one.history.has_changes() and one.key not in _TIMES}
        if changed and state.identity:
            of = f"{state.mapper.local_table.name} {state.identity[0]}"
            before = fit_to_keep({key: history.deleted[0] for key, history in changed.items() if history.deleted})
            after = fit_to_keep({key: history.added[0] for key, history in changed.items() if history.added})
            _note_row(tx, of, before, after)


def _note_row(tx: Session, of: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    noted: dict[str, Any] = tx.info.setdefault("noted", {})
    for name, values in (("before", before), ("after", after)):
        rows = noted.setdefault(name, {})
        if of in rows or len(rows) < _MOST_ROWS:
            known = rows.get(of, {})
            rows[of] = {**values, **known} if name == "before" else {**known, **values}


def write(tx: Session, asking: Asking) -> bool:
    """Write the entry if this transaction has changed or locked anything; whether it has."""
    tx.flush()
    noted = tx.info.get("noted", {})
    values = {**vars(asking), "asked": json.dumps(asking.asked)}
    for name in ("before", "after"):
        values[name] = json.dumps(noted[name], default=str) if noted.get(name) else None
    return bool(rows_of(tx, _WRITE, values))


# A transaction has a number as soon as it writes a row, and not before: what only looked leaves no entry.
_WRITE: LiteralString = """
    INSERT INTO audit (asker, face, key_id, user_id, session_id, operation, effect, asked, before, after)
    SELECT %(asker)s, %(face)s, CAST(%(key_id)s AS bigint), CAST(%(user_id)s AS bigint), CAST(%(session_id)s AS bigint),
           %(operation)s, %(effect)s, CAST(%(asked)s AS jsonb), CAST(%(before)s AS jsonb), CAST(%(after)s AS jsonb)
     WHERE pg_current_xact_id_if_assigned() IS NOT NULL
 RETURNING id
"""
