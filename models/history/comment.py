"""Comments on the account's own media, as webhooks announced or listings showed them, and what became of them.

A row holds the comment as it was last seen. Once one has changed (other words, hidden, gone, back), each of its states
is a row of `comment_versions`, the first one included; those are append-only. A webhook tells that a comment was
written, perhaps long ago: it completes what is unknown and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Row,
    UniqueConstraint,
    and_,
    case,
    false,
    func,
    null,
    select,
    true,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.history.comment_version import add_versions, news
from models.history.late_comments import record_late
from models.store.base import Base, table_of
from models.store.sparing import write
from models.store.types import Id, Instant, JsonObject, Str
from pressrun.errors import Unknown

_LATELY = timedelta(days=7)


class Comment(Base):
    __tablename__ = "comments"
    __table_args__ = (
        UniqueConstraint("account_id", "ig_id"),
        Index("ix_comments_account_id_ig_media_id", "account_id", "ig_media_id"),
        Index("ix_comments_first_seen_at", "first_seen_at"),  # for retention
        # Serves lists: by when it was written, as far as that is known; as far as it is not, it can only be older.
        Index("ix_comments_written_at", sql("coalesce(commented_at, first_seen_at)"), "id"),
        # Serves the invariants: what changed since a time.
        Index("ix_comments_changed_at", "changed_at", postgresql_where=sql("changed_at IS NOT NULL")),
        Index("ix_comments_erased", "id", postgresql_where=sql("erased_at IS NOT NULL")),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    ig_id: Mapped[Str]
    ig_media_id: Mapped[Str | None]
    parent_ig_id: Mapped[Str | None]
    username: Mapped[Str | None]
    text: Mapped[Str | None]
    commented_at: Mapped[Instant | None]
    extra: Mapped[JsonObject]
    first_seen_at: Mapped[Instant]
    last_seen_at: Mapped[Instant]
    is_hidden: Mapped[bool | None]
    gone_at: Mapped[Instant | None]
    """When a list that was read whole did not show it, or Instagram said that it does not exist."""
    changed_at: Mapped[Instant | None]
    """When it was last seen to have changed."""
    erased_at: Mapped[Instant | None]
    """When who wrote it was erased: what it said is gone, and is not taken up again."""


@dataclass(frozen=True)
class SeenComment:
    ig_id: str
    ig_media_id: str | None = None
    parent_ig_id: str | None = None
    username: str | None = None
    text: str | None = None
    commented_at: datetime | None = None
    is_hidden: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def find_comment(tx: Session, comment_id: int) -> Comment:
    """Raises Unknown."""
    found = tx.get(Comment, comment_id)
    if found is None:
        raise unknown_comment(comment_id)
    return found


def unknown_comment(comment_id: int) -> Unknown:
    said = f"there is no comment {comment_id}"
    return Unknown(said, type="comment.unknown", field="comment_id", ids={"comment": comment_id})


def named_lately(tx: Session, account_id: int, username: str, *, now: datetime) -> Sequence[Comment]:
    """Comments of the last days, as long as a name may go unnoticed, in which `@username` stands somewhere."""
    pattern = f"%@{username.replace('_', '!_')}%"
    query = select(Comment).where(
        Comment.account_id == account_id,
        Comment.first_seen_at > now - _LATELY,
        Comment.text.ilike(pattern, escape="!"),
    )
    return tx.scalars(query.order_by(Comment.id)).all()


def forget_announced(tx: Session, comment: Comment) -> None:
    """Leave a comment to the mentions: it stands on a media of somebody else, and no list of ours has shown it.

    One that was answered stays, and one of which more than one state is known.
    """
    tx.scalar(select(Comment.id).where(Comment.id == comment.id).with_for_update())
    # A statement of its own: it sees the reply that was waited for.
    tx.execute(_FORGET, {"id": comment.id})
    tx.expire(comment)


# Only a list tells when a comment was written.
_FORGET = sql("""
    DELETE FROM comments c
     WHERE c.id = :id AND c.commented_at IS NULL
       AND NOT EXISTS (SELECT FROM replies r WHERE r.to_comment_id = c.id)
       AND NOT EXISTS (SELECT FROM comment_versions v WHERE v.comment_id = c.id)
