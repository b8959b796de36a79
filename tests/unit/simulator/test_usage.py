"""Rate limits: headers on every answer, refusals beyond the budget, and the tally of stubborn callers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.waiting import until
from tests.unit.simulator.client import Sim, ig_id


def _business_usage(sim: Sim, account: int = 0) -> dict[str, Any]:
    answer = sim.call("GET", f"/{ig_id(account)}", as_account=account)
    usage: dict[str, Any] = json.loads(answer.headers["x-business-use-case-usage"])[ig_id(account)][0]
    return usage


def test_every_answer_carries_one_usage_header(sim: Sim) -> None:
    business = sim.call("GET", f"/{ig_id(0)}").headers
    platform = sim.call("GET", "/me/accounts").headers
    refused = sim.call("GET", f"/{ig_id(0)}", params={"fields": "nonsense"}).headers
    discovery = sim.call("GET", f"/{ig_id(0)}", params={"fields": "business_discovery.username(sim_brand_1){id}"})

    assert "x-business-use-case-usage" in business
    assert "x-app-usage" not in business
    assert set(json.loads(platform["x-app-usage"])) == {"call_count", "total_time", "total_cputime"}
    assert "x-business-use-case-usage" in refused
    assert "x-app-usage" in discovery.headers


def test_the_account_budget_is_refused_with_80002(simulate: Callable[..., Sim]) -> None:
    sim = simulate(account_calls=10, usage_window_s=600)
    seen = [_business_usage(sim)["call_count"] for _ in range(10)]

    assert seen == list(range(10, 101, 10))
    answer = sim.call("GET", f"/{ig_id(0)}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 80002)
    usage = json.loads(answer.headers["x-business-use-case-usage"])[ig_id(0)][0]
    assert usage["call_count"] == 100
    assert usage["estimated_time_to_regain_access"] == 10
    assert _business_usage(sim, 1)["call_count"] == 10, "the other account has a budget of its own"
    sim.advance(611)
    assert _business_usage(sim)["call_count"] == 10


@pytest.mark.parametrize(("limit", "code"), [("app_calls", 4), ("user_calls", 17)])
def test_platform_budgets_are_refused_with_4_and_17(simulate: Callable[..., Sim], limit: str, code: int) -> None:
    sim = simulate(**{limit: 2})
    for _ in range(2):
        sim.get("/me/accounts")

    assert sim.refused("GET", "/me/accounts") == (code, None)
    assert sim.get(f"/{ig_id(0)}"), "business use case calls are counted apart"


def test_a_block_holds_until_its_time_and_stubborn_calls_are_counted(sim: Sim) -> None:
    sim.control("POST", "throttle", account=0, seconds=3600)

    assert sim.refused("GET", f"/{ig_id(0)}") == (80002, None)
    assert sim.report()["throttled"]["after_notice"] == 0, "the first refusal is the notice"

    def stubborn() -> bool:
        sim.refused("GET", f"/{ig_id(0)}")
        return bool(sim.report()["throttled"]["after_notice"])

    until(stubborn)
    assert sim.report()["throttled"]["after_notice_by_account"][ig_id(0)] >= 1
    sim.advance(3601)
    assert sim.get(f"/{ig_id(0)}")


def test_the_whole_app_can_be_blocked_and_released(sim: Sim) -> None:
    sim.control("POST", "throttle", seconds=3600)

    assert sim.refused("GET", f"/{ig_id(0)}") == (4, None)
    assert sim.refused("GET", f"/{ig_id(1)}", as_account=1) == (4, None)
    sim.control("DELETE", "throttle")
    assert sim.get(f"/{ig_id(0)}")


def test_a_throttle_fault_blocks_the_account(sim: Sim) -> None:
    sim.control("POST", "faults", endpoint="user", mode="throttle", nth=1, seconds=120, code=613)

    answer = sim.call("GET", f"/{ig_id(0)}")

    assert answer.json()["error"]["code"] == 613
    usage = json.loads(answer.headers["x-business-use-case-usage"])[ig_id(0)][0]
    assert usage["estimated_time_to_regain_access"] == 2
    assert sim.refused("GET", f"/{ig_id(0)}/media") == (613, None)
    sim.advance(121)
    assert sim.get(f"/{ig_id(0)}/media")
