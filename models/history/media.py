"""Media of an account as Instagram lists them, and the history of their insights.

`media_snapshots` is append-only, one wide row per media and reading, and only when something changed. A metric without
a column of its own is kept in `extra`. Null is unknown; zero only when Instagram said zero. `media_latest` holds the
newest known row and when it was last looked at, so that "unchanged" and "not looked at" differ.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.history.late_media import store_late
from models.meanings.metrics import MEDIA_COLUMNS
from models.store.base import Base, table_of
from models.store.sparing import write
from models.store.types import Id, Instant, InstantNow, JsonObject, OptionalJson, Str
from pressrun.errors import Unknown


class Media(Base):
    __tablename__ = "media"
    __table_args__ = (
        UniqueConstraint("account_id", "ig_id"),
        Index("ix_media_account_id_posted_at", "account_id", "posted_at"),
        Index("ix_media_ig_id", "ig_id"),  # people know a media by its id alone
        Index("ix_media_part_id", "part_id", postgresql_where=text("part_id IS NOT NULL")),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    ig_id: Mapped[Str]
    part_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("parts.id"))
    """The part that Pressrun published as this media; null for what others posted."""
    media_type: Mapped[Str | None]
    media_product_type: Mapped[Str | None]
    caption: Mapped[Str | None]
    permalink: Mapped[Str | None]
    posted_at: Mapped[Instant | None]
    extra: Mapped[JsonObject]
    first_seen_at: Mapped[InstantNow]
    last_seen_at: Mapped[InstantNow]


class _Metrics:
    """A column for each of MEDIA_COLUMNS, typed here for those who read a row."""

    reach: Mapped[int | None] = mapped_column(BigInteger)
    views: Mapped[int | None] = mapped_column(BigInteger)
    likes: Mapped[int | None] = mapped_column(BigInteger)
    comments: Mapped[int | None] = mapped_column(BigInteger)
    saved: Mapped[int | None] = mapped_column(BigInteger)
    shares: Mapped[int | None] = mapped_column(BigInteger)
    reposts: Mapped[int | None] = mapped_column(BigInteger)
    replies: Mapped[int | None] = mapped_column(BigInteger)
    total_interactions: Mapped[int | None] = mapped_column(BigInteger)
    follows: Mapped[int | None] = mapped_column(BigInteger)
    profile_visits: Mapped[int | None] = mapped_column(BigInteger)
    avg_watch_time_ms: Mapped[int | None] = mapped_column(BigInteger)
    total_watch_time_ms: Mapped[int | None] = mapped_column(BigInteger)
    extra: Mapped[OptionalJson]


class MediaSnapshot(_Metrics, Base):
    __tablename__ = "media_snapshots"
    __table_args__ = (
        Index("ix_media_snapshots_captured_at", "captured_at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (captured_at)"},
    )

    media_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    captured_at: Mapped[Instant] = mapped_column(primary_key=True)
    """When Instagram's answer was read."""
    run_id: Mapped[int | None] = mapped_column(BigInteger)


class MediaLatest(_Metrics, Base):
    __tablename__ = "media_latest"
    __table_args__ = (Index("ix_media_latest_captured_at", "captured_at"),)  # serves the invariants

    media_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("media.id"), primary_key=True)
    captured_at: Mapped[Instant]
    last_checked_at: Mapped[Instant]
    told_at: Mapped[OptionalJson]
    """Metric, by its column or its key in `extra` → when an answer told it last, changed or not."""


@dataclass(frozen=True)
class SeenMedia:
    """One media as a listing showed it."""

    ig_id: str
    media_type: str | None = None
    media_product_type: str | None = None
    caption: str | None = None
    permalink: str | None = None
    posted_at: datetime | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MediaReading:
    """The metrics of one media as one answer gave them; a metric that is absent was not read."""

    media_id: int
    captured_at: datetime
    metrics: Mapping[str, int]
    extra: Mapping[str, Any] = field(default_factory=dict)