""")


def see_comments(tx: Session, account_id: int, seen: Iterable[SeenComment], *, now: datetime, are_shown: bool) -> int:
    """Record comments; returns how many were new or had changed.

    `are_shown`: Instagram showed them as they were at `now`. Otherwise, and where they have been seen since, what is
    known is completed and never changed.
    """
    rows = [
        {
            "account_id": account_id,
            "ig_id": one.ig_id,
            "ig_media_id": one.ig_media_id,
            "parent_ig_id": one.parent_ig_id,
            "username": one.username,
            "text": one.text,
            "commented_at": one.commented_at,
            "is_hidden": one.is_hidden,
            "extra": dict(one.extra),
            "first_seen_at": now,
            "last_seen_at": now,
        }
        for one in sorted({one.ig_id: one for one in seen}.values(), key=lambda one: one.ig_id)
    ]
    if not rows:
        return 0

    query = _upsert(are_shown=are_shown)
    told = query.returning(Comment.ig_id, sql("xmax = 0 AS is_new"))  # 0 exactly for rows that this statement inserted

    def see(some: Sequence[dict[str, Any]]) -> int:
        if not are_shown:
            return sum(bool(row.is_new) for row in tx.execute(told, some).all())
        known = _locked(tx, account_id, some)
        changed = _record_changes(tx, some, known, now=now)
        written = tx.execute(told, [_as_locked(row, known.get(row["ig_id"]), changed) for row in some]).all()
        found = sum(bool(row.is_new) for row in written) + len(changed)
        # What somebody else has written since they were looked for, and before this, may be told otherwise.
        missed = {row["ig_id"] for row in some} - {row.ig_id for row in written} - known.keys()
        return found + (see([row for row in some if row["ig_id"] in missed]) if missed else 0)

    return sum(write(tx, rows, see))


# Whoever found it gone has looked as well: a list that was read before shows what was then.
_LOOKED_AT = func.greatest(Comment.last_seen_at, Comment.gone_at)


def _upsert(*, are_shown: bool) -> Insert:
    query = insert(table_of(Comment))
    new, old = query.excluded, Comment
    is_newer = new.last_seen_at > _LOOKED_AT if are_shown else false()

    def newest(name: str) -> Any:
        """What is shown holds from now on, unless somebody has looked since.

        What nobody has known is completed, where no version has told it as unknown: versions are not changed.
        """
        first, then = old.__table__.c[name], new[name]
        completed = case((old.changed_at.is_(None), func.coalesce(first, then)), else_=first)
        return case((is_newer, func.coalesce(then, first)), else_=completed)

    return query.on_conflict_do_update(
        index_elements=[Comment.account_id, Comment.ig_id],
        set_={
            "ig_media_id": func.coalesce(old.ig_media_id, new.ig_media_id),
            "parent_ig_id": func.coalesce(old.parent_ig_id, new.parent_ig_id),
            "username": func.coalesce(old.username, new.username),
            "text": newest("text"),
            "is_hidden": newest("is_hidden"),
            "commented_at": func.coalesce(old.commented_at, new.commented_at),
            "first_seen_at": func.least(old.first_seen_at, new.last_seen_at),
            "last_seen_at": func.greatest(old.last_seen_at, new.last_seen_at),
            "gone_at": case((is_newer, null()), else_=old.gone_at),
            "changed_at": func.greatest(new.changed_at, old.changed_at),
        },
        # One that is shown has been locked, and what it says compared: its own time stands in the new row.
        where=and_(Comment.erased_at.is_(None), new.first_seen_at == old.first_seen_at if are_shown else true()),
    )


_STATE = (
    *(Comment.id, Comment.ig_id, Comment.text, Comment.is_hidden, Comment.gone_at, Comment.first_seen_at),
    *(Comment.changed_at, Comment.erased_at, _LOOKED_AT.label("looked_at")),
)


def _locked(tx: Session, account_id: int, rows: Sequence[Mapping[str, Any]]) -> dict[str, Row[Any]]:
    """Those that are known, by their Instagram ids: what they are compared with stays so until they are written."""
    shown = [row["ig_id"] for row in rows]
    query = select(*_STATE).where(Comment.account_id == account_id, Comment.ig_id.in_(shown))
    return {one.ig_id: one for one in tx.execute(query.order_by(Comment.ig_id).with_for_update())}


def _as_locked(row: dict[str, Any], known: Row[Any] | None, changed: Mapping[str, datetime]) -> dict[str, Any]:
    first_seen_at = row["first_seen_at"] if known is None else known.first_seen_at
    return row | {"first_seen_at": first_seen_at, "changed_at": changed.get(row["ig_id"])}


def _record_changes(
    tx: Session, rows: Sequence[Mapping[str, Any]], known: Mapping[str, Row[Any]], *, now: datetime
) -> dict[str, datetime]:
    """Write down the states of those that are shown otherwise than they were known then.

    Returns of each of them, by its Instagram id, the time of the last state that was written.
    """
    changed, states, late = [], {}, {}
    for row in rows:
        one = known.get(row["ig_id"])
        if one is None or one.erased_at is not None or one.looked_at == now:
            continue
        if one.looked_at > now:
            late[one.id] = row
        elif (state := news(row, one)) is not None:
            states[one.id] = state
            changed.append(one)
    add_versions(tx, changed, states, now=now)
    return dict.fromkeys((one.ig_id for one in changed), now) | record_late(tx, late, now=now)


def record_gone(
    tx: Session,
    account_id: int,
    ig_media_id: str | None,
    *,
    unseen_since: datetime,
    now: datetime,
    ig_id: str | None = None,
) -> int:
    """Mark as gone what is known of a media and was not seen since then, or that one comment alone; how many it were.

    The caller has read the media's whole list since then, or has been told that the comment does not exist.
    """
    query = select(*_STATE).where(
        Comment.account_id == account_id,
        Comment.ig_media_id.is_not_distinct_from(ig_media_id),
        Comment.gone_at.is_(None),
        Comment.last_seen_at < unseen_since,
    )
    if ig_id is not None:
        query = query.where(Comment.ig_id == ig_id)
    known = tx.execute(query.order_by(Comment.ig_id).with_for_update()).all()
    if not known:
        return 0
    states = {one.id: {"text": one.text, "is_hidden": one.is_hidden, "is_gone": True} for one in known}
    add_versions(tx, known, states, now=now)
    comments = table_of(Comment)
    tx.execute(comments.update().where(comments.c.id.in_(states)).values(gone_at=now, changed_at=now))
    return len(states)
