"""Once more, in CI: what drives a browser, a whole stack or servers that it kills may fail by programs not ours.

Why, and what is never run again: docs/decisions/0031-once-more-in-ci.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest

from tests.support.processes import REPOSITORY

_OWN_SERVERS = REPOSITORY / "tests/integration/embedded"


def mark_those_that_may(items: Iterable[pytest.Item]) -> None:
    """In CI alone: at home a failure stands at once."""
    if os.environ.get("CI") != "true":
        return
    for item in items:
        if may_be_run_again(item):
            item.add_marker(pytest.mark.flaky(reruns=1))


def may_be_run_again(item: pytest.Item) -> bool:
    """Whether it drives a browser, all services with their servers, or servers of its own that it starts and kills."""
    cost = item.get_closest_marker("cost")
    needs = {name for mark in item.iter_markers("needs") for name in mark.args}
    return "chromium" in needs or bool(cost and cost.kwargs.get("stack")) or item.path.is_relative_to(_OWN_SERVERS)


def tell(reporter: pytest.TerminalReporter) -> None:
    """What was run again, with how it failed before, in full: it is to be mended, whatever came of it."""
    for report in reporter.stats.get("rerun", []):
        reporter.write_sep("=", f"run again: {report.nodeid}", yellow=True)
        reporter.write_line(report.longreprtext)
