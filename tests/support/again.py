"""Once more, in CI: of ten thousand tests on a busy machine one fails now and then by what is not the change.

Why, and where it ends: docs/decisions/0031-once-more-in-ci.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest

from tests.support.processes import REPOSITORY

_NEVER = (
    "tests/unit",
    "tests/integration/worker/test_failpoints.py",
    "tests/integration/worker/test_interleavings.py",
)
"""Rules, and what forces a crash or a race: there a failure that comes and goes is a fault of ours."""

MOST = 3
"""So many of a run may be luck. Where more fail and pass, something is broken, and the run fails."""


def mark(items: Iterable[pytest.Item]) -> None:
    """In CI alone: at home a failure stands at once."""
    if os.environ.get("CI") != "true":
        return
    for item in items:
        if not any(item.path.is_relative_to(REPOSITORY / one) for one in _NEVER):
            item.add_marker(pytest.mark.flaky(reruns=1))


def tell(reporter: pytest.TerminalReporter) -> None:
    """What was run again, with how it failed before, in full: it is to be mended, whatever came of it."""
    failed = _failed_before(reporter)
    for report in failed:
        reporter.write_sep("=", f"run again: {report.nodeid}", yellow=True)
        reporter.write_line(report.longreprtext)
    if len(failed) > MOST:
        reporter.write_sep("=", f"{len(failed)} tests had to be run again, more than {MOST}: that is no luck", red=True)


def judge(session: pytest.Session) -> None:
    """Fail a run in which too many had to be run again."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and len(_failed_before(reporter)) > MOST and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _failed_before(reporter: pytest.TerminalReporter) -> list[pytest.TestReport]:
    return reporter.stats.get("rerun", [])
