"""Batch and multi-get."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.simulator.client import INSTAGRAM, Sim, ig_id


def _batch(sim: Sim, operations: list[dict[str, Any]], **extra: Any) -> list[Any]:
    rows: list[Any] = sim.post("/", batch=json.dumps(operations), **extra)
    return rows


def test_operations_are_answered_in_order(sim: Sim) -> None:
    rows = _batch(
        sim,
        [
            {"method": "GET", "relative_url": f"v25.0/{ig_id(0)}?fields=id,username"},
            {"method": "POST", "relative_url": f"{ig_id(0)}/media", "body": "image_url=http%3A%2F%2Fx%2Fa.jpg"},
            {"method": "GET", "relative_url": "17880000000000000"},
            {"method": "GET", "relative_url": "me?fields=user_id", "access_token": "SIM-TOKEN-1"},
        ],
    )

    assert [row["code"] for row in rows] == [200, 200, 400, 200]
    bodies = [json.loads(row["body"]) for row in rows]
    assert bodies[0]["id"] == ig_id(0)
    assert sim.status(bodies[1]["id"]) == "FINISHED"
    assert bodies[2]["error"]["error_subcode"] == 33
    assert bodies[3]["user_id"] == ig_id(1)
    assert any(header["name"] == "x-business-use-case-usage" for header in rows[0]["headers"])


def test_headers_can_be_left_out(sim: Sim) -> None:
    (row,) = _batch(sim, [{"method": "GET", "relative_url": ig_id(0)}], include_headers=False)

    assert set(row) == {"code", "body"}


def test_each_operation_counts_as_a_call(sim: Sim) -> None:
    _batch(sim, [{"method": "GET", "relative_url": ig_id(0)}] * 5)
    sim.get("/", ids=f"{ig_id(0)},{sim.publish()}", fields="id")

    calls = sim.report()["calls"]
    assert (calls["batch"], calls["multi_get"], calls["user"]) == (1, 1, 6)


def test_an_operation_that_does_not_finish_is_null(sim: Sim) -> None:
    sim.control("POST", "faults", endpoint="user", mode="hang", nth=1)

    rows = _batch(sim, [{"method": "GET", "relative_url": ig_id(0)}] * 2)

    assert rows[0] is None
    assert rows[1]["code"] == 200


@pytest.mark.parametrize(
    "batch", ["[]", "{}", "nonsense", json.dumps([{"method": "GET", "relative_url": ig_id(0)}] * 51), "[1]"]
)
def test_bad_batches_are_refused(shared: Sim, batch: str) -> None:
    assert shared.refused("POST", "/", batch=batch) == (100, None)


def test_odd_operations_do_no_harm(sim: Sim) -> None:
    operations = [
        {},
        {"relative_url": "http://[broken"},
        {"method": "POST", "relative_url": "/", "body": "batch=[]"},
        {"method": "POST", "relative_url": f"{ig_id(0)}/media_publish", "body": {"creation_id": "1"}},
        {"method": "BREW", "relative_url": ig_id(0)},
    ]

    answer = sim.call("POST", "/", json={"batch": operations[:1] + operations[2:]})

    assert [row["code"] for row in answer.json()] == [400] * 4
    assert sim.call("POST", "/", json={"batch": operations}).status_code == 400


def test_me_takes_batches_as_well(sim: Sim) -> None:
    assert sim.post("/me", batch=[{"method": "GET", "relative_url": ig_id(0)}])[0]["code"] == 200


def test_several_ids_at_once(sim: Sim) -> None:
    media, container = sim.publish(), sim.finished()

    found = sim.get("/", ids=f"{ig_id(0)},{media},{container}")

    assert found == {node: {"id": node} for node in (ig_id(0), media, container)}
    own = sim.publish(INSTAGRAM)
    assert sim.get("/", as_account=INSTAGRAM, ids=own, fields="id,caption")[own]["caption"] == "hello"


def test_one_bad_id_fails_all(sim: Sim) -> None:
    assert sim.refused("GET", "/", ids=f"{ig_id(0)},1") == (100, 33)
    assert sim.refused("GET", "/") == (100, None)
    assert sim.refused("GET", "/", ids=",".join(str(number) for number in range(51))) == (100, None)


def test_an_operation_without_an_address_is_refused(sim: Sim) -> None:
    operations = [{"method": method, "relative_url": url} for method in ("DELETE", "PUT") for url in ("", "//")]

    answers = sim.post("/", batch=operations)

    assert [answer["code"] for answer in answers] == [400] * 4
