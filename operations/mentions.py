"""What `mention list` and `mention reply` do: mentions with their replies, queueing one, waiting for it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from machine.runtime import Runtime
from models.account import Account, find_account
from models.mention import Mention
from models.reply import Reply, queue_reply, resolve_reply
from operations.errands import Errand, Hands, await_errand
from operations.operation import Context
from pressrun import clock
from pressrun.errors import UsageError


def mentions(tx: Session, account: str | None, *, limit: int) -> list[dict[str, Any]]:
    """The newest mentions with their newest reply. Raises UsageError for an unknown account."""
    newest = select(Reply).where(Reply.mention_id == Mention.id).order_by(Reply.id.desc()).limit(1).lateral()
    query = (
        select(
            Mention,
            Account.name,
            newest.c.state.label("reply"),
            newest.c.comment_id.label("reply_comment_id"),
            newest.c.error.label("reply_error"),
        )
        .join(Account, Account.id == Mention.account_id)
        .outerjoin(newest, newest.c.mention_id == Mention.id)
        .order_by(Mention.announced_at.desc(), Mention.id.desc())
        .limit(limit)
    )
    if account is not None:
        query = query.where(Mention.account_id == find_account(tx, account).id)
    return [_shown(row._mapping) for row in tx.execute(query)]


def send(here: Runtime, mention_id: int, text: str, *, again: bool, hands: Hands) -> dict[str, Any]:
    """Queue the reply and wait for what becomes of it. Raises UsageError when there is nothing to reply, or no more."""
    words = text.strip()
    if not words:
        raise UsageError("--text is empty: Instagram takes no reply without words")
    with here.database.transaction() as tx:
        reply_id = queue_reply(tx, _mention(tx, mention_id), words, again=again, now=clock.now()).id
    ctx = Context(here.database, here.settings)
    await_errand(ctx, Errand.of("reply", [reply_id]), on_look=lambda _left: None, hands=hands)
    with here.database.transaction() as tx:
        return _told(tx, tx.get_one(Reply, reply_id))


def resolve(here: Runtime, mention_id: int, *, was_sent: bool) -> dict[str, Any]:
    """A person's word on a reply that nobody could read."""
    with here.database.transaction() as tx:
        return _told(tx, resolve_reply(tx, _mention(tx, mention_id), was_sent=was_sent, now=clock.now()))


def _mention(tx: Session, mention_id: int) -> Mention:
    found = tx.get(Mention, mention_id)
    if found is None:
        raise UsageError(f"there is no mention {mention_id}; `pressrun mention list` lists them")
    return found


def _shown(row: Any) -> dict[str, Any]:
    mention: Mention = row["Mention"]
    columns = ("id", "state", "username", "text", "ig_media_id", "ig_comment_id", "mentioned_at", "announced_at")
    return {column: getattr(mention, column) for column in columns} | {
        "account": row["name"],
        "reply": row["reply"],
        "reply_comment_id": row["reply_comment_id"],
        "error": row["reply_error"] or mention.error,
    }


def _told(tx: Session, reply: Reply) -> dict[str, Any]:
    columns = ("number", "state", "text", "comment_id", "error", "created_at", "settled_at", "next_action_at")
    account = tx.get_one(Account, reply.account_id).name
    return {"mention": reply.mention_id, "account": account} | {name: getattr(reply, name) for name in columns}
