"""Misbehaviour on request: what the client sees, and what really happened."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from pressrun.errors import UsageError
from simulator.faults.rules import read_rule
from tests.unit.simulator.client import Sim, ig_id

PUBLISH = f"/{ig_id(0)}/media_publish"


def _fault(sim: Sim, mode: str, endpoint: str = "media_publish", **rule: object) -> None:
    sim.control("POST", "faults", endpoint=endpoint, mode=mode, **rule)


@pytest.mark.parametrize("effect", ["accept_then_", ""])
@pytest.mark.parametrize("wire", ["hang", "reset"])
def test_connections_that_hang_or_break(sim: Sim, effect: str, wire: str) -> None:
    made = sim.finished()
    _fault(sim, effect + wire, nth=1)

    expected = httpx.ReadTimeout if wire == "hang" else httpx.ReadError
    with pytest.raises(expected):
        sim.call("POST", PUBLISH, json={"creation_id": made}, timeout=0.5)

    assert sim.status(made) == ("PUBLISHED" if effect else "FINISHED")
    assert len(sim.ledger()) == (1 if effect else 0)
    assert sim.post(PUBLISH, creation_id=made)["id"] == sim.ledger()[0]["media_id"]
    assert len(sim.ledger()) == 1


@pytest.mark.parametrize(
    ("mode", "status", "code", "is_accepted"),
    [
        ("accept_then_500", 500, (2, None), True),
        ("accept_then_2207051", 400, (4, 2207051), True),
        ("accept_then_fatal", 500, (-1, 2207001), True),
        ("refuse_500", 500, (2, None), False),
        ("refuse_2207051", 400, (4, 2207051), False),
        ("refuse_fatal", 500, (-1, 2207001), False),
        ("quota", 400, (9, 2207042), False),
        ("not_ready", 400, (9007, 2207027), False),
        ("flake_100_33", 400, (100, 33), False),
    ],
)
def test_answers_that_lie_or_refuse(
    sim: Sim, mode: str, status: int, code: tuple[int, int | None], is_accepted: bool
) -> None:
    made = sim.finished()
    _fault(sim, mode, nth=1)

    assert sim.refused("POST", PUBLISH, status=status, creation_id=made) == code

    assert len(sim.ledger()) == (1 if is_accepted else 0)
    assert sim.report()["faults_fired"] == {f"media_publish:{mode}": 1}


@pytest.mark.parametrize("effect", ["accept_then_", ""])
@pytest.mark.parametrize(("spoil", "status"), [("html", 502), ("empty", 200)])
def test_answers_that_cannot_be_parsed(sim: Sim, effect: str, spoil: str, status: int) -> None:
    made = sim.finished()
    _fault(sim, effect + spoil, nth=1)

    answer = sim.call("POST", PUBLISH, json={"creation_id": made})

    assert answer.status_code == status
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert len(sim.ledger()) == (1 if effect else 0)


def test_an_answer_can_break_off(sim: Sim) -> None:
    made = sim.finished()
    _fault(sim, "accept_then_truncated", nth=1)

    with pytest.raises(httpx.RemoteProtocolError):
        sim.call("POST", PUBLISH, json={"creation_id": made})

    assert len(sim.ledger()) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_json_can_be_cut(sim: Sim, method: str) -> None:
    endpoint = "user_media" if method == "GET" else "container_create"
    _fault(sim, "truncated_json", endpoint, nth=1)

    answer = sim.call(method, f"/{ig_id(0)}/media", json={"image_url": "http://x/a.jpg"} if method == "POST" else None)

    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_slow_answer_is_a_good_one(sim: Sim) -> None:
    _fault(sim, "slow", "user", nth=1, seconds=0.2)

    answer = sim.call("GET", f"/{ig_id(0)}")

    assert answer.json() == {"id": ig_id(0)}
    assert answer.elapsed.total_seconds() >= 0.2


def test_processing_can_stick_or_fail(sim: Sim) -> None:
    _fault(sim, "stuck_processing", "container_create", nth=1)
    stuck = sim.container()
    _fault(sim, "fail_processing", "container_create", nth=1)
    failed = sim.container()
    _fault(sim, "fail_processing", "container_create", nth=1, subcode=2207076)
    rejected = sim.container()
    healthy = sim.container()
    sim.advance(3600)

    assert [sim.status(made) for made in (stuck, failed, rejected, healthy)] == [
        "IN_PROGRESS",
        "ERROR",
        "ERROR",
        "FINISHED",
    ]
    assert sim.get(f"/{failed}", fields="status")["status"].endswith("2207082")
    assert sim.get(f"/{rejected}", fields="status")["status"].endswith("2207076")


def test_a_read_of_a_container_can_lag_stick_or_fail(sim: Sim) -> None:
    made = sim.finished()
    _fault(sim, "not_ready", "container", nth=1)
    assert [sim.status(made), sim.status(made)] == ["IN_PROGRESS", "FINISHED"]
    _fault(sim, "flake_100_33", "container", nth=1)
    assert sim.refused("GET", f"/{made}") == (100, 33)
    _fault(sim, "fail_processing", "container", nth=1)
    assert [sim.status(made), sim.status(made)] == ["ERROR", "ERROR"]
    other = sim.finished()
    _fault(sim, "stuck_processing", "container", nth=1)
    assert [sim.status(other), sim.status(other)] == ["IN_PROGRESS", "IN_PROGRESS"]


@pytest.mark.parametrize("effect", ["accept_then_refuse", "refuse"])
def test_any_error_can_be_answered(sim: Sim, effect: str) -> None:
    made = sim.finished()
    _fault(sim, effect, nth=1, code=368, subcode=1390008, status=403, message="Slow down")

    assert sim.refused("POST", PUBLISH, status=403, creation_id=made) == (368, 1390008)
    assert len(sim.ledger()) == (1 if effect.startswith("accept") else 0)


def test_an_error_can_hide_in_an_http_200(sim: Sim) -> None:
    _fault(sim, "refuse", "user", nth=1, code=2, status=200)

    assert sim.refused("GET", f"/{ig_id(0)}", status=200) == (2, None)


def test_reads_can_lag_behind_a_publish(sim: Sim) -> None:
    made = sim.finished()
    media = sim.post(PUBLISH, creation_id=made)["id"]
    _fault(sim, "stale", "container", nth=1)
    assert [sim.status(made), sim.status(made)] == ["FINISHED", "PUBLISHED"]
    _fault(sim, "stale", "user_media", count=1)

    def newest() -> str:
        return str(sim.get(f"/{ig_id(0)}/media", limit=1)["data"][0]["id"])

    assert newest() != media
    assert newest() == media


def test_rules_choose_by_account_count_and_nth(sim: Sim) -> None:
    _fault(sim, "refuse_500", "user", account=2)
    sim.get(f"/{ig_id(0)}")
    assert sim.refused("GET", f"/{ig_id(2)}", as_account=2, status=500) == (2, None)
    sim.control("DELETE", "faults")
    _fault(sim, "refuse_500", "user", nth=2, count=2)

    seen = [sim.call("GET", f"/{ig_id(0)}").status_code for _ in range(5)]

    assert seen == [200, 500, 500, 200, 200]


def test_probability_is_repeatable(simulate: Callable[..., Sim]) -> None:
    def pattern(seed: int) -> list[int]:
        sim = simulate(seed=seed, faults=("user:refuse_500:probability=0.5",))
        return [sim.call("GET", f"/{ig_id(0)}").status_code for _ in range(20)]

    first = pattern(5)

    assert first == pattern(5)
    assert set(first) == {200, 500}


def test_a_rule_is_not_spent_on_a_call_that_fails_by_itself(sim: Sim) -> None:
    _fault(sim, "accept_then_500", nth=1)
    assert sim.refused("POST", PUBLISH, creation_id="1") == (24, 2207008)
    assert sim.report()["faults_fired"] == {}
    made = sim.finished()

    assert sim.refused("POST", PUBLISH, status=500, creation_id=made) == (2, None)


def test_a_star_strikes_everything_and_aliases_strike_their_kind(sim: Sim) -> None:
    _fault(sim, "refuse_500", "media", count=2)
    assert sim.refused("GET", f"/{ig_id(0)}/media", status=500) == (2, None)
    assert sim.refused("POST", f"/{ig_id(0)}/media", status=500, image_url="http://x/a.jpg") == (2, None)
    sim.control("DELETE", "faults")
    _fault(sim, "refuse_500", "*")
    assert sim.refused("GET", "/me/accounts", status=500) == (2, None)
    assert len(sim.control("GET", "faults")["faults"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"endpoint": "media_publish", "mode": "explode"},
        {"endpoint": "nowhere", "mode": "hang"},
        {"endpoint": "media_publish", "mode": "hang", "probability": 2},
        {"endpoint": "media_publish", "mode": "hang", "nth": "soon"},
        {"endpoint": "media_publish", "mode": "hang", "account": 99},
        {"endpoint": "media_publish", "mode": "hang", "colour": "red"},
    ],
)
def test_rules_that_make_no_sense_are_refused(shared: Sim, body: dict[str, object]) -> None:
    answer = shared.http.post("/_sim/faults", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_rules_are_written_as_text_or_json() -> None:
    expected = {"endpoint": "media_publish", "mode": "accept_then_hang", "nth": "3", "account": "1"}

    assert read_rule("media_publish:accept_then_hang:nth=3,account=1") == expected
    assert read_rule('{"endpoint":"user","mode":"hang"}') == {"endpoint": "user", "mode": "hang"}
    assert read_rule("user:hang") == {"endpoint": "user", "mode": "hang"}
    for text in ("user:hang:nth", "{nonsense"):
        with pytest.raises(UsageError):
            read_rule(text)
