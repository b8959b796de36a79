"""The `pressrun` command: what there is, and how every command ends.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. A failure is one line on stderr, never a traceback unless
PRESSRUN_LOG_LEVEL is DEBUG.
"""

from __future__ import annotations

import gc
import io
import os
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, Never

import typer
from typer.exceptions import TyperException

from cli.commands import accounts, db, doctor, harvests, insights, mentions, posts, services, slots, tags, up
from cli.commands import simulator as simulation
from cli.demo.play import demo
from cli.output import note
from pressrun import __version__
from pressrun.errors import PressrunError, UsageError

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130
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
app.command("console")(services.console)
app.command("simulator", context_settings=simulation.PASS_ON)(simulation.simulator)
app.add_typer(db.app, name="db")
app.add_typer(accounts.app, name="account")
app.add_typer(posts.app, name="post")
app.add_typer(slots.app, name="slot")
app.add_typer(harvests.app, name="harvest")
app.add_typer(insights.app, name="insight")
app.add_typer(tags.app, name="tag")
app.add_typer(mentions.app, name="mention")
app.command("doctor")(doctor.doctor)


def main() -> Never:
    """Entry point of the console script."""
    gc.set_threshold(*_SEARCH_GARBAGE_AFTER)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows few characters must not break a command
    command = typer.main.get_command(app)
    sys.exit(_finish(exit_code(lambda: command.main(prog_name="pressrun", standalone_mode=False))))


def exit_code(action: Callable[[], object]) -> int:
    """Run it, tell how it failed if it did, and say what the process ends with."""
    try:
        code = action()
        return code if isinstance(code, int) else 0
    except UsageError as problem:
        return _fail(str(problem), WRONG_USAGE)
    except PressrunError as problem:
        return _fail(str(problem), FAILED)
    except TyperException as problem:
        return _fail(_with_hint(problem), getattr(problem, "exit_code", FAILED))
    except SystemExit as ended:  # a library's own way out: argparse, uvicorn, Celery
        return _leave(ended)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        return FAILED  # the reader has left: nobody to tell
    except Exception as problem:
        return _fail(_unexpected(problem), FAILED)


def _finish(code: int) -> int:
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more at its end; let it write to nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _fail(message: str, code: int) -> int:
    from pressrun.log import redact

    if os.environ.get("PRESSRUN_LOG_LEVEL") == "DEBUG":
        note(redact(traceback.format_exc()))
    note(redact(f"pressrun: {message}"))
    return code


def _leave(ended: SystemExit) -> int:
    if isinstance(ended.code, str):
        return _fail(ended.code, FAILED)
    return ended.code if ended.code in {0, WRONG_USAGE} and isinstance(ended.code, int) else FAILED


def _with_hint(problem: TyperException) -> str:
    context = getattr(problem, "ctx", None)
    hint = f" (see `{context.command_path} --help`)" if context is not None else ""
    return " ".join(problem.format_message().split()).rstrip(".") + hint


def _unexpected(problem: Exception) -> str:
    lines = str(problem).strip().splitlines() or ["no message"]
    return f"{type(problem).__name__}: {lines[0]} (set PRESSRUN_LOG_LEVEL=DEBUG to see where)"
