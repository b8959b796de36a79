"""`pressrun comment`: comments on the accounts' own media; replying once, hiding, deleting."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.asking import LARGEST_ID, MOST_ROWS, asking
from cli.commands.history.inquiries import answer_to
from cli.commands.history.replying import Asked, NotSent, Sent, Text, carry_out
from cli.output import AsJson, show_rows

app = typer.Typer(help="See comments on the accounts' media, reply, hide.", no_args_is_help=True)

COLUMNS = (
    "id",
    "account",
    "ig_id",
    "ig_media_id",
    "username",
    "text",
    "commented_at",
    "is_hidden",
    "gone_at",
    "reply",
    "reply_comment_id",
    "wish",
    "wish_state",
    "error",
)
HIDDEN, GONE = ("comment_id", "is_hidden"), ("comment_id", "is_gone")

CommentId = Annotated[
    int, typer.Argument(metavar="ID", min=1, max=LARGEST_ID, help="The comment's id in `comment list`.")
]


@app.command("list")
def list_(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    media: Annotated[str | None, typer.Option(help="Only below this media, by Instagram's id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="At most this many, the newest.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List comments, newest first, with our reply to each and what was wanted of it."""
    from operations.history.comments import list_comments

    with asking() as (ctx, owner):
        found = list_comments(ctx, owner, account, media=media, limit=limit)
    show_rows(
        COLUMNS,
        [vars(one) for one in found],
        as_json=as_json,
        empty="no comments yet",
        spare=("id", "ig_id", "ig_media_id"),
    )


@app.command("reply")
def reply(
    comment_id: CommentId,
    text: Text = None,
    again: Annotated[bool, typer.Option("--again", help="Write a further reply to a comment that has one.")] = False,
    sent: Sent = False,
    not_sent: NotSent = False,
    as_json: AsJson = False,
) -> None:
    """Reply to a comment, once, and wait for the result; or decide on a reply that nobody could read."""
    from operations.history import comments, mentions

    asked = Asked(text, again, sent, not_sent)
    carry_out(
        asked,
        f"comment reply {comment_id}",
        reply=lambda ctx, owner, told, hands: mentions.await_reply(
            ctx, owner, comments.reply(ctx, owner, comment_id, told, again=again), hands=hands
        ),
        decide=lambda ctx, owner: comments.resolve(ctx, owner, comment_id, was_sent=sent),
        as_json=as_json,
    )


@app.command("hide")
def hide(comment_id: CommentId, as_json: AsJson = False) -> None:
    """Hide a comment on Instagram."""
    from operations.history import comments

    show_rows(HIDDEN, answer_to(lambda ctx, owner: comments.hide(ctx, owner, comment_id)), as_json=as_json)


@app.command("unhide")
def unhide(comment_id: CommentId, as_json: AsJson = False) -> None:
    """Show a comment again that was hidden."""
    from operations.history import comments

    show_rows(HIDDEN, answer_to(lambda ctx, owner: comments.unhide(ctx, owner, comment_id)), as_json=as_json)


@app.command("delete")
def delete(comment_id: CommentId, as_json: AsJson = False) -> None:
    """Delete a comment on Instagram, for good."""
    from operations.history import comments

    show_rows(GONE, answer_to(lambda ctx, owner: comments.delete(ctx, owner, comment_id)), as_json=as_json)