def see_media(tx: Session, account_id: int, seen: Iterable[SeenMedia], *, now: datetime) -> dict[str, int]:
    """Record that these media exist; returns our id of each by Instagram id. What is known is never emptied.

    A media that Postgres refuses is missing from what is returned, where that is spared (`models.store.sparing`).
    """
    rows = [
        {
            "account_id": account_id,
            "ig_id": one.ig_id,
            "media_type": one.media_type,
            "media_product_type": one.media_product_type,
            "caption": one.caption,
            "permalink": one.permalink,
            "posted_at": one.posted_at,
            "extra": dict(one.extra),
            "first_seen_at": now,
            "last_seen_at": now,
        }
        # A fixed order of locking: two harvests that see the same media must not wait for each other in a ring.
        for one in sorted({one.ig_id: one for one in seen}.values(), key=lambda one: one.ig_id)
    ]
    if not rows:
        return {}
    query = insert(table_of(Media))
    new = query.excluded
    query = query.on_conflict_do_update(
        index_elements=[Media.account_id, Media.ig_id],
        set_={
            "media_type": func.coalesce(new.media_type, Media.media_type),
            "media_product_type": func.coalesce(new.media_product_type, Media.media_product_type),
            "caption": func.coalesce(new.caption, Media.caption),
            "permalink": func.coalesce(new.permalink, Media.permalink),
            "posted_at": func.coalesce(new.posted_at, Media.posted_at),
            "extra": Media.extra.op("||")(new.extra),
            "last_seen_at": func.greatest(Media.last_seen_at, new.last_seen_at),
        },
    )
    parts = write(tx, rows, lambda some: tx.execute(query.returning(Media.ig_id, Media.id), some).all())
    return {row.ig_id: row.id for part in parts for row in part}


def unknown_media(ig_id: str) -> Unknown:
    return Unknown(f"no media has the id {ig_id!r}", type="media.unknown", field="media")


def bind_media(tx: Session, account_id: int, ig_id: str, part_id: int, *, now: datetime) -> None:
    """Record that Pressrun's part went out as this media."""
    query = insert(Media).values(
        account_id=account_id, ig_id=ig_id, part_id=part_id, first_seen_at=now, last_seen_at=now
    )
    tx.execute(query.on_conflict_do_update(index_elements=[Media.account_id, Media.ig_id], set_={"part_id": part_id}))


_COLUMNS = frozenset(MEDIA_COLUMNS)
_NAMES = ", ".join(MEDIA_COLUMNS)
_TYPED = ", ".join(f"{name} bigint" for name in MEDIA_COLUMNS)
_MERGED = ", ".join(f"{name} = coalesce(excluded.{name}, l.{name})" for name in MEDIA_COLUMNS)
_CHANGED = " OR ".join(
    f"excluded.{name} <> l.{name} OR excluded.{name} IS NOT NULL AND l.{name} IS NULL" for name in MEDIA_COLUMNS
)

