"""Media of others, as a watched account or hashtag showed them, and the history of their public counts.

`public_media_snapshots` is append-only: a row only when something changed. Null is unknown: owners may
hide their likes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.history.late_points import store_series
from models.store.base import Base, table_of
from models.store.sparing import write
from models.store.types import Id, Instant, Str


class PublicMedia(Base):
    __tablename__ = "public_media"
    __table_args__ = (
        UniqueConstraint("watch_id", "ig_id"),
        Index("ix_public_media_watch_id_posted_at", "watch_id", "posted_at"),
        Index("ix_public_media_first_seen_at", "first_seen_at"),  # for retention
    )

    id: Mapped[Id]
    watch_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("watches.id"))
    ig_id: Mapped[Str]
    """As seen through this watch: it cannot be read by itself (graph-api.md §5.3)."""
    media_type: Mapped[Str | None]
    caption: Mapped[Str | None]
    permalink: Mapped[Str | None]
    posted_at: Mapped[Instant | None]
    first_seen_at: Mapped[Instant]
    last_seen_at: Mapped[Instant]


class PublicMediaSnapshot(Base):
    __tablename__ = "public_media_snapshots"
    __table_args__ = (
        Index("ix_public_media_snapshots_captured_at", "captured_at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (captured_at)"},
    )

    public_media_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    captured_at: Mapped[Instant] = mapped_column(primary_key=True)
    like_count: Mapped[int | None] = mapped_column(BigInteger)
    comments_count: Mapped[int | None] = mapped_column(BigInteger)
    view_count: Mapped[int | None] = mapped_column(BigInteger)
    run_id: Mapped[int | None] = mapped_column(BigInteger)


class PublicMediaLatest(Base):
    __tablename__ = "public_media_latest"
    __table_args__ = (Index("ix_public_media_latest_captured_at", "captured_at"),)  # serves the invariants

    public_media_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("public_media.id"), primary_key=True)
    like_count: Mapped[int | None] = mapped_column(BigInteger)
    comments_count: Mapped[int | None] = mapped_column(BigInteger)
    view_count: Mapped[int | None] = mapped_column(BigInteger)
    captured_at: Mapped[Instant]
    last_checked_at: Mapped[Instant]


@dataclass(frozen=True)
class SeenPublicMedia:
    """One media of others as one answer gave it; a count that is None was not told."""

    ig_id: str
    media_type: str | None = None
    caption: str | None = None
    permalink: str | None = None
    posted_at: datetime | None = None
    like_count: int | None = None
    comments_count: int | None = None
    view_count: int | None = None

    @property
    def has_counts(self) -> bool:
        return any(count is not None for count in (self.like_count, self.comments_count, self.view_count))


# `public_media_latest` merges: a count that this answer left out keeps what was known, and is no change. The snapshot
# holds only what was read. The row of `public_media_latest` is the lock, and an older answer changes nothing of it.
_STORE = text("""
    WITH read AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb))
            AS p(public_media_id bigint, like_count bigint, comments_count bigint, view_count bigint)
         ORDER BY public_media_id  -- one order of locking for all harvests
    ), latest AS (
        INSERT INTO public_media_latest AS l
               (public_media_id, like_count, comments_count, view_count, captured_at, last_checked_at)
        SELECT public_media_id, like_count, comments_count, view_count, :captured_at, :captured_at FROM read
        ON CONFLICT (public_media_id) DO UPDATE
           SET like_count = coalesce(excluded.like_count, l.like_count),
               comments_count = coalesce(excluded.comments_count, l.comments_count),
               view_count = coalesce(excluded.view_count, l.view_count),
               captured_at = CASE WHEN coalesce(excluded.like_count, l.like_count) IS DISTINCT FROM l.like_count
                                    OR coalesce(excluded.comments_count, l.comments_count)
                                       IS DISTINCT FROM l.comments_count
                                    OR coalesce(excluded.view_count, l.view_count) IS DISTINCT FROM l.view_count
                                  THEN excluded.captured_at ELSE l.captured_at END,
               last_checked_at = excluded.last_checked_at
         WHERE l.last_checked_at < excluded.last_checked_at
        RETURNING l.public_media_id, l.captured_at
    ), added AS (
        INSERT INTO public_media_snapshots
               (public_media_id, captured_at, like_count, comments_count, view_count, run_id)
        SELECT read.public_media_id, latest.captured_at, read.like_count, read.comments_count, read.view_count,
               CAST(:run_id AS bigint)
          FROM read JOIN latest USING (public_media_id)
         WHERE latest.captured_at = :captured_at
        ON CONFLICT DO NOTHING
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM latest) AS taken, (SELECT count(*) FROM added) AS added
""")
_COUNTS = ("like_count", "comments_count", "view_count")
_IS_NEWS = " OR ".join(
    f"""
           r.{name} IS NOT NULL AND (after.run_id = :run_id AND after.{name} = r.{name}) IS NOT TRUE
           AND r.{name} IS DISTINCT FROM CASE WHEN l.captured_at <= :captured_at THEN l.{name} ELSE (
               SELECT h.{name} FROM public_media_snapshots h
                WHERE h.public_media_id = r.public_media_id AND h.captured_at <= :captured_at AND h.{name} IS NOT NULL
                ORDER BY h.captured_at DESC LIMIT 1) END"""  # noqa: S608 - the constants above
    for name in _COUNTS
)

# As `models.history.late_points` has it. Which of the counts the last, unchanged answer told is not known, so none of
# them becomes a point again: nothing is said to have been read that may not have been.
_STORE_LATE = text(f"""
    INSERT INTO public_media_snapshots (public_media_id, captured_at, {", ".join(_COUNTS)}, run_id)
    SELECT r.public_media_id, :captured_at, {", ".join(f"r.{name}" for name in _COUNTS)}, CAST(:run_id AS bigint)
      FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r(public_media_id bigint, {", ".join(f"{name} bigint" for name in _COUNTS)})
      JOIN public_media_latest l USING (public_media_id)
      LEFT JOIN LATERAL (SELECT h.* FROM public_media_snapshots h
                          WHERE h.public_media_id = r.public_media_id AND h.captured_at > :captured_at
                          ORDER BY h.captured_at LIMIT 1) after ON true
     WHERE l.last_checked_at > :captured_at AND ({_IS_NEWS})
    ON CONFLICT DO NOTHING
