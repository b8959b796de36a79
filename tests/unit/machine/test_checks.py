"""What `doctor` says of the set version of the Graph API, whose ends Meta names (graph-api.md §1.1)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from machine.checks import graph_version
from pressrun.finding import Result
from pressrun.settings import Settings

V25_ENDS = date(2028, 7, 29)


@pytest.mark.parametrize(
    ("version", "on", "result", "said"),
    [
        ("v25.0", date(2028, 4, 29), Result.OK, "v25.0, until 2028-07-29"),
        ("v25.0", date(2028, 4, 30), Result.NOTE, "v25.0 ends on 2028-07-29"),  # 90 days
        ("v25.0", date(2028, 7, 28), Result.NOTE, "v25.0 ends on 2028-07-29"),
        ("v25.0", V25_ENDS, Result.FAIL, "v25.0 is gone since 2028-07-29: Meta answers as another one"),
        ("v19.0", date(2026, 11, 29), Result.FAIL, "v19.0 is gone for years: Meta answers as another one"),
        ("v26.0", date(2031, 1, 1), Result.OK, "v26.0, without a known end"),
    ],
)
def test_its_end_is_told_90_days_before_and_a_dead_one_is_refused(
    tmp_path: Path, version: str, on: date, result: Result, said: str
) -> None:
    found = graph_version(Settings(home=tmp_path, graph_version=version), on=on)

    assert (found.result, found.detail) == (result, said)
    assert (found.advice is None) is (result is Result.OK)
