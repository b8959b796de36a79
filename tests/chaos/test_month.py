"""The bounded form of the month in fast motion (`make bench-month`): every kind of harvest, from the scheduler, and
then six days, twice, in which nobody was there.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from models.harvests.harvest import HarvestKind
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
    ("accounts", "days", "step_hours", "standstills"),
    [
        pytest.param(2, DAYS, STEP_HOURS, 2, marks=[pytest.mark.cost(cpu_s=40, stack=True), pytest.mark.timeout(1200)]),
        pytest.param(20, 30, 6, 1, marks=[pytest.mark.long, pytest.mark.timeout(7200)]),
    ],
)
def test_days_pass_without_a_gap_and_of_standstills_stories_alone_are_lost_and_each_is_named(
    accounts: int, days: int, step_hours: int, standstills: int
) -> None:
    sizes = [f"--accounts={accounts}", f"--days={days}", f"--step-hours={step_hours}", "--concurrency=4"]

    said = run_benchmark(
        "benchmarks.month", *sizes, f"--standstills={standstills}", timeout_s=7000 if days > DAYS else 780
    )

    verdict = json.loads(said[said.index("\n{\n") :])
    finished = {row["kind"] for row in verdict["runs"] if row["status"] == "done"}
    assert finished == {str(kind) for kind in HarvestKind}
    assert verdict["faults_met"], "the failing reads were not asked for"
    assert missing_of(verdict) == NOTHING
    assert verdict["stories_gone_in_days"] == []
    assert 2 <= len(verdict["stories_lost"]) <= verdict["happened"]["story"]


def missing_of(verdict: dict[str, Any]) -> dict[str, Any]:
    return {name: verdict[name] for name in NOTHING}
