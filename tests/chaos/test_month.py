"""The bounded form of the month in fast motion (`make bench-month`): every kind of harvest, from the scheduler."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from models.harvest import HarvestKind
from tests.support.benchmark import run_benchmark

NOTHING: dict[str, Any] = {
    "invariants_violated": [],
    "days_missing": [],
    "media_missing": [],
    "stories_unsaid": [],
    "failed_runs": 0,
}
DAYS = 5  # an account's day is complete two days after its end
STEP_HOURS = 22  # of a longer step nobody would see the stories: they are up for a day


@pytest.mark.skipif(sys.platform != "linux", reason="libfaketime is preloaded the way of Linux")
@pytest.mark.parametrize(
    ("accounts", "days", "step_hours"),
    [
        pytest.param(2, DAYS, STEP_HOURS, marks=[pytest.mark.cost(cpu_s=30, stack=True), pytest.mark.timeout(1200)]),
        pytest.param(20, 30, 6, marks=[pytest.mark.long, pytest.mark.timeout(7200)]),
    ],
)
def test_days_pass_without_a_gap_or_a_violation(accounts: int, days: int, step_hours: int) -> None:
    sizes = [f"--accounts={accounts}", f"--days={days}", f"--step-hours={step_hours}", "--concurrency=4"]

    said = run_benchmark("benchmarks.month", *sizes, timeout_s=7000 if days > DAYS else 390)

    verdict = json.loads(said[said.index("\n{\n") :])
    finished = {row["kind"] for row in verdict["runs"] if row["status"] == "done"}
    assert finished == {str(kind) for kind in HarvestKind}
    assert verdict["faults_met"], "the failing reads were not asked for"
    assert missing_of(verdict) == NOTHING


@pytest.mark.skipif(sys.platform != "linux", reason="libfaketime is preloaded the way of Linux")
@pytest.mark.cost(cpu_s=35, stack=True)
@pytest.mark.timeout(1200)
def test_a_standstill_of_six_days_loses_stories_alone_and_says_so_of_each() -> None:
    sizes = ["--accounts=2", "--days=12", "--step-hours=144", "--concurrency=4"]

    said = run_benchmark("benchmarks.month", *sizes, timeout_s=390)

    verdict = json.loads(said[said.index("\n{\n") :])
    assert missing_of(verdict) == NOTHING
    assert len(verdict["stories_lost"]) >= 2
    assert len(verdict["stories_lost"]) <= verdict["happened"]["story"]


def missing_of(verdict: dict[str, Any]) -> dict[str, Any]:
    return {name: verdict[name] for name in NOTHING}
