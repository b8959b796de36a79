"""Finding accounts: one's own through Pages, others by name."""

from __future__ import annotations

import pytest

from graph.accounts.media import Media
from graph.answers import fields
from graph.answers.errors import ErrorClass, GraphError
from graph.answers.paging import Page
from graph.client import GraphClient
from graph.login.discovery import Business, FacebookPage
from pressrun.errors import Invalid
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import ScriptedServer

PAGE = {
    "id": "134895793791914",
    "name": "MyPage",
    "access_token": "EAApagetoken12345",
    "tasks": ["MANAGE", "CREATE_CONTENT"],
    "instagram_business_account": {"id": "17841405822304914"},
}


def test_pages_with_their_accounts(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [PAGE, {"id": "2", "name": "Bare"}], "paging": {"cursors": {"after": "A"}}})

    linked, bare = facebook.discovery.pages().items

    assert (linked.ig_id, linked.access_token, linked.may_publish) == ("17841405822304914", "EAApagetoken12345", True)
    assert bare == FacebookPage("2", "Bare")
    assert not bare.may_publish
    assert "EAApagetoken" not in repr(linked)
    assert server.last.path == "/v25.0/me/accounts"
    assert server.last.query == {
        "fields": "id,name,access_token,tasks,instagram_business_account{id,username}",
        "limit": "100",
    }


def test_tasks_of_new_pages_count_too() -> None:
    assert FacebookPage("1", tasks=("PROFILE_PLUS_CREATE_CONTENT",)).may_publish
    assert not FacebookPage("1", tasks=("ANALYZE", "PROFILE_PLUS_ANALYZE")).may_publish


def test_pages_of_businesses(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [{"id": "9", "name": "Agency"}]}, {"data": [PAGE]}, {"data": []})

    assert facebook.discovery.businesses().items == (Business("9", "Agency"),)
    assert facebook.discovery.owned_pages("9").items[0].id == PAGE["id"]
    assert facebook.discovery.client_pages("9", "A").items == ()
    paths = [request.path for request in server.received]
    assert paths == ["/v25.0/me/businesses", "/v25.0/9/owned_pages", "/v25.0/9/client_pages"]


def test_another_account_with_its_media(facebook: GraphClient, server: ScriptedServer) -> None:
    media = {"data": [{"id": "5", "view_count": 7}], "paging": {"cursors": {"after": "A"}}}
    found = {"followers_count": 267793, "media_count": 1205, "media": media, "id": "1784"}
    server.replies({"business_discovery": found, "id": IG_ID})

    other = facebook.discovery.account("@bluebottle", media_limit=10, media_after="B")

    assert (other.profile.id, other.profile.followers_count, other.profile.extra) == ("1784", 267793, {})
    assert other.media == Page((Media("5", view_count=7),), "A", has_next=True)
    user, items = fields.join(fields.DISCOVERED_USER), fields.join(fields.DISCOVERED_MEDIA)
    expected = f"business_discovery.username(bluebottle){{{user},media.after(B).limit(10){{{items}}}}}"
    assert server.last.query == {"fields": expected}


def test_another_account_without_media(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"business_discovery": {"id": "1784"}})

    assert facebook.discovery.account("x", fields=["id"], media_limit=0).media == Page((), None, has_next=False)
    assert server.last.query == {"fields": "business_discovery.username(x){id}"}


def test_an_account_that_is_not_professional(facebook: GraphClient, server: ScriptedServer) -> None:
    server.refuses(110, 2207013)

    with pytest.raises(GraphError) as caught:
        facebook.discovery.account("nobody")

    assert caught.value.error_class is ErrorClass.INVALID_REQUEST


def test_a_name_cannot_break_out_of_the_expression(facebook: GraphClient, server: ScriptedServer) -> None:
    with pytest.raises(Invalid):
        facebook.discovery.account("x){id},mentioned_media.media_id(1")

    assert server.received == []
