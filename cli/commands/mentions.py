"""`pressrun mention`: who names an account, and replying to it once."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.asking import asking
from cli.output import AsJson, note, show_record, show_rows

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


@app.command("list")
def list_(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many, the newest.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List mentions, newest first, with what became of the reply to each."""
    from operations.mentions import list_mentions

    with asking() as (ctx, owner):
        found = list_mentions(ctx, owner, account, limit=limit)
    rows = [vars(one) for one in found]
    show_rows(COLUMNS, rows, as_json=as_json, empty="no mentions yet; they come by webhook only")


@app.command("reply")
def reply(
    mention_id: Annotated[
        int, typer.Argument(metavar="ID", min=1, max=2**63 - 1, help="The mention's id in `mention list`.")
    ],
    text: Annotated[str | None, typer.Option(help="What to write.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Write a further reply to a mention that has one.")] = False,
    sent: Annotated[bool, typer.Option("--sent", help="You have looked: the reply stands.")] = False,
    not_sent: Annotated[bool, typer.Option("--not-sent", help="You have looked: it does not stand.")] = False,
    as_json: AsJson = False,
) -> None:
    """Reply to a mention, once, and wait for the result; or decide on a reply that nobody could read."""
    from cli.commands.lending import lending
    from machine.runtime import read_settings, runtime
    from operations import mentions
    from operations.operation import OWNER, Context
    from pressrun.errors import Invalid

    if (text is not None) + sent + not_sent != 1 or (again and text is None):
        raise Invalid("give --text (with --again, if it is a further reply), --sent or --not-sent")
    with runtime(read_settings()) as here:
        ctx = Context(here.database, here.settings)
        if text is None:
            found = mentions.resolve(ctx, OWNER, mention_id, was_sent=sent)
        else:
            reply_id = mentions.reply(ctx, OWNER, mention_id, text, again=again)
            found = mentions.await_reply(ctx, OWNER, reply_id, hands=lending(here))
    show_record(vars(found), as_json=as_json)
    if found.state not in {"sent", "failed" if not_sent else "sent"}:
        if found.error and not as_json:
            note(f"pressrun: the reply is {found.state}: {found.error}")
        if found.state == "needs_review" and not as_json:
            note(
                f"say `pressrun mention reply {mention_id} --sent` or `pressrun mention reply {mention_id} --not-sent`"
            )
        raise typer.Exit(1)
