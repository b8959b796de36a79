"""`pressrun mention`: who names an account, and replying to it once."""

from __future__ import annotations

from typing import Annotated

import typer

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
    from machine.runtime import read_settings, runtime
    from operations.mentions import mentions

    with runtime(read_settings()) as here, here.database.transaction() as tx:
        rows = mentions(tx, account, limit=limit)
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
    from operations.mentions import resolve, send
    from pressrun.errors import UsageError

    if (text is not None) + sent + not_sent != 1 or (again and text is None):
        raise UsageError("give --text (with --again, if it is a further reply), --sent or --not-sent")
    with runtime(read_settings()) as here:
        if text is None:
            record = resolve(here, mention_id, was_sent=sent)
        else:
            here.vault()
            record = send(here, mention_id, text, again=again, hands=lending(here))
    show_record(record, as_json=as_json)
    if record["state"] not in {"sent", "failed" if not_sent else "sent"}:
        if record["error"] and not as_json:
            note(f"pressrun: the reply is {record['state']}: {record['error']}")
        raise typer.Exit(1)
