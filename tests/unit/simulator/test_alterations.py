"""Good answers with parts put differently, and rules that look at the kind of token."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator.faults.alterations import alter
from simulator.faults.rules import read_rule
from tests.unit.simulator.client import Sim, ig_id

LIMIT = f"/{ig_id(0)}/content_publishing_limit"


def _altered(sim: Sim, endpoint: str, **rule: Any) -> None:
    sim.control("POST", "faults", endpoint=endpoint, mode="altered", **rule)


@pytest.mark.parametrize("total", [-1, 3_000_000_000, None, "50", 1e308])
def test_a_figure_can_be_unusable(sim: Sim, total: object) -> None:
    _altered(sim, "content_publishing_limit", pointer="/data/0/config/quota_total", value=total)

    found = sim.get(LIMIT, fields="config,quota_usage")["data"][0]

    assert found == {"config": {"quota_total": total, "quota_duration": 86_400}, "quota_usage": 0}


def test_one_media_of_a_list_can_be_bad_beside_good_ones(sim: Sim) -> None:
    before = sim.get(f"/{ig_id(0)}/media", fields="timestamp,like_count,alt_text", limit=5)
    changes = [
        {"pointer": "/data/0/timestamp", "value": ""},
        {"pointer": "/data/1", "value": None},
        {"pointer": "/data/2/like_count", "value": "1,234"},
        {"pointer": "/data/2/alt_text", "value": {}},
        {"pointer": "/data/3/like_count", "value": 2**63},
        {"pointer": "/paging", "value": []},
    ]
    _altered(sim, "user_media", changes=changes, nth=1)

    found = sim.get(f"/{ig_id(0)}/media", fields="timestamp,like_count,alt_text", limit=5)

    assert found["data"][0] == before["data"][0] | {"timestamp": ""}
    assert found["data"][1] is None
    assert found["data"][2] == before["data"][2] | {"like_count": "1,234", "alt_text": {}}
    assert found["data"][3] == before["data"][3] | {"like_count": 2**63}
    assert (found["data"][4], found["paging"]) == (before["data"][4], [])
    assert sim.get(f"/{ig_id(0)}/media", fields="timestamp,like_count,alt_text", limit=5) == before


def test_parts_of_a_breakdown_can_disagree(sim: Sim) -> None:
    results = "/data/0/total_value/breakdowns/0/results"
    _altered(
        sim,
        "user_insights",
        changes=[
            {"pointer": f"{results}/0/dimension_values", "value": [None]},
            {"pointer": f"{results}/1/dimension_values/-", "value": "TOO MUCH"},
            {"pointer": f"{results}/2/value", "remove": True},
        ],
    )

    found = sim.get(
        f"/{ig_id(0)}/insights",
        metric="reach",
        period="day",
        metric_type="total_value",
        breakdown="media_product_type",
    )["data"][0]["total_value"]["breakdowns"][0]["results"]

    assert found[0]["dimension_values"] == [None]
    assert found[1]["dimension_values"][1:] == ["TOO MUCH"]
    assert "value" not in found[2]


def test_a_star_stands_for_every_item(sim: Sim) -> None:
    _altered(sim, "tags", pointer="/data/*/caption", value="a\u0000b")

    assert [media["caption"] for media in sim.get(f"/{ig_id(0)}/tags", fields="caption")["data"]] == ["a\0b"] * 2


def test_an_answer_that_has_no_such_place_does_not_spend_the_rule(sim: Sim) -> None:
    _altered(sim, "user", pointer="/business_discovery/media/data/0", value=None, nth=1)

    assert sim.get(f"/{ig_id(0)}") == {"id": ig_id(0)}

    assert sim.report()["faults_fired"] == {}
    found = sim.get(f"/{ig_id(0)}", fields="business_discovery.username(sim_brand_1){media{id}}")
    assert found["business_discovery"]["media"]["data"][0] is None
    assert sim.report()["faults_fired"] == {"user:altered": 1}


def test_an_altered_post_took_effect(sim: Sim) -> None:
    made = sim.finished()
    _altered(sim, "media_publish", pointer="/id", remove=True)

    assert sim.post(f"/{ig_id(0)}/media_publish", creation_id=made) == {}

    assert len(sim.ledger()) == 1


def test_what_no_json_holds_can_be_put_as_raw_text() -> None:
    put = [{"pointer": "/a", "raw": '{"b":1,"b":2}'}, {"pointer": "/c~1d/1", "raw": "1e999"}]

    assert alter(b'{"a":0,"c/d":[1,2]}', put) == b'{"a":{"b":1,"b":2},"c/d":[1,1e999]}'
    assert alter(b"{}", [{"pointer": "", "value": [1]}]) == b"[1]"
    assert alter(b"[1,2,3]", [{"pointer": "/0", "remove": True}]) == b"[2,3]"
    for nowhere in ("/a/b", "/1", "/*/x"):
        assert alter(b'{"a":1}', [{"pointer": nowhere + "/deep", "value": 1}]) is None
    assert alter(b"<html>", [{"pointer": "", "value": 1}]) is None


@pytest.mark.parametrize(
    "rule",
    [
        {"pointer": "data", "value": 1},
        {"pointer": "/data"},
        {"pointer": "/data", "value": 1, "remove": True},
        {"pointer": "/data", "raw": 1},
        {"changes": [1]},
        {},
        {"pointer": "/data", "value": 1, "mode": "hang"},
        {"pointer": "/data", "value": 1, "token": "stolen"},
    ],
)
def test_changes_that_make_no_sense_are_refused(shared: Sim, rule: dict[str, object]) -> None:
    answer = shared.http.post("/_sim/faults", json={"endpoint": "user", "mode": "altered"} | rule)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_value_on_the_command_line_is_read_as_json() -> None:
    rule = read_rule("user:altered:pointer=/id,value=-1")

    assert rule["value"] == -1
    assert read_rule("user:altered:pointer=/id,value=word")["value"] == "word"
    assert json.loads(json.dumps(rule)) == rule


def test_a_read_can_fail_with_the_page_token_and_work_with_the_users(sim: Sim) -> None:
    made = sim.finished()
    sim.control("POST", "faults", endpoint="container", mode="flake_100_33", token="page")
    sim.control("POST", "faults", endpoint="media_insights", mode="refuse", code=10, status=403, token="page")
    media = sim.get(f"/{ig_id(0)}/media", limit=1)["data"][0]["id"]

    assert sim.refused("GET", f"/{made}", as_account="PAGE-0") == (100, 33)
    assert sim.get(f"/{made}", fields="status_code")["status_code"] == "FINISHED"
    read = {"metric": "reach"}
    assert sim.refused("GET", f"/{media}/insights", as_account="PAGE-0", status=403, **read) == (10, None)
    assert sim.get(f"/{media}/insights", **read)["data"][0]["values"]
