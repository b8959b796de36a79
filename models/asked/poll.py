"""The history of polls: how the options of a media's poll stood, a row whenever that changed. Append-only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Instant, OptionalJson


class PollTally(Base):
    __tablename__ = "poll_tallies"
    __table_args__ = (Index("ix_poll_tallies_captured_at", "captured_at"),)

    media_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("media.id"), primary_key=True)
    captured_at: Mapped[Instant] = mapped_column(primary_key=True)
    options: Mapped[list[Any]] = mapped_column(JSONB)
    """Text and share of the votes (0 to 1, null where Instagram does not say) of each, in its order."""
    expires_at: Mapped[Instant | None]
    extra: Mapped[OptionalJson]
    """What else the answer held."""


# The media's row is the lock: of two readings of one poll the second sees what the first has stored.
_LOCK = text("SELECT id FROM media WHERE account_id = :account_id AND ig_id = :ig_id FOR NO KEY UPDATE")
_ADD = text("""
    INSERT INTO poll_tallies (media_id, captured_at, options, expires_at, extra)
    SELECT :media_id, :at, CAST(:options AS jsonb), CAST(:expires_at AS timestamptz), CAST(:extra AS jsonb)
     WHERE (CAST(:options AS jsonb), CAST(:expires_at AS timestamptz), CAST(:extra AS jsonb)) IS DISTINCT FROM
           (SELECT (t.options, t.expires_at, t.extra) FROM poll_tallies t
             WHERE t.media_id = :media_id AND t.captured_at <= :at ORDER BY t.captured_at DESC LIMIT 1)
    ON CONFLICT DO NOTHING
    RETURNING media_id
""")


def store_tally(
    tx: Session,
    account_id: int,
    ig_id: str,
    options: Sequence[Mapping[str, Any]],
    *,
    captured_at: datetime,
    expires_at: datetime | None,
    extra: Mapping[str, Any],
) -> bool:
    """Add how the poll stood then, if it differs from how it was last known; False if not, or of no known media."""
    media_id = tx.execute(_LOCK, {"account_id": account_id, "ig_id": ig_id}).scalar()
    if media_id is None:
        return False
    values = {
        "media_id": media_id,
        "at": captured_at,
        "options": json.dumps([dict(one) for one in options]),
        "expires_at": expires_at,
        "extra": json.dumps(dict(extra)) if extra else None,
    }
    return tx.execute(_ADD, values).first() is not None
