"""`pressrun mention`: who names an account, and replying to it once."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.asking import LARGEST_ID, MOST_ROWS, asking
from cli.commands.history.replying import Asked, NotSent, Sent, Text, carry_out
from cli.output import AsJson, show_rows

app = typer.Typer(help="See who mentions an account, and reply.", no_args_is_help=True)

COLUMNS = (
    "id",
    "account",
    "state",
    "username",
    "text",
    "ig_media_id",
    "ig_comment_id",
    "mentioned_at",
    "announced_at",
    "reply",
    "reply_comment_id",
    "error",
)

_SPARE = ("reply_comment_id", "ig_comment_id", "announced_at", "ig_media_id", "mentioned_at")


@app.command("list")
def list_(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="At most this many, the newest.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List mentions, newest first, with what became of the reply to each."""
    from operations.history.mentions import list_mentions

    with asking() as (ctx, owner):
        found = list_mentions(ctx, owner, account, limit=limit)
    rows = [vars(one) for one in found]
    empty = "no mentions yet; they come by webhook only"
    show_rows(COLUMNS, rows, as_json=as_json, empty=empty, spare=_SPARE)


@app.command("reply")
def reply(
    mention_id: Annotated[
        int, typer.Argument(metavar="ID", min=1, max=LARGEST_ID, help="The mention's id in `mention list`.")
    ],
    text: Text = None,
    again: Annotated[bool, typer.Option("--again", help="Write a further reply to a mention that has one.")] = False,
    sent: Sent = False,
    not_sent: NotSent = False,
    as_json: AsJson = False,
) -> None:
    """Reply to a mention, once, and wait for the result; or decide on a reply that nobody could read."""
    from operations.history import mentions

    asked = Asked(text, again, sent, not_sent)
    carry_out(
        asked,
        f"mention reply {mention_id}",
        reply=lambda ctx, owner, told, hands: mentions.await_reply(
            ctx, owner, mentions.reply(ctx, owner, mention_id, told, again=again), hands=hands
        ),
        decide=lambda ctx, owner: mentions.resolve(ctx, owner, mention_id, was_sent=sent),
        as_json=as_json,
    )
