"""Objects in a bucket: what Instagram fetches kept files from, each there for only as long as a container needs it.

    owed → there → leaving → gone → owed

A row is committed before the first byte is sent and says `gone` only after the object has been deleted, so that nothing
of ours stands in the bucket without a row that is owed a step. Objects are named by content: posts with the same file
share one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, Str, one_of

USED_FOR = timedelta(hours=24)
"""How long a use lasts unless it is said again: as long as a container lives."""
LOOK_AGAIN = timedelta(minutes=10)
"""How often an object that is needed is looked at, for ends of which nobody tells it."""


class ObjectState(StrEnum):
    OWED = "owed"
    """It is to be put there."""
    THERE = "there"
    LEAVING = "leaving"
    """It is being deleted: whoever wants it waits until it is gone."""
    GONE = "gone"


class BucketObject(Base):
    __tablename__ = "bucket_objects"
    __table_args__ = (
        UniqueConstraint("bucket", "key"),
        one_of("state", ObjectState),
        CheckConstraint("state = 'gone' OR next_action_at IS NOT NULL", name="owed_is_due"),
        Index("ix_bucket_objects_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_bucket_objects_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
    )

    id: Mapped[Id]
    bucket: Mapped[Str]
    key: Mapped[Str]
    sha256: Mapped[Str]
    extension: Mapped[Str]
    state: Mapped[Str] = mapped_column(server_default=text("'owed'"))
    error: Mapped[Str | None]
    """Why the step that is owed failed last."""
    created_at: Mapped[InstantNow]
    put_at: Mapped[Instant | None]
    removed_at: Mapped[Instant | None]
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class BucketUse(Base):
    """A part whose container is to be made from an object."""

    __tablename__ = "bucket_uses"
    __table_args__ = (Index("ix_bucket_uses_part_id", "part_id"),)

    object_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bucket_objects.id"), primary_key=True)
    part_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parts.id"), primary_key=True)
    until: Mapped[Instant]


# One that is gone is owed anew. The update locks the row, so that its removal is decided before this or after it.
_WANT = text("""
    INSERT INTO bucket_objects AS o (bucket, key, sha256, extension, next_action_at)
    VALUES (:bucket, :key, :sha256, :extension, now())
    ON CONFLICT (bucket, key) DO UPDATE
       SET state = CASE o.state WHEN 'gone' THEN 'owed' ELSE o.state END,
           error = CASE o.state WHEN 'gone' THEN NULL ELSE o.error END,
           removed_at = CASE o.state WHEN 'gone' THEN NULL ELSE o.removed_at END,
           tries = CASE o.state WHEN 'gone' THEN 0 ELSE o.tries END,
           next_action_at = CASE o.state WHEN 'gone' THEN now() ELSE o.next_action_at END
    RETURNING id, state, error
""")
_USE = text("""
    INSERT INTO bucket_uses AS u (object_id, part_id, until) VALUES (:object_id, :part_id, :until)
    ON CONFLICT (object_id, part_id) DO UPDATE SET until = greatest(u.until, excluded.until)
""")

# From the moment that a container of it is to be made until that is ready: then Instagram has its own copy.
_IS_NEEDED = text("""
    SELECT EXISTS (
        SELECT FROM bucket_uses u JOIN parts p ON p.id = u.part_id JOIN posts s ON s.id = p.post_id
         WHERE u.object_id = :id AND u.until > :now AND p.dropped_at IS NULL AND p.media_id IS NULL
           AND s.state IN ('scheduled', 'staging')
           AND NOT EXISTS (SELECT FROM containers c
                            WHERE c.part_id = p.id AND c.dropped_at IS NULL
                              AND c.status_code IN ('FINISHED', 'PUBLISHED')))
""")
# By the number of its claim whoever looks at it just now loses it: what they have seen is over.
_LET_GO = text("""
    UPDATE bucket_objects SET next_action_at = now(), leased_until = NULL, claim = claim + 1
     WHERE id IN (SELECT object_id FROM bucket_uses WHERE part_id = :part_id) AND state = 'there'
""")
_WAITING = text("""
    UPDATE posts SET next_action_at = now()
     WHERE id IN (SELECT p.post_id FROM bucket_uses u JOIN parts p ON p.id = u.part_id WHERE u.object_id = :id)
       AND state = 'scheduled' AND wait_reason = :reason AND leased_until IS NULL
""")

WAIT_REASON = "media"
"""What a post waits for whose objects are not there yet."""


class Wanted:
    """An object as whoever wants it finds it."""

    def __init__(self, id_: int, state: str, error: str | None) -> None:
        self.id, self.state, self.error = id_, ObjectState(state), error

    @property
    def is_there(self) -> bool:
        return self.state is ObjectState.THERE


def want_object(tx: Session, bucket: str, key: str, kept: Mapping[str, str], *, part_id: int, now: datetime) -> Wanted:
    """Have an object put there for a part's container, or kept there if it is; whoever asks again finds how it stands.

    `kept`: `sha256` and `extension` of the kept file. The caller holds the post's row, and asks for its objects in the
    order of their keys.
    """
    row = tx.execute(_WANT, {"bucket": bucket, "key": key, **kept}).one()
    tx.execute(_USE, {"object_id": row.id, "part_id": part_id, "until": now + USED_FOR})
    return Wanted(row.id, row.state, row.error)


def is_needed(tx: Session, object_id: int, *, now: datetime) -> bool:
    """Whether a container is still to be made from it. To be asked under its row lock."""
    return bool(tx.execute(_IS_NEEDED, {"id": object_id, "now": now}).scalar_one())


def let_go(tx: Session, part_id: int) -> None:
    """A container is ready: whatever it was made from is looked at, and removed if nothing else needs it."""
    tx.execute(_LET_GO, {"part_id": part_id})


_DOUBT = text("""
    UPDATE bucket_objects SET state = 'owed', next_action_at = now(), leased_until = NULL, claim = claim + 1
     WHERE id IN (SELECT object_id FROM bucket_uses WHERE part_id = :part_id) AND state = 'there'
""")


def doubt(tx: Session, part_id: int) -> None:
    """A container of the part has failed: whether what it was made from is there still is looked at."""
    tx.execute(_DOUBT, {"part_id": part_id})


def wake_waiting(tx: Session, object_id: int) -> None:
    """Let the posts go on that wait for the object. In a transaction of its own: posts are locked before objects."""
    tx.execute(_WAITING, {"id": object_id, "reason": WAIT_REASON})
