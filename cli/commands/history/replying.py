"""Replies to mentions and to comments: how a wish is read, and what became of it told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import note, show_record

if TYPE_CHECKING:
    from operations.errands import Hands
    from operations.history.mentions import ReplyShown
    from operations.operation import Asker, Context

Text = Annotated[str | None, typer.Option(help="What to write.")]
Sent = Annotated[bool, typer.Option("--sent", help="You have looked: the reply stands.")]
NotSent = Annotated[bool, typer.Option("--not-sent", help="You have looked: it does not stand.")]


@dataclass(frozen=True)
class Asked:
    """What is wanted of a reply."""

    text: str | None
    again: bool
    sent: bool
    not_sent: bool


def carry_out(
    asked: Asked,
    command: str,
    *,
    reply: Callable[[Context, Asker, str, Hands], ReplyShown],
    decide: Callable[[Context, Asker], ReplyShown],
    as_json: bool,
) -> None:
    """Send the reply and wait for it, or decide about one that nobody could read; then tell what became of it.

    Args:
        command: the command and its number, by which a person decides.

    Raises:
        Invalid: not exactly one thing is wanted.
    """
    from cli.commands.lending import lending
    from machine.runtime import read_settings, runtime
    from operations.operation import OWNER, Context

    _require_one(asked)
    with runtime(read_settings()) as here:
        ctx = Context(here.database, here.settings)
        found = decide(ctx, OWNER) if asked.text is None else reply(ctx, OWNER, asked.text, lending(here))
    _tell(found, command, not_sent=asked.not_sent, as_json=as_json)


def _require_one(asked: Asked) -> None:
    from pressrun.errors import Invalid

    is_written = asked.text is not None
    if is_written + asked.sent + asked.not_sent != 1 or (asked.again and not is_written):
        raise Invalid("give --text (with --again, if it is a further reply), --sent or --not-sent")


def _tell(found: ReplyShown, command: str, *, not_sent: bool, as_json: bool) -> None:
    """Ends the command when the reply is not as it was wanted."""
    show_record(vars(found), as_json=as_json)
    if found.state in {"sent", "failed" if not_sent else "sent"}:
        return
    if found.error and not as_json:
        note(f"pressrun: the reply is {found.state}: {found.error}")
    if found.state == "needs_review" and not as_json:
        note(f"say `pressrun {command} --sent` or `pressrun {command} --not-sent`")
    raise typer.Exit(1)
