"""What harvests remember of a media between their runs: how far they came, and what they leave out. No measurement.

It is written in the transaction that keeps what was read. Analysts do not see it; views show `gone_at`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import BigInteger, Boolean, ForeignKey, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Instant, OptionalJson, Str


class MediaState(Base):
    __tablename__ = "media_states"

    media_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("media.id"), primary_key=True, autoincrement=False)
    read_at: Mapped[Instant | None]
    """When its numbers were asked for last, whatever came of it."""
    own_read_at: Mapped[Instant | None]
    """When those were that only its kind of media has."""
    gone_at: Mapped[Instant | None]
    """When a listing last should have shown it and did not; null once it is back."""
    unlisted_at: Mapped[Instant | None]
    """When the list last ended before it, as Instagram lists only so many: it may be there, and is read by itself."""
    has_no_insights: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Instagram has none for it and never will (older than the account's conversion)."""
    not_on_facebook: Mapped[OptionalJson]
    """Metrics that were refused because it is not on Facebook, each with when it is asked for again (ISO)."""
    comments_told: Mapped[int | None] = mapped_column(BigInteger)
    """How many comments the last answer about it told of."""
    comments_read_at: Mapped[Instant | None]
    """When they were last read as far as there could be anything new."""
    comments_count: Mapped[int | None] = mapped_column(BigInteger)
    """How many it had when that reading began."""
    comments_whole_at: Mapped[Instant | None]
    """When all of them were last read, from the first to the last."""
    comments_begun_at: Mapped[Instant | None]
    """When the reading began that is under way; null when none is."""
    comments_begun_count: Mapped[int | None] = mapped_column(BigInteger)
    """How many there were then."""
    comments_after: Mapped[Str | None]
    """Instagram's cursor: where that reading goes on."""
    comments_lack: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Part of it could not be read: what it did not show may be there all the same."""


class Told(TypedDict, total=False):
    """What was learned of a media; what is absent stays as it was."""

    read_at: datetime
    own_read_at: datetime
    gone_at: datetime | None
    unlisted_at: datetime | None
    has_no_insights: bool
    not_on_facebook: dict[str, str] | None
    comments_told: int
    comments_read_at: datetime
    comments_count: int | None
    comments_whole_at: datetime
    comments_begun_at: datetime | None
    comments_begun_count: int | None
    comments_after: str | None
    comments_lack: bool


_TYPES = {
    "timestamptz": (
        "read_at",
        "own_read_at",
        "gone_at",
        "unlisted_at",
        "comments_read_at",
        "comments_whole_at",
        "comments_begun_at",
    ),
    "bigint": ("comments_told", "comments_count", "comments_begun_count"),
    "boolean": ("has_no_insights", "comments_lack"),
    "text": ("comments_after",),
    "jsonb": ("not_on_facebook",),
}
_SET = ",\n           ".join(
    f"{name} = CASE WHEN jsonb_exists(t.told, '{name}') THEN CAST(t.told ->> '{name}' AS {kind}) ELSE s.{name} END"
    for kind, names in _TYPES.items()
    for name in names
)

# The rows first, and each lock in one order for all: harvest and backfill write states of the same media at once.
_MAKE = text("""
    INSERT INTO media_states (media_id) SELECT id FROM unnest(CAST(:ids AS bigint[])) AS t(id) ORDER BY id
    ON CONFLICT DO NOTHING
""")
_LOCK = text("""
    SELECT FROM media_states WHERE media_id = ANY (CAST(:ids AS bigint[])) ORDER BY media_id FOR UPDATE
""")
_KEEP = text(f"""
    UPDATE media_states s
       SET {_SET}
      FROM jsonb_to_recordset(CAST(:told AS jsonb)) AS t(media_id bigint, told jsonb)
     WHERE s.media_id = t.media_id
""")  # noqa: S608 - the only insertions are the constants above


def keep_states(tx: Session, told: Mapping[int, Told]) -> None:
    """Keep what was learned of these media, by our id."""
    rows: list[dict[str, Any]] = [{"media_id": id_, "told": one} for id_, one in sorted(told.items()) if one]
    if not rows:
        return
    ids = {"ids": [row["media_id"] for row in rows]}
    tx.execute(_MAKE, ids)
    tx.execute(_LOCK, ids)
    tx.execute(_KEEP, {"told": json.dumps(rows, default=datetime.isoformat)})
