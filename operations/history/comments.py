"""Comments on the accounts' own media: reading them, replying once, hiding, showing again and deleting."""

from __future__ import annotations

from datetime import datetime

from models.asked.comment_wish import wish_for
from models.asked.inquiry import InquiryKind
from models.history.comment import find_comment
from models.publishing.reply import queue_reply, resolve_reply
from models.reading.history.comments import CommentShown, CommentsThat, comment_shown, newest_comments
from models.reading.history.mentions import ReplyShown, reply_shown
from operations.history.mentions import words_of
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.which import account_id_of
from pressrun import clock

__all__ = ["CommentShown", "CommentsThat", "ReplyShown"]


@operation("comment.list", effect=Effect.READS, scope=Scope.READ)
def list_comments(
    ctx: Context,
    asker: Asker,
    account: str | None = None,
    *,
    media: str | None = None,
    that: CommentsThat | None = None,
    limit: int = 100,
    behind: tuple[datetime, int] | None = None,
) -> list[CommentShown]:
    """The newest comments of one or all accounts, or below one media; `behind`: from behind the `place` of one on.

    Raises Unknown for the account, and for a media of which nothing is known.
    """
    with ctx.database.transaction() as tx:
        return newest_comments(tx, account_id_of(tx, account), media=media, that=that, limit=limit, behind=behind)


@operation("comment.show", effect=Effect.READS, scope=Scope.READ)
def show(ctx: Context, asker: Asker, comment_id: int) -> CommentShown:
    """One comment, with our reply to it and what was wanted of it. Raises Unknown."""
    with ctx.database.transaction() as tx:
        return comment_shown(tx, comment_id)


@operation("comment.reply", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def reply(ctx: Context, asker: Asker, comment_id: int, text: str, *, again: bool = False) -> int:
    """Queue a reply; returns its number, for `mention.reply_shown`.

    Raises Invalid for a text without words, Unknown for the comment, NotPossible for one that is gone, and Conflict
    while another reply is open, or when one was sent and `again` is not set.
    """
    words = words_of(text)
    ctx.vault()  # a missing key is told now, and not by the reply
    with ctx.database.transaction() as tx:
        return queue_reply(tx, find_comment(tx, comment_id), words, again=again, now=clock.now()).id


@operation("comment.resolve", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def resolve(ctx: Context, asker: Asker, comment_id: int, *, was_sent: bool) -> ReplyShown:
    """A person's word on a reply to a comment that nobody could read.

    Raises Unknown for the comment, and NotPossible when nothing waits for that.
    """
    with ctx.database.transaction() as tx:
        settled = resolve_reply(tx, find_comment(tx, comment_id), was_sent=was_sent, now=clock.now())
        return reply_shown(tx, settled.id)


@operation("comment.hide", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def hide(ctx: Context, asker: Asker, comment_id: int) -> int:
    """Have a comment hidden; returns the number of the inquiry, for `inquiry.outcome`.

    Raises Unknown for the comment, NotPossible for one that is gone, Conflict while something else is wanted of it.
    """
    return _wish(ctx, comment_id, InquiryKind.COMMENT_HIDE)


@operation("comment.unhide", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def unhide(ctx: Context, asker: Asker, comment_id: int) -> int:
    """Have a comment that was hidden shown again. Returns and raises what `hide` does."""
    return _wish(ctx, comment_id, InquiryKind.COMMENT_UNHIDE)


@operation("comment.delete", effect=Effect.DESTROYS, scope=Scope.PUBLISH)
def delete(ctx: Context, asker: Asker, comment_id: int) -> int:
    """Have a comment deleted on Instagram, for good. Returns and raises what `hide` does."""
    return _wish(ctx, comment_id, InquiryKind.COMMENT_DELETE)


def _wish(ctx: Context, comment_id: int, kind: InquiryKind) -> int:
    ctx.vault()
    with ctx.database.transaction() as tx:
        return wish_for(tx, find_comment(tx, comment_id), kind, now=clock.now()).id
