"""What Meta sends by itself: signed requests, and notifications with whatever in them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.support.waiting import until
from tests.unit.simulator.client import Exchange, Helper, Sim, helper, ig_id


def _opened(exchange: Exchange, secret: bytes) -> dict[str, Any]:
    """The payload of a signed request whose signature holds."""
    assert exchange.headers["content-type"] == "application/x-www-form-urlencoded"
    (request,) = parse_qs(exchange.body.decode())["signed_request"]
    signature, encoded = request.split(".")
    expected = hmac.new(secret, encoded.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)) == expected
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    return found


@pytest.mark.parametrize(("account", "secret"), [(0, b"SIM-APP-SECRET"), (1, b"OTHER")])
def test_removing_the_app_kills_the_tokens_and_tells_the_callback(
    simulate: Callable[..., Sim], receiver: Helper, account: int, secret: bytes
) -> None:
    sim = simulate(accounts=2, instagram_app_secret="OTHER")
    scoped = sim.get("/me", as_account=account)["id"]

    answer = sim.control("POST", "deauthorize", account=account, url=f"{receiver.url}/gone")

    assert answer["status"] == 200
    payload = _opened(receiver.seen[0], secret)
    assert payload.keys() == {"algorithm", "issued_at", "user_id"}
    assert (payload["algorithm"], payload["user_id"]) == ("HMAC-SHA256", scoped)
    assert sim.refused("GET", "/me", as_account=account) == (190, 458)


@pytest.mark.parametrize(
    ("answer", "is_right"),
    [
        (b'{"url":"https://app.example/deletion/7","confirmation_code":"abc7"}', True),
        (b'{"url":"https://app.example/deletion/7","confirmation_code":"a-b"}', False),
        (b'{"confirmation_code":"abc7"}', False),
        (b"thank you", False),
    ],
)
def test_a_deletion_is_answered_with_an_address_and_a_code(sim: Sim, answer: bytes, is_right: bool) -> None:
    with helper(lambda _exchange: (200, {}, answer)) as callback:
        got = sim.http.post("/_sim/data_deletion", json={"account": 0, "url": callback.url})

    assert got.status_code == (200 if is_right else 400)
    assert _opened(callback.seen[0], b"SIM-APP-SECRET")["user_id"]
    if is_right:
        assert got.json()["answer"]["confirmation_code"] == "abc7"


def test_a_callback_that_is_not_there_is_named(sim: Sim) -> None:
    for url in ("http://127.0.0.1:1/x", "nonsense", None):
        answer = sim.http.post("/_sim/deauthorize", json={"account": 0, "url": url})
        assert answer.status_code == 400


@pytest.fixture
def hooked(simulate: Callable[..., Sim], receiver: Helper) -> Sim:
    return simulate(accounts=2, webhook_url=f"{receiver.url}/hook")


def test_a_notification_can_hold_anything(hooked: Sim, receiver: Helper) -> None:
    value = {"media_id": "1", "reach": 1e308, "text": "a\0b"}

    hooked.control("POST", "notify", account=0, field="story_insights", value=value)

    until(lambda: receiver.seen)
    (entry,) = receiver.notifications()[0]["entry"]
    assert (entry["id"], entry["changes"]) == (ig_id(0), [{"field": "story_insights", "value": value}])


def test_many_changes_come_in_one_body_compressed_and_signed_as_compressed(hooked: Sim, receiver: Helper) -> None:
    changes = [{"field": "comments", "value": {"id": str(number)}} for number in range(5000)]

    hooked.control("POST", "notify", account=0, changes=changes, encoding="gzip")

    until(lambda: receiver.seen)
    (exchange,) = receiver.seen
    assert exchange.headers["content-encoding"] == "gzip"
    expected = hmac.new(b"SIM-APP-SECRET", exchange.body, hashlib.sha256).hexdigest()
    assert exchange.headers["x-hub-signature-256"] == f"sha256={expected}"
    assert json.loads(gzip.decompress(exchange.body))["entry"][0]["changes"] == changes


def test_notifications_that_make_no_sense_are_refused(hooked: Sim) -> None:
    refused: tuple[dict[str, Any], ...] = ({"changes": {}}, {"changes": [], "encoding": "zip"})
    for body in refused:
        assert hooked.http.post("/_sim/notify", json={"account": 0, **body}).status_code == 400
