"""Drafts: posts that somebody is still writing, as they were written. Nothing ever sends one.

They are no posts: a post has an account, a time and media that were checked, and the queries that publish never meet
anything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Id, InstantNow, Str
from pressrun.errors import Conflict, Unknown
from pressrun.versions import Seen, is_as_seen, told


class Draft(Base):
    __tablename__ = "drafts"
    # Serves the list, whose pages go by the number.
    __table_args__ = (Index("ix_drafts_account_id_id", "account_id", "id"),)

    id: Mapped[Id]
    account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    """Null as long as nobody has said for which account it is."""
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Column of a campaign → text, as it was written."""
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    author: Mapped[Str]
    created_at: Mapped[InstantNow]
    updated_at: Mapped[InstantNow]


def add_draft(tx: Session, fields: Mapping[str, str], *, account_id: int | None, author: str) -> Draft:
    draft = Draft(fields=dict(fields), account_id=account_id, author=author)
    tx.add(draft)
    tx.flush()
    tx.refresh(draft)
    return draft


def find_draft(tx: Session, draft_id: int, *, version: Seen = None) -> Draft:
    """The draft, locked until the transaction ends. Raises Unknown, and Conflict when there is a newer version."""
    draft = tx.scalars(select(Draft).where(Draft.id == draft_id).with_for_update()).first()
    if draft is None:
        raise Unknown(f"there is no draft {draft_id}", type="draft.unknown", field="draft", ids={"draft": draft_id})
    if version is not None and not is_as_seen(draft.version, version):
        raise Conflict(
            f"draft {draft_id} has been changed since: you have seen {told(version)}, it is at {draft.version}. "
            "Look at it again, then say what is to be changed",
            type="draft.changed",
            field="version",
            ids={"draft": draft_id, "version": draft.version},
        )
    return draft


def write_draft(tx: Session, draft: Draft, fields: Mapping[str, str], *, account_id: int | None, now: datetime) -> None:
    """Give a draft that the caller has locked other words."""
    draft.fields, draft.account_id = dict(fields), account_id
    draft.version, draft.updated_at = draft.version + 1, now
    tx.flush()
