"""A benchmark that drives a whole stack, as a test: run in a bounded form, by the command that a person would use."""

from __future__ import annotations

import subprocess
import sys

from tests.support.processes import REPOSITORY, environment
from tests.support.turns import stack_turn


def run_benchmark(module: str, *sizes: str, timeout_s: float = 390) -> str:
    """What it said on stdout. Raises AssertionError with all it said when its verdict was not good."""
    with stack_turn():
        done = subprocess.run(
            [sys.executable, "-m", module, *sizes],
            cwd=REPOSITORY,
            env=environment({}),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-4000:]}"
    return done.stdout
