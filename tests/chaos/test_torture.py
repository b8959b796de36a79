"""Design §8.1 and §8.2 with real processes, by the torture run (`make torture`): SIGKILL to one of each kind, then at
random, while posts of all types fall due and publish calls lose their answers.
"""

from __future__ import annotations

import json

import pytest

from pressrun.embedded.forkserver import is_possible
from tests.support.benchmark import run_benchmark
from tests.support.stack import SERVERS, SERVICES

SEED = 7
EACH_KIND = {
    *(f"{name} killed" for name in (*SERVICES, "simulator", *(["forks"] if is_possible() else []), *SERVERS)),
    *(f"{name} keeper killed" for name in SERVERS),
    "redis flushed",
    "backends terminated",
}


@pytest.mark.parametrize(
    ("posts", "accounts", "seconds"),
    [
        pytest.param(36, 6, 12, marks=[pytest.mark.cost(cpu_s=60, stack=True), pytest.mark.timeout(1200)]),
        pytest.param(1000, 50, 600, marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
    ],
)
def test_nothing_is_doubled_or_lost_while_everything_is_killed(posts: int, accounts: int, seconds: int) -> None:
    sizes = [f"--posts={posts}", f"--accounts={accounts}", f"--seconds={seconds}", "--patience-s=300"]

    said = run_benchmark("benchmarks.torture", *sizes, f"--seed={SEED}", "--captions=changed", timeout_s=seconds + 600)

    verdict = json.loads(said.splitlines()[-1])
    assert (verdict["published"], verdict["duplicates"], verdict["lost"]) == (posts, 0, 0)
    assert set(verdict["survived"]) >= EACH_KIND
    assert sum(verdict["survived"].values()) >= len(EACH_KIND) + seconds / 2.4, verdict["survived"]
    for what in ("reconciled", "left_by_dead_workers", "faults_met"):
        assert verdict[what], what
