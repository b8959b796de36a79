"""From an error to one line on stderr and the exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.

Errors below the faces know no flags: an error that names its `field` is told with the flag of the command that ran, and
what to do at the command line about some of their types stands in one table here.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from copy import copy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.exceptions import TyperException

from cli.output import note
from cli.words import complete
from pressrun.errors import Invalid, PressrunError, UsageError

if TYPE_CHECKING:
    from operations.posts.posts import RowProblem

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130
_MOST_SHOWN = 20

HINTS = {
    "account.no_slots": "`pressrun slot add` gives it some",
    "account.busy": "`pressrun post list` and `pressrun mention list` show it",
    "account.none_yet": "`pressrun account connect` connects one",
    "deletion.unknown": "`pressrun account deletions` lists them",
    "comment.busy": "`pressrun comment list` shows it",
    "comment.unknown": "`pressrun comment list` lists them",
    "console.nobody": "`pressrun key add` or `user invite` changes that; with --public-only nobody can come in",
    "endpoint.parked": "`pressrun notify replay NAME` sends what it missed",
    "endpoint.unknown": "`pressrun notify list` lists them",
    "gate.shut": "--no-check connects it without asking Instagram",
    "instagram.unreachable": "--no-check connects it without asking Instagram",
    "library.needed": "`pressrun post cancel` or `post edit`",
    "library.unknown": "`pressrun media list` shows what there is",
    "key.unknown": "`pressrun key list` lists them",
    "media.unknown": "`pressrun insight show` lists them",
    "mention.unknown": "`pressrun mention list` lists them",
    "person.is_account": "`pressrun account remove` does that",
    "person.busy": "see `pressrun mention list` and `pressrun comment list`",
    "post.comment_undecided": "say `pressrun post resolve POST --comment-sent` or `--comment-not-sent`",
    "post.late": "with --late it goes out at once",
    "post.needs_review": "see `pressrun post resolve`",
    "post.unknown": "`pressrun post list` shows them",
    "product.appeal_lost": "`pressrun product appeal show` says how it stands",
    "product.not_eligible": "`pressrun product appeal show` says how it stands",
    "psql.missing": "`pressrun db url` prints the address",
    "reader.none": "`pressrun db grant-reader` makes one, --owner signs in as the owner",
    "reader.several": "--role names one",
    "reply.open": "`pressrun mention list` or `pressrun comment list` shows it",
    "reply.sent": "--again replies again",
    "reply.undecided": "say `pressrun mention reply ID --sent` or `--not-sent`; of a comment, `pressrun comment reply`",
    "schema.behind": "run `pressrun db upgrade`",
    "scope.missing": "--scope names those to ask for",
    "slot.unknown": "`pressrun slot list` shows them",
    "token.empty": "give it on stdin or with --token-file",
    "user.unknown": "`pressrun user list` lists them",
    "watch.budget_spent": "`pressrun harvest unwatch` frees a place",
}
"""By the type of an error: what to do about it here."""


def run(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Run a command line, tell how it failed if it did, and say what the process ends with."""
    root = complete(command_of(app, arguments[0] if arguments else None))
    try:
        code = root.main(list(arguments), prog_name=app.info.name, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except PressrunError as problem:
        return _fail(_told(problem, _command(root, arguments)), code_of(problem))
    except TyperException as problem:
        return _fail(_with_help(problem), getattr(problem, "exit_code", FAILED))
    except SystemExit as ended:  # a library's own way out: argparse, uvicorn, Celery
        return _leave(ended)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        return FAILED  # the reader has left: nobody to tell
    except Exception as problem:
        return _fail(_unexpected(problem), FAILED)


@cache
def command_of(app: typer.Typer, name: str | None = None) -> Any:
    """Its commands: of the group or command that the first word names, if it names one, else all hundred.

    To make all of them takes longer than most of them do; to make one group is done once for each.
    """
    asked = copy(app)
    asked.registered_groups = [one for one in app.registered_groups if one.name == name]
    asked.registered_commands = [one for one in app.registered_commands if one.name == name]
    return typer.main.get_command(asked if asked.registered_groups or asked.registered_commands else app)


def code_of(problem: PressrunError) -> int:
    """The exit code of an error: 2 for what the caller has to say otherwise, 1 for the rest."""
    return WRONG_USAGE if isinstance(problem, UsageError) else FAILED


def flag_of(command: Any, field: str | None) -> str | None:
    """The flag under which the command takes that field; None when it takes it otherwise or not at all."""
    spelt = f"--{field.replace('_', '-')}" if field else None
    for option in (one for one in command.params if one.param_type_name == "option"):
        if option.name == field or spelt in option.opts:
            return str(option.opts[0])
    return None


def with_hint(message: str, type_: str) -> str:
    """The message and what to do about errors of that type at the command line."""
    hint = HINTS.get(type_)
    return f"{message}; {hint}" if hint else message


def tell_rows(
    command: Any, problems: Sequence[RowProblem], warnings: Sequence[RowProblem], *, source: Path | None, nothing: str
) -> None:
    """Problems go to stderr, a line each, and end the command; without any the warnings do. Alike warnings are told
    once, and so are alike problems where there are many: one wrong name in all of a thousand rows must not hide the
    rest.

    Args:
        source: the file whose lines they are; None when the fields were flags of the command.
        nothing: what was not done because of the problems.
    """

    def told(row: RowProblem, more: int) -> str:
        where = (
            f"{source}: {row}" if source is not None else f"{flag_of(command, row.column) or row.column}: {row.message}"
        )
        return f"{_with_offer(command, where, row)}{_more(more, ' more rows')}"

    if problems:
        lines = [told(row, more) for row, more in _grouped(problems, always=False)]
        for line in lines[:-1][:_MOST_SHOWN]:
            note(line)
        raise Invalid(f"{lines[-1]}{_more(len(lines) - 1 - _MOST_SHOWN, ' more')}: {nothing}")
    lines = [told(row, more) for row, more in _grouped(warnings, always=True)]
    for line in lines[:_MOST_SHOWN]:
        note(f"warning: {line}")
    if len(lines) > _MOST_SHOWN:
        note(f"warning: and {len(lines) - _MOST_SHOWN} more; --json lists them all")


def _grouped(rows: Sequence[RowProblem], *, always: bool) -> list[tuple[RowProblem, int]]:
    """The first of each column and message, and how many are like it; every one by itself where there are few."""
    if not always and len(rows) <= _MOST_SHOWN + 1:
        return [(row, 0) for row in rows]
    alike: dict[tuple[str, str], list[RowProblem]] = {}
    for row in rows:
        alike.setdefault((row.column, row.message), []).append(row)
    return [(several[0], len(several) - 1) for several in alike.values()]


def _with_offer(command: Any, message: str, row: RowProblem) -> str:
    """With what can be done about it, in which a flag is spelt as this command takes it."""
    if not row.can_be_fixed:
        return with_hint(message, row.type)
    takes_value = any(
        one.name == "fix" and not one.is_flag for one in command.params if one.param_type_name == "option"
    )
    return f"{message}; {'--fix yes' if takes_value else '--fix'} makes it right"


def tell_warnings(warnings: Sequence[str]) -> None:
    """What an operation took as it was said and a person may have meant otherwise: a line each on stderr."""
    for warning in warnings:
        note(f"warning: {warning}")


def _more(count: int, what: str) -> str:
    return f" (and {count}{what})" if count > 0 else ""


def _told(problem: PressrunError, command: Any) -> str:
    flag = flag_of(command, problem.field)
    message = with_hint(str(problem), problem.type)
    return f"{flag}: {message}" if flag else message


def _command(root: Any, arguments: Sequence[str]) -> Any:
    """The command that the line names. Groups of ours have no option that takes a value."""
    found = root
    for name in (one for one in arguments if not one.startswith("-")):
        inner = getattr(found, "commands", {}).get(name)
        if inner is None:
            break
        found = inner
    return found


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


def _with_help(problem: TyperException) -> str:
    context = getattr(problem, "ctx", None)
    hint = f" (see `{context.command_path} --help`)" if context is not None else ""
    # The validator's own preface, which says nothing to who typed the value.
    said = " ".join(problem.format_message().split()).replace(": Value error, ", ": ", 1)
    return said.rstrip(".") + hint


def _unexpected(problem: Exception) -> str:
    lines = str(problem).strip().splitlines() or ["no message"]
    return f"{type(problem).__name__}: {lines[0]} (set PRESSRUN_LOG_LEVEL=DEBUG to see where)"
