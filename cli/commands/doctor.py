"""`pressrun doctor`: is everything there and as it must be, and if not, what to do."""

from __future__ import annotations

import sys

import typer

from cli.output import AsJson, note, say, show_json


def doctor(as_json: AsJson = False) -> None:
    """Check servers, schema, keys, media folder and everything that may never happen. Exit 1 if a check fails."""
    from machine.runtime import read_settings
    from operations.system import FAIL, examine

    findings = examine(read_settings())
    if as_json:
        show_json([finding.as_row() for finding in findings])
    else:
        width = max(len(finding.check) for finding in findings)
        for finding in findings:
            say(f"{finding.result:5} {finding.check:{width}}  {finding.detail}")
            if finding.advice:
                say(f"{'':5} {'':{width}}  → {finding.advice}")
    failed = sum(1 for finding in findings if finding.result == FAIL)
    if failed:
        if sys.stderr.isatty():
            note(f"{failed} of {len(findings)} checks failed")
        raise typer.Exit(1)
