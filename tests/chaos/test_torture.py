"""The bounded form of the torture run (`make torture`): everything is killed while posts of all types fall due."""

from __future__ import annotations

import json

import pytest

from tests.support.benchmark import run_benchmark

SEED = 7


@pytest.mark.slow
@pytest.mark.torture
@pytest.mark.timeout(400)
def test_nothing_is_doubled_or_lost_while_everything_is_killed() -> None:
    sizes = ["--posts=60", "--accounts=8", "--seconds=40", "--patience-s=240", f"--seed={SEED}"]

    said = run_benchmark("benchmarks.torture", *sizes)

    verdict = json.loads(said.splitlines()[-1])
    assert (verdict["published"], verdict["duplicates"], verdict["lost"]) == (60, 0, 0)
    assert sum(verdict["survived"].values()) >= 15, verdict["survived"]
