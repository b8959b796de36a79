"""Mentions with what became of the reply to each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, literal, select, tuple_
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.history.mention import Mention
from models.publishing.reply import Reply
from pressrun.errors import Unknown


@dataclass(frozen=True)
class MentionShown:
    """`reply`, `reply_comment_id`: of the newest reply. `error`: of that reply, else of the reading."""

    id: int
    account: str
    state: str
    username: str | None
    text: str | None
    ig_media_id: str
    ig_comment_id: str
    mentioned_at: datetime | None
    announced_at: datetime
    reply: str | None
    reply_comment_id: str | None
    error: str | None


@dataclass(frozen=True)
class ReplyShown:
    """`mention` or `comment`: which of the two it answers. `number`: 1 for the first reply to it.

    `next_action_at`: when it is looked at again, if it is open.
    """

    mention: int | None
    comment: int | None
    account: str
    number: int
    state: str
    text: str
    comment_id: str | None
    error: str | None
    created_at: datetime
    settled_at: datetime | None
    next_action_at: datetime | None


_NEWEST = select(Reply).where(Reply.mention_id == Mention.id).order_by(Reply.id.desc()).limit(1).lateral()
_SHOWN = (
    select(
        Mention.id,
        Account.name.label("account"),
        Mention.state,
        Mention.username,
        Mention.text,
        Mention.ig_media_id,
        Mention.ig_comment_id,
        Mention.mentioned_at,
        Mention.announced_at,
        _NEWEST.c.state.label("reply"),
        _NEWEST.c.comment_id.label("reply_comment_id"),
        func.coalesce(_NEWEST.c.error, Mention.error).label("error"),
    )
    .join(Account, Account.id == Mention.account_id)
    .outerjoin(_NEWEST, _NEWEST.c.mention_id == Mention.id)
)


def newest_mentions(
    tx: Session,
    account_id: int | None,
    *,
    limit: int,
    behind: tuple[datetime, int] | None = None,
    waiting: bool = False,
) -> list[MentionShown]:
    """At most `limit` mentions, newest first, each with its newest reply.

    Args:
        waiting: only those that have no reply.
        behind: when the last one of the page before was announced, and its number.
    """
    query = _SHOWN.order_by(Mention.announced_at.desc(), Mention.id.desc()).limit(limit)
    if account_id is not None:
        query = query.where(Mention.account_id == account_id)
    if waiting:
        query = query.where(~exists().where(Reply.mention_id == Mention.id))
    if behind is not None:
        place = tuple_(Mention.announced_at, Mention.id)
        query = query.where(place < tuple_(literal(behind[0]), literal(behind[1])))
    return [MentionShown(**row._mapping) for row in tx.execute(query)]


def reply_shown(tx: Session, reply_id: int) -> ReplyShown:
    """The reply as it stands. Raises Unknown."""
    query = (
        select(
            Reply.mention_id.label("mention"),
            Reply.to_comment_id.label("comment"),
            Account.name.label("account"),
            Reply.number,
            Reply.state,
            Reply.text,
            Reply.comment_id,
            Reply.error,
            Reply.created_at,
            Reply.settled_at,
            Reply.next_action_at,
        )
        .join(Account, Account.id == Reply.account_id)
        .where(Reply.id == reply_id)
    )
    found = tx.execute(query).first()
    if found is None:
        raise Unknown(f"there is no reply {reply_id}", type="reply.unknown", field="reply_id", ids={"reply": reply_id})
    return ReplyShown(**found._mapping)
