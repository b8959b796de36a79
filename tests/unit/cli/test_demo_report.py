"""The demo's verdict: what the simulator's ledger says, not what we believe."""

from __future__ import annotations

from typing import Any

import pytest

from cli.demo.report import are_final, judge

HISTORY = [
    {"what": "account observations", "rows": 7},
    {"what": "media snapshots", "rows": 2},
    {"what": "audience snapshots", "rows": 1},
    {"what": "post events", "rows": 99},
]


def post(*media_ids: str, state: str = "published") -> dict[str, Any]:
    return {"state": state, "media_ids": list(media_ids)}


def line(media_id: str, signature: str | None = None) -> dict[str, Any]:
    return {"media_id": media_id, "signature": signature or f"content of {media_id}"}


def test_all_out_once_is_good_and_the_line_says_it() -> None:
    verdict = judge([post("1"), post("2", "3")], HISTORY, [line("1"), line("2"), line("3")])

    assert verdict.is_good
    assert verdict.line(71.26) == "demo: published=2 failed=0 duplicates=0 observations=10 seconds=71.3"


@pytest.mark.parametrize(
    ("posts", "ledger", "duplicates"),
    [
        ([], [], 0),
        ([post("1"), post(state="failed")], [line("1")], 0),
        ([post("1"), post(state="uncertain")], [line("1")], 0),
        ([post("1")], [line("1", "same"), line("2", "same")], 1),
        ([post("1")], [line("1"), line("2")], 0),
        ([post("1")], [], 0),
        ([post("1")], [line("2")], 0),
    ],
    ids=[
        "nothing",
        "one failed",
        "one unresolved",
        "one twice",
        "one that nobody knows",
        "one that is not live",
        "another id than the live one",
    ],
)
def test_anything_else_is_not(posts: list[dict[str, Any]], ledger: list[dict[str, Any]], duplicates: int) -> None:
    verdict = judge(posts, HISTORY, ledger)

    assert not verdict.is_good
    assert verdict.duplicates == duplicates


def test_a_violated_invariant_is_not_good_either() -> None:
    assert not judge([post("1")], HISTORY, [line("1")], is_sound=False).is_good


@pytest.mark.parametrize(
    ("state", "is_final"),
    [("scheduled", False), ("staging", False), ("staged", False), ("publishing", False), ("uncertain", False)]
    + [(state, True) for state in ("published", "failed", "expired", "canceled", "needs_review")],
)
def test_a_post_on_its_way_is_not_final(state: str, is_final: bool) -> None:
    assert are_final([post(state="published"), post(state=state)]) == is_final
