"""`pressrun doctor`: is everything there and as it must be, and if not, what to do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, note, say, show_json

if TYPE_CHECKING:
    from pressrun.finding import Finding
    from pressrun.settings import Settings

_COMMANDS = {
    "bring it up to date": "run `pressrun db upgrade`",
    "tokens": "add the missing key to PRESSRUN_SECRET_KEYS, or renew the tokens with `pressrun account add`",
    "account": "renew its token with `pressrun account add`",
    "lateness": "`pressrun account edit NAME --max-lateness 15m`; what is queued keeps its own: "
    "`pressrun post edit POST --max-lateness 15m`",
    "posts to review": "look at the account, then `pressrun post resolve`; "
    "`pressrun post list --state needs_review` names them",
    "posts not published": "`pressrun post list --state failed` or `--state expired` names them, "
    "`pressrun post show` says why",
    "endpoint": "`pressrun notify replay NAME` sends them again once it is back, `pressrun notify log NAME` says why",
    "days missed": "a scheduler and a worker of harvests read them; `pressrun insight coverage` says which and why",
    "days lost": "`pressrun insight coverage --state lost` says why; nothing can bring them back",
    "harvest": "give what is lacking, then `pressrun harvest run`; `pressrun harvest list` says what is left out",
    "partitions": "run a scheduler, or `pressrun db upgrade`: both make them",
}
"""What to do about a finding where a command does it, by its check; by its advice where a check has several."""

Full = Annotated[
    bool,
    typer.Option(
        "--full",
        help="Look for what may never happen in the whole history, not only in what changed since the last look.",
    ),
]


def doctor(full: Full = False, as_json: AsJson = False) -> None:
    """Check servers, schema, keys, media folder and everything that may never happen. Exit 1 if a check fails."""
    from machine.runtime import read_settings

    findings = examine(read_settings(), full=full)
    if as_json:
        show_json([_as_row(finding) for finding in findings])
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            say(f"{finding.result:5} {finding.name:{width}}  {finding.detail}")
            if finding.advice:
                say(f"{'':5} {'':{width}}  → {_advice(finding)}")
    failed = sum(1 for finding in findings if finding.is_failure)
    if failed:
        if sys.stderr.isatty():
            note(f"{failed} of {len(findings)} checks failed")
        raise typer.Exit(1)


def examine(settings: Settings, *, full: bool = False) -> list[Finding]:
    """What all checks find: first those of the machine, then those of the rows, if they can be read."""
    from machine.checks import check_machine, have_readable_rows, not_started
    from machine.runtime import runtime
    from operations.operation import OWNER, Context
    from operations.upkeep.system import examine as examine_rows
    from pressrun.errors import PressrunError, UsageError

    try:
        with runtime(settings, broker=True, reachable=False) as here:
            found = check_machine(here)
            if have_readable_rows(found):
                found += examine_rows(Context(here.database, here.settings), OWNER, full=full)
            return found
    except UsageError:
        raise  # a bad setting ends every command alike
    except PressrunError as problem:
        return [not_started(problem)]


def _as_row(finding: Finding) -> dict[str, str | bool | None]:
    return {
        "check": finding.name,
        "ok": not finding.is_failure,
        "result": finding.result.value,
        "detail": finding.detail,
        "advice": _advice(finding),
    }


def _advice(finding: Finding) -> str | None:
    return finding.advice and _COMMANDS.get(finding.advice, _COMMANDS.get(finding.check, finding.advice))
