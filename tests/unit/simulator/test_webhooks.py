"""Webhooks: what they say, how they are signed, and how stubborn they are."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.waiting import until
from tests.unit.simulator.client import Exchange, Helper, Sim, helper, ig_id, running


@pytest.fixture
def hooked(simulate: Callable[..., Sim], receiver: Helper) -> Sim:
    return simulate(accounts=4, webhook_url=f"{receiver.url}/hook", webhook_retry_s=0.05)


def _first(receiver: Helper, sim: Sim) -> dict[str, Any]:
    until(lambda: receiver.seen, what=lambda: sim.report()["webhooks"])
    body = receiver.notifications()[0]
    assert body["object"] == "instagram"
    (entry,) = body["entry"]
    (change,) = entry["changes"]
    return {"account": entry["id"], **change}


def test_a_mention_in_a_comment_is_announced_and_can_be_read(hooked: Sim, receiver: Helper) -> None:
    made = hooked.control("POST", "mention", account=0, text="What a view", kind="comment")

    ids = {"comment_id": made["comment_id"], "media_id": made["media_id"]}
    assert _first(receiver, hooked) == {"account": ig_id(0), "field": "mentions", "value": ids}
    fields = f"mentioned_comment.comment_id({made['comment_id']}){{id,text,timestamp,like_count,media{{id,media_url}}}}"
    found = hooked.get(f"/{ig_id(0)}", fields=fields)
    assert found["id"] == ig_id(0)
    assert found["mentioned_comment"]["text"].startswith("What a view @")
    assert found["mentioned_comment"]["media"]["id"] == made["media_id"]
    assert hooked.refused("GET", f"/{made['comment_id']}") == (100, 33), "not readable as an own comment"


def test_a_mention_in_a_caption_is_announced_and_can_be_read(hooked: Sim, receiver: Helper) -> None:
    made = hooked.control("POST", "mention", account=ig_id(0), kind="caption")

    assert _first(receiver, hooked)["value"] == {"media_id": made["media_id"]}
    fields = f"mentioned_media.media_id({made['media_id']}){{caption,media_type,timestamp,username,like_count}}"
    assert "@" in hooked.get(f"/{ig_id(0)}", fields=fields)["mentioned_media"]["caption"]


def test_a_mention_of_an_instagram_login_account_arrives_among_the_comments(hooked: Sim, receiver: Helper) -> None:
    made = hooked.control("POST", "mention", account=1)

    found = _first(receiver, hooked)
    assert found["field"] == "comments"
    assert found["value"]["id"] == made["comment_id"]


def test_only_the_mentioned_may_read_and_answer(hooked: Sim) -> None:
    made = hooked.control("POST", "mention", account=0, kind="comment")
    path = f"/{ig_id(0)}/mentions"

    reply = hooked.post(path, media_id=made["media_id"], comment_id=made["comment_id"], message="thank you")

    assert reply["id"]
    assert hooked.refused("POST", path, media_id=made["media_id"], message="no caption mention") == (100, 33)
    other = {"media_id": made["media_id"], "comment_id": made["comment_id"], "message": "hi"}
    assert hooked.refused("POST", f"/{ig_id(2)}/mentions", as_account=2, **other) == (100, 33)
    fields = f"mentioned_comment.comment_id({made['comment_id']}){{text}}"
    assert hooked.refused("GET", f"/{ig_id(2)}", as_account=2, fields=fields) == (100, 33)
    assert hooked.refused("GET", f"/{ig_id(0)}", fields="mentioned_media.media_id(1){id}") == (100, 33)
    assert hooked.refused("GET", f"/{ig_id(0)}", fields="mentioned_media{id}") == (100, None)


def test_the_signature_covers_the_raw_bytes_with_unicode_escaped(hooked: Sim, receiver: Helper) -> None:
    hooked.publish()
    made = hooked.control("POST", "comment", account=0, text="Schön 😍 a/b")
    _first(receiver, hooked)

    (seen,) = receiver.seen
    assert b"Sch\\u00f6n \\ud83d\\ude0d a\\/b" in seen.body
    expected = hmac.new(b"SIM-APP-SECRET", seen.body, hashlib.sha256).hexdigest()
    assert seen.headers["x-hub-signature-256"] == f"sha256={expected}"
    again = json.dumps(json.loads(seen.body), separators=(",", ":")).encode()
    assert again != seen.body, "re-serialising must break the signature"
    assert json.loads(seen.body)["entry"][0]["changes"][0]["value"]["id"] == made["comment_id"]


def test_a_comment_webhook_can_call_its_id_either_way(hooked: Sim, receiver: Helper) -> None:
    hooked.control("POST", "readings", comment_webhook_id="comment_id")
    made = hooked.control("POST", "comment", account=0)

    assert _first(receiver, hooked)["value"]["comment_id"] == made["comment_id"]


@pytest.mark.parametrize("account", [0, 1])
def test_live_comments_are_announced_during_the_broadcast_only(hooked: Sim, receiver: Helper, account: int) -> None:
    assert hooked.http.post("/_sim/live_comment", json={"account": account}).status_code == 400
    hooked.control("POST", "account", account=account, live_seconds=600)
    (live,) = hooked.get(f"/{ig_id(account)}/live_media", as_account=account, fields="id,media_product_type")["data"]

    made = hooked.control("POST", "live_comment", account=account, text="hello from afar")

    found = _first(receiver, hooked)
    assert (found["account"], found["field"]) == (ig_id(account), "live_comments")
    assert found["value"]["id"] == made["comment_id"]
    assert found["value"]["text"] == "hello from afar"
    assert set(found["value"]["from"]) == {"id", "username"}
    assert found["value"]["media"] == {"id": live["id"], "media_product_type": "LIVE"}
    hooked.advance(601)
    assert hooked.http.post("/_sim/live_comment", json={"account": account}).status_code == 400


@pytest.mark.parametrize("is_echo", [False, True])
def test_messages_have_their_own_place_in_the_envelope(hooked: Sim, receiver: Helper, is_echo: bool) -> None:
    made = hooked.control("POST", "message", account=1, text="Is it still there?", is_echo=is_echo)

    until(lambda: receiver.seen, what=lambda: hooked.report()["webhooks"])
    body = receiver.notifications()[0]
    (entry,) = body["entry"]
    (message,) = entry["messaging"]
    assert (body["object"], entry["id"], "changes" in entry) == ("instagram", ig_id(1), False)
    assert set(message) == {"sender", "recipient", "timestamp", "message"}
    assert (message["sender"]["id"] == ig_id(1)) is is_echo
    assert (message["recipient"]["id"] == ig_id(1)) is not is_echo
    assert message["message"] == {"mid": made["mid"], "text": "Is it still there?"} | (
        {"is_echo": True} if is_echo else {}
    )


def test_a_refused_notification_is_sent_again_until_a_200(hooked: Sim, receiver: Helper) -> None:
    answers = iter([500, 404, 200])
    receiver.answer = lambda _exchange: (next(answers), {}, b"")

    hooked.control("POST", "mention", account=0)

    until(lambda: hooked.report()["webhooks"]["delivered"] == 1, what=lambda: hooked.report()["webhooks"])
    assert len({seen.body for seen in receiver.seen}) == 1
    assert len(receiver.seen) == 3
    assert hooked.report()["webhooks"]["pending"] == 0


def test_notifications_can_be_doubled_or_lost(simulate: Callable[..., Sim], receiver: Helper) -> None:
    doubling = simulate(webhook_url=receiver.url, webhook_duplicate=1.0)
    losing = simulate(webhook_url=receiver.url, webhook_drop=1.0)

    losing.control("POST", "mention", account=0)
    doubling.control("POST", "mention", account=0)

    until(lambda: len(receiver.seen) == 2)
    assert losing.report()["webhooks"] | {"sent": 0} == losing.report()["webhooks"]
    assert losing.report()["webhooks"]["dropped"] == 1
    assert doubling.report()["webhooks"]["duplicated"] == 1


def test_a_notification_under_way_does_not_keep_it_from_stopping() -> None:
    go_on, answered = threading.Event(), threading.Event()

    def answer(_: Exchange) -> tuple[int, dict[str, str], bytes]:
        go_on.wait(120)
        answered.set()
        return 200, {}, b""

    with helper(answer) as slow:
        try:
            with running(webhook_url=f"{slow.url}/hook", webhook_retry_s=0.05) as sim:
                sim.control("POST", "mention", account=0)
                until(lambda: slow.seen)
            assert not answered.is_set(), "it has stopped before it was answered"
        finally:
            go_on.set()


def test_nor_does_one_that_fails_when_it_is_cut_off() -> None:
    """Cut off before its first request is made, the library calls it a network error, as if nobody had answered.

    One that took it for an answer would try again for hours: leaving `running` would fail.
    """
    with running(webhook_url="http://127.0.0.1:1/nobody", webhook_retry_s=0.05) as sim:
        sim.control("POST", "mention", account=0)
        address = httpx.URL(sim.url)

    with pytest.raises(httpx.ConnectError):
        httpx.get(address, timeout=60)


def test_an_undelivered_notification_survives_a_restart(
    simulate: Callable[..., Sim], receiver: Helper, tmp_path: Path
) -> None:
    with running(state_dir=tmp_path, webhook_url="http://127.0.0.1:1/nobody") as sim:
        sim.control("POST", "mention", account=0)
        assert sim.report()["webhooks"]["pending"] == 1
        sim.control("POST", "webhook", url=receiver.url)
    receiver.seen.clear()

    sim = simulate(state_dir=tmp_path)
    until(lambda: sim.report()["webhooks"]["pending"] == 0, what=lambda: sim.report()["webhooks"])
    assert len(receiver.seen) <= 1


def test_an_unsubscribed_account_hears_nothing(hooked: Sim, receiver: Helper) -> None:
    assert hooked.call("DELETE", "/me/subscribed_apps", as_account=1).json() == {"success": True}
    assert hooked.get("/me/subscribed_apps", as_account=1) == {"data": []}
    hooked.control("POST", "mention", account=1)
    assert hooked.post("/me/subscribed_apps", as_account=1, subscribed_fields="comments") == {"success": True}
    hooked.control("POST", "mention", account=1, text="now you hear me")

    _first(receiver, hooked)
    assert "now you hear me" in receiver.seen[0].body.decode()


@pytest.mark.parametrize(("reading", "is_told"), [("subscribed", False), ("all", True)])
def test_what_is_not_subscribed_is_not_sent(hooked: Sim, receiver: Helper, reading: str, is_told: bool) -> None:
    hooked.control("POST", "readings", told_fields=reading)
    hooked.post(f"/{ig_id(0)}/subscribed_apps", subscribed_fields="comments")
    hooked.control("POST", "mention", account=0, kind="caption")
    hooked.control("POST", "comment", account=0, text="last")

    wanted = 2 if is_told else 1
    until(lambda: len(receiver.seen) >= wanted, what=lambda: hooked.report()["webhooks"])
    until(lambda: hooked.report()["webhooks"]["pending"] == 0, what=lambda: hooked.report()["webhooks"])
    fields = {change["field"] for body in receiver.notifications() for change in body["entry"][0]["changes"]}
    assert fields == ({"comments", "mentions"} if is_told else {"comments"})


@pytest.mark.parametrize(("reading", "fields"), [("replaces", ["mentions"]), ("adds", ["comments", "mentions"])])
def test_a_second_subscription_and_an_unknown_name(sim: Sim, reading: str, fields: list[str]) -> None:
    sim.control("POST", "readings", subscribe=reading)
    sim.control("POST", "account", account=0, is_subscribed=False, refused_fields=["story_insights"])
    path = f"/{ig_id(0)}/subscribed_apps"
    for names in ("comments", "mentions"):
        sim.post(path, subscribed_fields=names)
    answer = sim.call("POST", path, data={"subscribed_fields": "comments,story_insights"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)
    assert sim.get(path)["data"][0]["subscribed_fields"] == fields


def test_an_account_that_only_its_page_subscribes(sim: Sim) -> None:
    sim.control("POST", "readings", account_subscribes="by_page")

    answer = sim.call("GET", f"/{ig_id(0)}/subscribed_apps").json()["error"]

    assert (answer["code"], answer["error_subcode"]) == (100, 33)
    assert sim.get("/me/subscribed_apps", as_account=1)["data"]


def test_a_target_can_be_verified(sim: Sim, receiver: Helper) -> None:
    assert sim.control("POST", "webhook", url=f"{receiver.url}/hook", verify=True)
    assert "hub.mode=subscribe" in receiver.seen[0].path
    assert "hub.verify_token=SIM-VERIFY-TOKEN" in receiver.seen[0].path
    receiver.answer = lambda _exchange: (200, {}, b'"quoted"')
    body = {"url": receiver.url, "verify": True}
    assert sim.http.post("/_sim/webhook", json=body).status_code == 400


def test_story_insights_are_announced_an_hour_after_the_story(hooked: Sim, receiver: Helper) -> None:
    story = hooked.publish(media_type="STORIES", image_url="http://media.invalid/s.jpg")
    hooked.advance(86_400 + 3599)
    assert receiver.seen == []
    hooked.advance(2)

    found = _first(receiver, hooked)
    value = found["value"]
    assert found["field"] == "story_insights"
    assert value["media_id"] == story
    assert set(value) == {"media_id", "impressions", "reach", "taps_forward", "taps_back", "exits", "replies"}
    assert all(count == -1 or count >= 5 for name, count in value.items() if name != "media_id")
    hooked.advance(86_400)
    assert hooked.report()["webhooks"]["sent"] == 1
