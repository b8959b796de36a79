"""The year of the benchmarks speaks the words of today: what its pages show is what they show of a real one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_reasons_of_its_timelines_are_those_that_are_written() -> None:
    said = (ROOT / "benchmarks" / "sql" / "year.sql").read_text(encoding="utf-8")
    events = said[said.index("INSERT INTO post_events") :].split(";")[0]
    reasons = set(re.findall(r"'([a-z_]+\.[a-z_]+)'", events))
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("models/publishing", "scheduler/posts", "worker/publishing")
        for path in (ROOT / folder).rglob("*.py")
    )

    assert len(reasons) == 5
    assert {one for one in reasons if f'"{one}"' not in code} == set()