""")  # noqa: S608 - the only insertions are the constants above


def store_public_media(
    tx: Session, watch_id: int, seen: Iterable[SeenPublicMedia], *, captured_at: datetime, run_id: int | None
) -> int:
    """Record that these media exist, and what of their counts changed; returns the number of snapshots written."""
    unique = {one.ig_id: one for one in seen}
    ids = _see(tx, watch_id, unique.values(), now=captured_at)
    counts = [
        {
            "public_media_id": ids[one.ig_id],
            "like_count": one.like_count,
            "comments_count": one.comments_count,
            "view_count": one.view_count,
        }
        for one in unique.values()
        if one.has_counts and one.ig_id in ids
    ]
    if not counts:
        return 0

    known = {"captured_at": captured_at, "run_id": run_id}
    return sum(write(tx, counts, lambda rows: store_series(tx, _STORE, _STORE_LATE, known, rows)))


def _see(tx: Session, watch_id: int, seen: Iterable[SeenPublicMedia], *, now: datetime) -> dict[str, int]:
    """Our id of each by Instagram's. What was first seen stays; what was missing is completed."""
    rows = [
        {
            "watch_id": watch_id,
            "ig_id": one.ig_id,
            "media_type": one.media_type,
            "caption": one.caption,
            "permalink": one.permalink,
            "posted_at": one.posted_at,
            "first_seen_at": now,
            "last_seen_at": now,
        }
        for one in sorted(seen, key=lambda one: one.ig_id)
    ]
    if not rows:
        return {}
    query = insert(table_of(PublicMedia))
    new = query.excluded
    completed = ("media_type", "caption", "permalink", "posted_at")
    query = query.on_conflict_do_update(
        index_elements=[PublicMedia.watch_id, PublicMedia.ig_id],
        set_={
            **{name: func.coalesce(getattr(PublicMedia, name), new[name]) for name in completed},
            "last_seen_at": func.greatest(PublicMedia.last_seen_at, new.last_seen_at),
        },
    )
    given = query.returning(PublicMedia.ig_id, PublicMedia.id)
    parts = write(tx, rows, lambda some: tx.execute(given, some).all())
    return {row.ig_id: row.id for part in parts for row in part}
