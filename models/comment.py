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
    Boolean,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    case,
    false,
    func,
    null,
    select,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, table_of
from models.sparing import write
from models.types import Id, Instant, JsonObject, Str

_LATELY = timedelta(days=7)


class Comment(Base):
    __tablename__ = "comments"
    __table_args__ = (
        UniqueConstraint("account_id", "ig_id"),
        Index("ix_comments_account_id_ig_media_id", "account_id", "ig_media_id"),
        Index("ix_comments_first_seen_at", "first_seen_at"),  # for retention
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
    """Leave a comment to the mentions: it stands on a media of somebody else, and no list of ours has shown it."""
    if comment.commented_at is None:  # only a list tells
        tx.delete(comment)
        tx.flush()


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

    def see(some: Sequence[dict[str, Any]]) -> int:
        changed = _record_changes(tx, account_id, some, now=now) if are_shown else set()
        told = [row | {"changed_at": now if row["ig_id"] in changed else None} for row in some]
        # xmax is 0 exactly for rows that this statement inserted.
        inserted = tx.scalars(query.returning(sql("xmax = 0")), told).all()
        return sum(map(bool, inserted)) + len(changed)

    return sum(write(tx, rows, see))


def _upsert(*, are_shown: bool) -> Insert:
    query = insert(table_of(Comment))
    new, old = query.excluded, Comment

    def newest(name: str) -> Any:
        """What is shown holds from now on, unless somebody has looked since."""
        first, then = old.__table__.c[name], new[name]
        if not are_shown:
            return func.coalesce(first, then)
        is_newer = new.last_seen_at > old.last_seen_at
        return case((is_newer, func.coalesce(then, first)), else_=func.coalesce(first, then))

    is_back = new.last_seen_at > old.last_seen_at if are_shown else false()
    return query.on_conflict_do_update(
        index_elements=[Comment.account_id, Comment.ig_id],
        set_={
            "ig_media_id": func.coalesce(old.ig_media_id, new.ig_media_id),
            "parent_ig_id": func.coalesce(old.parent_ig_id, new.parent_ig_id),
            "username": func.coalesce(old.username, new.username),
            "text": newest("text"),
            "is_hidden": newest("is_hidden"),
            "commented_at": func.coalesce(old.commented_at, new.commented_at),
            "last_seen_at": func.greatest(old.last_seen_at, new.last_seen_at),
            "gone_at": case((is_back, null()), else_=old.gone_at),
            "changed_at": func.coalesce(new.changed_at, old.changed_at),
        },
        where=Comment.erased_at.is_(None),
    )


_STATE = (Comment.id, Comment.ig_id, Comment.text, Comment.is_hidden, Comment.gone_at, Comment.first_seen_at)


def _record_changes(tx: Session, account_id: int, rows: Sequence[dict[str, Any]], *, now: datetime) -> set[str]:
    """Write down the states of those that are shown otherwise than they were known; returns their Instagram ids.

    Their rows are locked: what they are compared with stays as it is until they are written.
    """
    shown = {row["ig_id"]: row for row in rows}
    known = tx.execute(
        select(*_STATE)
        .where(
            Comment.account_id == account_id,
            Comment.ig_id.in_(shown),
            Comment.last_seen_at < now,
            Comment.erased_at.is_(None),
        )
        .order_by(Comment.ig_id)
        .with_for_update()
    ).all()
    changed = []
    states = {}
    for one in known:
        told, said = _or(shown[one.ig_id]["text"], one.text), _or(shown[one.ig_id]["is_hidden"], one.is_hidden)
        is_edited = one.text is not None and told != one.text
        is_turned = one.is_hidden is not None and said != one.is_hidden
        if is_edited or is_turned or one.gone_at is not None:
            states[one.id] = {"text": told, "is_hidden": said, "is_gone": False}
            changed.append(one)
    _add_versions(tx, changed, states, now=now)
    return {one.ig_id for one in changed}


def record_gone(
    tx: Session,
    account_id: int,
    ig_media_id: str,
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
        Comment.ig_media_id == ig_media_id,
        Comment.gone_at.is_(None),
        Comment.last_seen_at < unseen_since,
    )
    if ig_id is not None:
        query = query.where(Comment.ig_id == ig_id)
    known = tx.execute(query.order_by(Comment.ig_id).with_for_update()).all()
    if not known:
        return 0
    states = {one.id: {"text": one.text, "is_hidden": one.is_hidden, "is_gone": True} for one in known}
    _add_versions(tx, known, states, now=now)
    comments = table_of(Comment)
    tx.execute(comments.update().where(comments.c.id.in_(states)).values(gone_at=now, changed_at=now))
    return len(states)


def _add_versions(tx: Session, known: Sequence[Any], states: Mapping[int, Mapping[str, Any]], *, now: datetime) -> None:
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
