"""The states of comments that have changed: what each of them said, whether it was hidden, whether it was there.

One that never changed has none. The newest state is that of the comment's own row. Append-only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Identity, Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base, table_of
from models.store.types import Instant, Str


class CommentVersion(Base):
    __tablename__ = "comment_versions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False))
    """What a record of erased persons names it by."""
    comment_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("comments.id"), primary_key=True, autoincrement=False
    )
    seen_at: Mapped[Instant] = mapped_column(primary_key=True)
    """When this state was seen first."""
    text: Mapped[Str | None]
    is_hidden: Mapped[bool | None]
    is_gone: Mapped[bool] = mapped_column(Boolean)


def news(row: Mapping[str, Any], known: Row[Any]) -> dict[str, Any] | None:
    """How a comment is shown, if that is otherwise than it was known.

    What becomes known changes nothing, unless a version has told it as unknown.
    """
    state = {name: _or(row[name], getattr(known, name)) for name in ("text", "is_hidden")}
    is_told = known.changed_at is not None
    differs = any(
        told != getattr(known, name) and (is_told or getattr(known, name) is not None) for name, told in state.items()
    )
    return state | {"is_gone": False} if differs or known.gone_at is not None else None


def add_versions(tx: Session, known: Sequence[Any], states: Mapping[int, Mapping[str, Any]], *, now: datetime) -> None:
    """The new states; before the first change of a comment also the one that it had until then."""
    if not known:
        return
    versions = table_of(CommentVersion)
    told = set(tx.scalars(select(versions.c.comment_id).where(versions.c.comment_id.in_(states)).distinct()))
    rows = [
        {"comment_id": one.id, "seen_at": one.first_seen_at, "text": one.text, "is_hidden": one.is_hidden}
        | {"is_gone": False}
        for one in known
        if one.id not in told
    ]
    rows += [{"comment_id": one.id, "seen_at": now, **states[one.id]} for one in known]
    tx.execute(insert(versions).on_conflict_do_nothing(), rows)


def _or(told: Any, known: Any) -> Any:
    return known if told is None else told
