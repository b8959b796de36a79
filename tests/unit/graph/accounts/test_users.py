"""The account itself."""

from __future__ import annotations

import pytest

from graph.accounts.users import Profile
from graph.answers.errors import NotOnThisLogin
from graph.client import GraphClient
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import ScriptedServer

FACEBOOK_FIELDS = "id,username,name,biography,website,profile_picture_url,followers_count,follows_count,media_count"
INSTAGRAM_FIELDS = (
    "id,user_id,account_type,username,name,biography,website,profile_picture_url,followers_count,follows_count,"
    "media_count"
)


def test_on_facebook_login(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"id": IG_ID, "username": "jo", "followers_count": 12, "media_count": "3", "ig_id": 7})

    profile = facebook.users.profile()

    assert profile == Profile(IG_ID, username="jo", followers_count=12, media_count=3, extra={"ig_id": 7})
    assert server.last.path == f"/v25.0/{IG_ID}"
    assert server.last.query == {"fields": FACEBOOK_FIELDS}


def test_on_instagram_login(instagram: GraphClient, server: ScriptedServer) -> None:
    server.replies({"id": "9", "user_id": IG_ID, "account_type": "BUSINESS"})

    profile = instagram.users.profile()

    assert profile == Profile("9", user_id=IG_ID, account_type="BUSINESS")
    assert server.last.query == {"fields": INSTAGRAM_FIELDS}


def test_the_callers_fields_win(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"id": IG_ID, "shopping_review_status": "approved"})

    profile = facebook.users.profile(["shopping_review_status"])

    assert profile.extra == {"shopping_review_status": "approved"}
    assert server.last.query == {"fields": "shopping_review_status"}


def test_me_finds_the_account_of_a_token(instagram: GraphClient, server: ScriptedServer) -> None:
    server.replies({"id": "9", "user_id": IG_ID, "username": "jo"})

    assert instagram.users.me(["user_id", "username"]).user_id == IG_ID
    assert (server.last.path, server.last.query) == ("/v25.0/me", {"fields": "user_id,username"})


def test_me_is_a_person_on_facebook_login(facebook: GraphClient, server: ScriptedServer) -> None:
    with pytest.raises(NotOnThisLogin, match="needs Instagram Login"):
        facebook.users.me()

    assert server.received == []
