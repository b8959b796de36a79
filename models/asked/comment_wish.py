"""What a person wants done with a comment on own media: hidden, shown again, deleted. One wish at a time for each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, literal_column, select, text
from sqlalchemy.orm import Session

from models.accounts.account import get_account
from models.asked.inquiry import IS_OF_COMMENT, Inquiry, InquiryKind, ask_instagram
from models.history.comment import Comment
from models.publishing.reply import require_there
from pressrun.errors import Conflict

_COMMENT_ID = literal_column("((inquiries.asked ->> 'comment_id')::bigint)", BigInteger)


def of_comment(comment_id: Any) -> ColumnElement[bool]:
    """The wishes for it, written so that their index serves."""
    return and_(text(f"inquiries.{IS_OF_COMMENT}"), comment_id == _COMMENT_ID)


def wish_for(tx: Session, comment: Comment, kind: InquiryKind, *, now: datetime) -> Inquiry:
    """Have a worker do it; the same wish again is the one that is open.

    Raises NotPossible for a comment that is there no more, Conflict while another wish for it is open.
    """
    require_there(comment)
    # The second of two people sees what the first one wanted; in which order both were done nobody could say.
    tx.execute(select(Comment.id).where(Comment.id == comment.id).with_for_update())
    query = select(Inquiry).where(of_comment(comment.id), Inquiry.next_action_at.is_not(None))
    open_ = tx.scalar(query.order_by(Inquiry.id.desc()).limit(1))
    if open_ is None:
        account = get_account(tx, comment.account_id)
        return ask_instagram(tx, account, kind, {"comment_id": comment.id}, now=now)
    if open_.kind != kind.value:
        said = (
            f"comment {comment.id}: {open_.kind.removeprefix('comment_')} was asked for and is under way: wait for it"
        )
        raise Conflict(said, type="comment.busy", ids={"comment": comment.id, "inquiry": open_.id})
    return open_
