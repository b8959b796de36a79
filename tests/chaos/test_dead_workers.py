"""How late posts are when it is workers that die, one every three seconds (`benchmarks.torture --workers-only`)."""

from __future__ import annotations

import json

import pytest

from tests.support.benchmark import run_benchmark

PROMISED_MS = 15_000
"""Of `docs/reliability.md`, under a kill every three seconds: p99 of the posts that a death met before or after their
call. One that it cut off without effect is made again once `settle` has shown that.
"""


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_what_dead_workers_held_is_late_by_seconds_under_a_kill_every_three() -> None:
    """A figure, on purpose, and of a machine that has room: beside other work posts that met no death are late as well.

    How it comes about is told by order in `tests/integration/worker/test_presence.py`.
    """
    sizes = ["--posts=240", "--accounts=40", "--seconds=150", "--every-s=3", "--patience-s=600"]

    said = run_benchmark("benchmarks.torture", "--workers-only", *sizes, "--seed=7", timeout_s=1100)

    verdict = json.loads(said.splitlines()[-1])
    late = verdict["lateness_by_fate"]
    assert (verdict["published"], verdict["duplicates"], verdict["lost"]) == (240, 0, 0)
    assert sum(verdict["survived"].values()) >= 20, verdict["survived"]
    assert late["held"]["posts"] >= 10, late
    beyond = {fate: told["lateness_p99_ms"] for fate, told in late.items() if told["lateness_p99_ms"] > PROMISED_MS}
    assert set(beyond) <= {"not taken"}, late
