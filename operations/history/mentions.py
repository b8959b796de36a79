"""Who mentions an account, and replying to a mention, once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from models.history.mention import Mention
from models.publishing.reply import queue_reply, resolve_reply
from models.reading.history.mentions import MentionShown, ReplyShown, newest_mentions, reply_shown
from operations.errands import Errand, Hands, await_errand
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.which import account_id_of
from pressrun import clock
from pressrun.errors import Invalid, Unknown
from pressrun.written import require_text, with_plain_lines

__all__ = ["MentionShown", "ReplyShown"]


@operation("mention.list", effect=Effect.READS, scope=Scope.READ)
def list_mentions(
    ctx: Context,
    asker: Asker,
    account: str | None = None,
    *,
    limit: int = 100,
    behind: tuple[datetime, int] | None = None,
    waiting: bool = False,
) -> list[MentionShown]:
    """The newest mentions, or those `waiting` for a reply, with what became of the reply. Raises Unknown."""
    with ctx.database.transaction() as tx:
        return newest_mentions(tx, account_id_of(tx, account), limit=limit, behind=behind, waiting=waiting)


@operation("mention.reply", effect=Effect.PUBLISHES, scope=Scope.PUBLISH)
def reply(ctx: Context, asker: Asker, mention_id: int, text: str, *, again: bool = False) -> int:
    """Queue a reply; returns its number, for `await_reply`.

    Raises Invalid for a text without words, Unknown for the mention, and Conflict while another reply is open, or when
    one was sent and `again` is not set.
    """
    words = words_of(text)
    ctx.vault()  # a missing key is told now, and not by the reply
    with ctx.database.transaction() as tx:
        return queue_reply(tx, _mention(tx, mention_id), words, again=again, now=clock.now()).id


@operation("mention.await_reply", effect=Effect.READS, scope=Scope.READ)
def await_reply(ctx: Context, asker: Asker, reply_id: int, *, hands: Hands) -> ReplyShown:
    """Wait until the reply is settled or put off, and say what became of it."""
    await_errand(ctx, Errand.of("reply", [reply_id]), on_look=lambda _left: None, hands=hands)
    with ctx.database.transaction() as tx:
        return reply_shown(tx, reply_id)


@operation("mention.reply_shown", effect=Effect.READS, scope=Scope.READ)
def show_reply(ctx: Context, asker: Asker, reply_id: int) -> ReplyShown:
    """What became of a reply so far. Raises Unknown."""
    with ctx.database.transaction() as tx:
        return reply_shown(tx, reply_id)


@operation("mention.resolve", effect=Effect.CHANGES, scope=Scope.PUBLISH)
def resolve(ctx: Context, asker: Asker, mention_id: int, *, was_sent: bool) -> ReplyShown:
    """A person's word on a reply that nobody could read.

    Raises Unknown for the mention, and NotPossible when nothing waits for that.
    """
    with ctx.database.transaction() as tx:
        settled = resolve_reply(tx, _mention(tx, mention_id), was_sent=was_sent, now=clock.now())
        return reply_shown(tx, settled.id)


def words_of(text: str) -> str:
    """What is sent. Raises Invalid for a text without words, or that is none."""
    words = with_plain_lines(text).strip()
    if not words:
        raise Invalid("Instagram takes no reply without words", type="reply.empty", field="text")
    require_text(words, type="reply.invalid", field="text")
    return words


def _mention(tx: Session, mention_id: int) -> Mention:
    found = tx.get(Mention, mention_id)
    if found is None:
        said = f"there is no mention {mention_id}"
        raise Unknown(said, type="mention.unknown", field="mention_id", ids={"mention": mention_id})
    return found
