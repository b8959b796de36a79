"""The bounded form of the month in fast motion (`make bench-month`): every kind of harvest, from the scheduler."""

from __future__ import annotations

import json
import sys

import pytest

from models.harvest import HarvestKind
from tests.support.benchmark import run_benchmark

DAYS = 5  # an account's day is complete two days after its end
STEP_HOURS = 22  # of a longer step nobody would see the stories: they are up for a day


@pytest.mark.skipif(sys.platform != "linux", reason="libfaketime is preloaded the way of Linux")
@pytest.mark.parametrize(
    ("accounts", "days", "step_hours"),
    [
        pytest.param(3, DAYS, STEP_HOURS, marks=[pytest.mark.cost(cpu_s=50, stack=True), pytest.mark.timeout(1200)]),
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
    assert (verdict["invariants_violated"], verdict["days_missing"], verdict["media_missing"]) == ([], [], [])
