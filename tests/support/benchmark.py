"""A benchmark that drives a whole stack, as a test: run in a bounded form, by the command that a person would use."""

from __future__ import annotations

import subprocess
import sys

from tests.support.processes import REPOSITORY, environment
from tests.support.turns import stack_turn

_TAIL = 1500
"""Characters of what it said meanwhile."""
_VERDICT = 1200


def run_benchmark(module: str, *sizes: str, timeout_s: float = 390) -> str:
    """What it said on stdout. Raises AssertionError with its verdict when that was not good."""
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
    assert done.returncode == 0, blame(module, done)
    return done.stdout


def blame(module: str, done: subprocess.CompletedProcess[str]) -> str:
    """What went wrong, short and with the verdict last: of a long log the middle is what is cut out."""
    meanwhile, brace, verdict = done.stdout.rstrip().rpartition("\n{")
    if not brace or not verdict.endswith("}"):  # it did not come so far
        meanwhile, verdict = done.stdout, "\nno verdict"
    return "\n".join(
        [
            f"{module} ended with {done.returncode}",
            meanwhile[-_TAIL:],
            done.stderr[-_TAIL:],
            f"{brace}{verdict[:_VERDICT]}".strip(),
        ]
    )
