"""The `pressrun` command: what there is. How every command ends stands in `cli.problems`."""

from __future__ import annotations

import gc
import io
import os
import sys
from typing import Annotated, Never

import typer

from cli.commands.accounts import accounts, ahead, consents, deletions, removals, standing, webhooks
from cli.commands.history import comments, harvests, inquiries, insights, mentions, tags
from cli.commands.posts import changes, library, media, posts, slots
from cli.commands.starting import consoles, mcp, services, up
from cli.commands.starting import simulator as simulation
from cli.commands.upkeep import audits, db, doctor, keys, notify, top, users
from cli.demo.play import demo
from cli.problems import run
from pressrun import __version__

# Loading a service makes half a million objects and no garbage: with Python's own thresholds, which begin at 700, a
# fifth of its start is searching. All are searched after half a million, so that what has become garbage stays little.
_SEARCH_GARBAGE_AFTER = (50_000, 5, 2)

app = typer.Typer(
    name="pressrun",
    help="Publishes Instagram posts on time and once, and keeps what Instagram knows of them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"pressrun {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    pass


app.command("demo")(demo)
app.command("up")(up.up)
app.command("scheduler")(services.scheduler)
app.command("worker")(services.worker)
app.add_typer(consoles.app, name="console")
app.command("simulator", context_settings=simulation.PASS_ON)(simulation.simulator)
app.command("mcp")(mcp.mcp)
app.add_typer(db.app, name="db")
app.add_typer(accounts.app, name="account")
accounts.app.add_typer(consents.app)
accounts.app.add_typer(removals.app)
accounts.app.add_typer(standing.app)
accounts.app.add_typer(webhooks.app)
accounts.app.add_typer(deletions.app)
accounts.app.add_typer(ahead.app)
app.add_typer(posts.app, name="post")
posts.app.add_typer(changes.app)
app.add_typer(media.app, name="media")
media.app.add_typer(library.app)
app.add_typer(slots.app, name="slot")
app.add_typer(harvests.app, name="harvest")
app.add_typer(insights.app, name="insight")
app.add_typer(tags.app, name="tag")
app.add_typer(comments.app, name="comment")
app.add_typer(mentions.app, name="mention")
app.add_typer(inquiries.catalog, name="catalog")
app.add_typer(inquiries.product, name="product")
app.add_typer(inquiries.live, name="live")
app.add_typer(inquiries.invite, name="invite")
app.add_typer(notify.app, name="notify")
app.add_typer(keys.app, name="key")
app.add_typer(users.app, name="user")
app.add_typer(audits.app, name="audit")
app.command("doctor")(doctor.doctor)
app.command("top")(top.top)


def main() -> Never:
    """Entry point of the console script."""
    gc.set_threshold(*_SEARCH_GARBAGE_AFTER)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows few characters must not break a command
    sys.exit(_finish(run(app, sys.argv[1:])))


def _finish(code: int) -> int:
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more at its end; let it write to nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
