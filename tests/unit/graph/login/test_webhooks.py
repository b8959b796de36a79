"""Subscribing accounts to webhooks."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import pytest

from graph.client import GraphClient
from graph.login.webhooks import Subscription
from pressrun.errors import Invalid
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import TOKEN, ScriptedServer


def test_an_account_subscribes_itself_on_instagram_login(instagram: GraphClient, server: ScriptedServer) -> None:
    server.replies({"success": True})

    instagram.webhooks.subscribe(["comments", "live_comments"])

    assert (server.last.method, server.last.path) == ("POST", "/v25.0/me/subscribed_apps")
    assert server.last.form == {"subscribed_fields": "comments,live_comments"}
    assert server.last.headers["authorization"] == f"Bearer {TOKEN}"


def test_a_page_is_subscribed_with_its_own_token_on_facebook_login(
    make_client: Callable[..., GraphClient], server: ScriptedServer
) -> None:
    server.replies({"success": True})

    make_client(app_secret="s").webhooks.subscribe(page_id="134", page_token="EAApage")

    assert server.last.path == "/v25.0/134/subscribed_apps"
    proof = hmac.new(b"s", b"EAApage", hashlib.sha256).hexdigest()
    assert server.last.form == {"subscribed_fields": "feed", "appsecret_proof": proof}
    assert server.last.headers["authorization"] == "Bearer EAApage"


def test_subscriptions_are_read_and_ended(instagram: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [{"id": "1", "subscribed_fields": ["comments"], "name": "app"}]}, {"success": True})

    assert instagram.webhooks.subscriptions() == (Subscription("1", ("comments",), {"name": "app"}),)
    instagram.webhooks.unsubscribe()

    assert [request.method for request in server.received] == ["GET", "DELETE"]


def test_an_account_on_facebook_login_is_subscribed_by_itself_or_by_its_page(
    facebook: GraphClient, server: ScriptedServer
) -> None:
    server.replies({"success": True}, {"data": []}, {"success": True})

    facebook.webhooks.subscribe()
    assert facebook.webhooks.subscriptions() == ()
    facebook.webhooks.unsubscribe()

    assert [one.path for one in server.received] == [f"/v25.0/{IG_ID}/subscribed_apps"] * 3
    assert server.received[0].form == {"subscribed_fields": "comments,live_comments,mentions,story_insights"}


def test_instagram_login_has_no_page(instagram: GraphClient, server: ScriptedServer) -> None:
    with pytest.raises(Invalid, match="no Page"):
        instagram.webhooks.subscribe(page_id="134")

    assert server.received == []
