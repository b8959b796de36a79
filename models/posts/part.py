"""A part of a post: one thing that needs a container of its own.

An image, a reel or a single story has one part; several stories have one each, in order; a carousel has one part for
the whole and, below it (`parent_id`), one for each item. A part without a parent goes out by its own publish call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Id, Instant, JsonObject, Str, one_of


class PartKind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    CAROUSEL = "carousel"


class Part(Base):
    __tablename__ = "parts"
    __table_args__ = (
        Index("uq_parts_position", "post_id", "position", unique=True, postgresql_where=text("dropped_at IS NULL")),
        Index("ix_parts_parent_id", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        # Serves whoever has made a file right.
        Index("ix_parts_conversion_id", "conversion_id", postgresql_where=text("conversion_id IS NOT NULL")),
        one_of("kind", PartKind),
        # Two parts can never claim the same live media.
        Index("uq_parts_media_id", "media_id", unique=True, postgresql_where=text("media_id IS NOT NULL")),
    )

    id: Mapped[Id]
    post_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("posts.id"))
    parent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("parts.id"))
    position: Mapped[int] = mapped_column(Integer)
    """Order within the post, from 0; a carousel's whole comes before its items."""
    kind: Mapped[Str]
    source: Mapped[Str | None]
    """As it was given: a file's name or a URL. Null for a carousel's whole."""
    media_sha256: Mapped[Str | None]
    """The kept copy of a local file; null for a URL."""
    media_extension: Mapped[Str | None]
    conversion_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("conversions.id"))
    """What makes the file right: until that is done, `media_sha256` is the original's."""
    alt_text: Mapped[Str | None]
    probe: Mapped[JsonObject]
    """What the file was found to be when it was queued."""
    media_id: Mapped[Str | None]
    permalink: Mapped[Str | None]
    published_at: Mapped[Instant | None]
    dropped_at: Mapped[Instant | None]
    """When an edit replaced it; its containers stay as history, they count against Instagram's cap."""


_ADD = insert(Part).returning(Part, sort_by_parameter_order=True)


def add_part_rows(tx: Session, rows: Sequence[Mapping[str, Any]]) -> list[Part]:
    """Write parts, all with the same columns; as the database has them."""
    return list(tx.scalars(_ADD, rows)) if rows else []


def parts_of(tx: Session, post_id: int) -> list[Part]:
    """All parts in use, in order."""
    query = select(Part).where(Part.post_id == post_id, Part.dropped_at.is_(None))
    return list(tx.scalars(query.order_by(Part.position).execution_options(populate_existing=True)))


def drop_parts(tx: Session, post_id: int, *, now: datetime) -> None:
    """Take all parts of a post out of use: an edit has other media."""
    tx.execute(update(Part).where(Part.post_id == post_id, Part.dropped_at.is_(None)).values(dropped_at=now))