# `media_latest` merges: a metric that this answer left out keeps what was known, and is no change. The snapshot holds
# only what was read: nothing is repeated as if it had been seen again. The row of `media_latest` is the lock, so two
# readings of one media follow each other, and an older answer never speaks for the present: it is left to
# `models.history.late_media`. All readings of an answer go in one statement, in one order of locking for all harvests.
_STORE = text(f"""
    WITH read AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(CAST(:readings AS jsonb))
            AS r(media_id bigint, captured_at timestamptz, {_TYPED}, extra jsonb, told_at jsonb)
         ORDER BY media_id
    ), latest AS (
        INSERT INTO media_latest AS l (media_id, {_NAMES}, extra, captured_at, last_checked_at, told_at)
        SELECT media_id, {_NAMES}, extra, captured_at, captured_at, told_at FROM read
        ON CONFLICT (media_id) DO UPDATE
           SET {_MERGED},
               extra = CASE WHEN excluded.extra IS NULL THEN l.extra
                            ELSE coalesce(l.extra, jsonb_build_object()) || excluded.extra END,
               captured_at = CASE WHEN {_CHANGED}
                                    OR coalesce(l.extra, jsonb_build_object()) || excluded.extra
                                       <> coalesce(l.extra, jsonb_build_object())
                                  THEN excluded.captured_at ELSE l.captured_at END,
               last_checked_at = excluded.last_checked_at,
               told_at = coalesce(l.told_at, jsonb_build_object()) || excluded.told_at
         WHERE l.last_checked_at < excluded.last_checked_at
        RETURNING l.media_id, l.captured_at
    ), added AS (
        INSERT INTO media_snapshots (media_id, captured_at, run_id, {_NAMES}, extra)
        SELECT media_id, captured_at, CAST(:run_id AS bigint), {_NAMES}, extra
          FROM read JOIN latest USING (media_id, captured_at)
         WHERE num_nonnulls({_NAMES}, extra) > 0  -- an answer that said nothing is no point
        ON CONFLICT (media_id, captured_at) DO NOTHING
        RETURNING 1
    )
    SELECT coalesce((SELECT array_agg(media_id) FROM latest), CAST(ARRAY[] AS bigint[])) AS taken,
           (SELECT count(*) FROM added) AS added
""")  # noqa: S608 - the only insertions are the constants above
_AT_ONCE = 5_000
"""Readings of one statement."""


def store_readings(tx: Session, readings: Iterable[MediaReading], *, run_id: int | None) -> int:
    """Add to the history what differs from the values known at its time; returns the number of snapshots written."""

    def add(rows: Sequence[dict[str, Any]]) -> int:
        found = tx.execute(_STORE, {"readings": json.dumps(rows), "run_id": run_id}).one()
        taken = set(found.taken)
        late = [row for row in rows if row["media_id"] not in taken]
        return int(found.added) + (store_late(tx, late, run_id=run_id) if late else 0)

    return sum(sum(write(tx, [_listed(one) for one in batch], add)) for batch in _batches(readings))


def _batches(readings: Iterable[MediaReading]) -> Iterator[list[MediaReading]]:
    """Each media once in a batch, the earlier reading in the earlier one: a statement cannot change a row twice."""
    rounds: list[list[MediaReading]] = []
    times_seen: Counter[int] = Counter()
    for one in sorted(readings, key=lambda one: (one.captured_at, one.media_id)):
        if times_seen[one.media_id] == len(rounds):
            rounds.append([])
        rounds[times_seen[one.media_id]].append(one)
        times_seen[one.media_id] += 1
    for group in rounds:
        group.sort(key=lambda one: one.media_id)
        yield from (group[start : start + _AT_ONCE] for start in range(0, len(group), _AT_ONCE))


def _listed(one: MediaReading) -> dict[str, Any]:
    row: dict[str, Any] = {name: value for name, value in one.metrics.items() if value is not None}
    extra = {name: row.pop(name) for name in row.keys() - _COLUMNS} | dict(one.extra)
    at = one.captured_at.isoformat()
    told_at = dict.fromkeys((*row, *extra), at)
    row.update(media_id=one.media_id, captured_at=at, extra=extra or None, told_at=told_at)
    return row


def is_own(tx: Session, account_id: int, ig_id: str) -> bool:
    """Whether this is known as a media of the account. One that nobody has listed yet is not."""
    known = select(Media.id).where(Media.account_id == account_id, Media.ig_id == ig_id)
    return tx.scalar(known) is not None


def bound_ids(tx: Session, account_id: int, ig_ids: Iterable[str]) -> set[str]:
    """Which of these media Pressrun already knows as its own."""
    from models.posts.part import Part
    from models.posts.post import Post

    wanted = list(ig_ids)
    ours = select(Part.media_id).join(Post, Post.id == Part.post_id)
    rows = tx.scalars(ours.where(Post.account_id == account_id, Part.media_id.in_(wanted)))
    return {str(ig_id) for ig_id in rows}
