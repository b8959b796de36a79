"""Weeks in which no token can be renewed, with a post each day (`make bench-renewals`): none is missing."""

from __future__ import annotations

import json
import sys

import pytest

from tests.support.benchmark import run_benchmark


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.skipif(sys.platform != "linux", reason="libfaketime is preloaded the way of Linux")
def test_twenty_days_of_failing_renewals_cost_no_post() -> None:
    said = run_benchmark("benchmarks.renewals", "--failing-days=20", timeout_s=3500)

    verdict = json.loads(said[said.index("{\n") :])
    assert verdict["is_good"], verdict
    assert verdict["live"] == verdict["queued"] == 44
