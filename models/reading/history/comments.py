"""Comments on the accounts' own media, as they were last seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import exists, func, literal, select, true, tuple_
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.asked.comment_wish import of_comment
from models.asked.inquiry import Inquiry, InquiryState
from models.history.comment import Comment, unknown_comment
from models.history.media import Media, unknown_media
from models.publishing.reply import Reply


@dataclass(frozen=True)
class CommentShown:
    """`is_hidden` null: no list has told. `gone_at`: since when it is known to be there no more.

    `reply`, `reply_comment_id`: of our newest reply to it. `wish`, `wish_state`: what was wanted of it last (hide,
    unhide, delete) and has not been done. `error`: of that wish, else of that reply.
    """

    id: int
    account: str
    ig_id: str
    ig_media_id: str | None
    parent_ig_id: str | None
    username: str | None
    text: str | None
    commented_at: datetime | None
    is_hidden: bool | None
    gone_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime
    reply: str | None
    reply_comment_id: str | None
    wish: str | None
    wish_state: str | None
    error: str | None

    @property
    def place(self) -> tuple[datetime, int]:
        """Where it stands in a list: when it was written, or, while that is not known, when it was first seen."""
        return self.commented_at or self.first_seen_at, self.id


_REPLY = select(Reply).where(Reply.to_comment_id == Comment.id).order_by(Reply.id.desc()).limit(1).lateral()
_LAST_WISH = select(Inquiry).where(of_comment(Comment.id)).order_by(Inquiry.id.desc()).limit(1).lateral()
_IS_UNDONE = _LAST_WISH.c.state != InquiryState.DONE.value

_COLUMNS = (
    Comment.id,
    Account.name.label("account"),
    Comment.ig_id,
    Comment.ig_media_id,
    Comment.parent_ig_id,
    Comment.username,
    Comment.text,
    Comment.commented_at,
    Comment.is_hidden,
    Comment.gone_at,
    Comment.first_seen_at,
    Comment.last_seen_at,
    _REPLY.c.state.label("reply"),
    _REPLY.c.comment_id.label("reply_comment_id"),
    func.replace(_LAST_WISH.c.kind, "comment_", "").label("wish"),
    _LAST_WISH.c.state.label("wish_state"),
    func.coalesce(_LAST_WISH.c.error, _REPLY.c.error).label("error"),
)
_SHOWN = (
    select(*_COLUMNS)
    .join(Account, Account.id == Comment.account_id)
    .outerjoin(_REPLY, _REPLY.c.to_comment_id == Comment.id)
    .outerjoin(_LAST_WISH, _IS_UNDONE)
)


class CommentsThat(StrEnum):
    """Which of them."""

    WAIT = "wait"
    """They are of others, are there, are shown, and have no reply of ours."""
    ARE_HIDDEN = "hidden"


def newest_comments(
    tx: Session,
    account_id: int | None,
    *,
    media: str | None = None,
    that: CommentsThat | None = None,
    limit: int,
    behind: tuple[datetime, int] | None = None,
) -> list[CommentShown]:
    """At most `limit` comments, newest first; `behind`: only those behind the `place` of another.

    Raises Unknown for a media of which nothing is known.
    """
    query = _SHOWN
    if that is CommentsThat.WAIT:
        is_shown = Comment.is_hidden.is_not(True) & Comment.gone_at.is_(None)
        is_of_others = Comment.username.is_distinct_from(Account.username)  # a first comment waits for nobody
        has_none = ~exists().where(Reply.to_comment_id == Comment.id)
        query = query.where(is_shown, is_of_others, Comment.parent_ig_id.is_(None), has_none)
    elif that is CommentsThat.ARE_HIDDEN:
        query = query.where(Comment.is_hidden.is_(True), Comment.gone_at.is_(None))
    if media is not None:
        query = query.where(Comment.ig_media_id == media, Comment.account_id.in_(_commented(tx, account_id, media)))
    elif account_id is not None:
        query = query.where(Comment.account_id == account_id)
    written_at = func.coalesce(Comment.commented_at, Comment.first_seen_at)
    if behind is not None:
        query = query.where(tuple_(written_at, Comment.id) < tuple_(literal(behind[0]), literal(behind[1])))
    query = query.order_by(written_at.desc(), Comment.id.desc()).limit(limit)
    return [CommentShown(**row._mapping) for row in tx.execute(query)]


def _commented(tx: Session, account_id: int | None, media: str) -> Sequence[int]:
    """The accounts that have comments of the media, which no index finds but that of an account.

    Raises Unknown. Comments are told by webhooks too, of media that no list has shown yet.
    """
    is_one = true() if account_id is None else Account.id == account_id
    of_media = exists().where(Comment.account_id == Account.id, Comment.ig_media_id == media)
    found = tx.scalars(select(Account.id).where(is_one, of_media)).all()
    if not found:
        is_listed = exists().where(Media.account_id == Account.id, Media.ig_id == media)
        if tx.scalar(select(Account.id).where(is_one, is_listed).limit(1)) is None:
            raise unknown_media(media)
    return found


def comment_shown(tx: Session, comment_id: int) -> CommentShown:
    """The comment as it was last seen. Raises Unknown."""
    found = tx.execute(_SHOWN.where(Comment.id == comment_id)).first()
    if found is None:
        raise unknown_comment(comment_id)
    return CommentShown(**found._mapping)
