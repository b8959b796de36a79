"""pystagram 1.2.0 beyond the user: media, comments, hashtags, login, and the client for graph.instagram.com."""

from __future__ import annotations

from typing import Any

import pytest
from pystagram import PystagramBasicDisplayApi
from pystagram.components.breakdown import Breakdown
from pystagram.components.fields import AccountFields, CommentFields, HashtagFields, MediaFields
from pystagram.components.tags import ProductTag

from tests.contract.clients import pystagram, refused
from tests.contract.world import APP_ID, APP_SECRET, Account, World


@pytest.fixture
def api(world: World, account: Account) -> Any:
    return pystagram(world, account)


@pytest.fixture
def media(world: World, account: Account) -> list[dict[str, Any]]:
    """The account's older media, newest first."""
    fields = "id,media_type,media_product_type,comments_count"
    found: list[dict[str, Any]] = world.ask(account.index, f"{account.ig_id}/media", fields=fields)["data"]
    return found


def test_media(api: Any, media: list[dict[str, Any]]) -> None:
    found = api.media.get(media[0]["id"], fields=list(MediaFields)).data

    assert found["id"] == media[0]["id"]
    assert {"permalink", "timestamp", "like_count", "owner", "shortcode"} <= set(found)


def test_comments_are_switched_off_and_on(api: Any, media: list[dict[str, Any]]) -> None:
    node = media[0]["id"]

    assert api.media.update(node, comment_enabled=False).data == {"success": True}
    assert api.media.get(node, fields=["is_comment_enabled"]).data["is_comment_enabled"] is False
    assert refused(lambda: api.media.comments.create(node, "Anyone?")) == (100, None)
    assert api.media.update(node).data == {"success": True}


def test_comments_and_replies(api: Any, media: list[dict[str, Any]]) -> None:
    made = api.media.comments.create(media[0]["id"], "First!").data["id"]
    reply = api.comment.replies.create(made, "And second").data["id"]

    assert api.media.comments.get(media[0]["id"]).data["data"][0]["text"] == "First!"
    assert [row["id"] for row in api.comment.replies.get(made).data["data"]] == [reply]
    fields = [CommentFields.ID, CommentFields.TEXT, CommentFields.MEDIA]
    assert api.comment.get(made, fields=fields).data == {"id": made, "text": "First!", "media": {"id": media[0]["id"]}}
    assert api.comment.update(made, hide=True).data == {"success": True}
    assert api.comment.get(made, fields=["hidden"]).data["hidden"] is True
    assert api.comment.delete(made).data == {"success": True}
    assert refused(lambda: api.comment.get(made)) == (100, 33)


def test_media_insights(api: Any, media: list[dict[str, Any]]) -> None:
    feed = next(row["id"] for row in media if row["media_product_type"] == "FEED")

    rows = api.media.insights.get(feed, ["reach", "views", "saved"]).data["data"]
    by_action = api.media.insights.get(feed, ["profile_activity"], breakdown=Breakdown.ACTION_TYPE).data["data"]

    assert [(row["name"], row["period"]) for row in rows] == [
        ("reach", "lifetime"), ("views", "lifetime"), ("saved", "lifetime"),
    ]  # fmt: skip
    assert by_action[0]["total_value"]["breakdowns"][0]["dimension_keys"] == ["action_type"]
    assert refused(lambda: api.media.insights.get(feed, ["impressions"])) == (100, None)


def test_children_collaborators_and_product_tags(api: Any, media: list[dict[str, Any]]) -> None:
    node = media[0]["id"]

    assert api.media.collaborators.get(node).data == {"data": []}
    assert api.media.product_tags.get(node).data == {"data": []}
    for album in (row for row in media if row["media_type"] == "CAROUSEL_ALBUM"):
        assert len(api.media.children.get(album["id"]).data["data"]) == 3


def test_product_tags_defect_they_do_not_arrive_as_json(api: Any, media: list[dict[str, Any]]) -> None:
    tags = [ProductTag("3231775643510001", 0.5, 0.5)]

    assert refused(lambda: api.media.product_tags.create(media[0]["id"], tags))[0] == 100


def test_hashtags(api: Any) -> None:
    tag = api.hashtag_search.get("#Harbor").data["data"][0]["id"]

    assert api.hashtag.get(tag, fields=list(HashtagFields)).data == {"id": tag, "name": "harbor"}
    recent = api.hashtag.recent_media.get(tag, fields=[MediaFields.ID, MediaFields.PERMALINK]).data
    assert len(recent["data"]) == 25
    assert set(recent["paging"]) == {"cursors", "next"}
    assert set(recent["paging"]["cursors"]) == {"after"}
    assert refused(lambda: api.hashtag.top_media.get(tag, fields=[MediaFields.USERNAME])) == (100, None)


def test_me_and_its_pages(api: Any, account: Account) -> None:
    fields = [AccountFields.ID, AccountFields.ACCESS_TOKEN, AccountFields.INSTAGRAM_BUSINESS_ACCOUNT]
    pages = api.me.accounts.get(fields=fields).data["data"]

    assert pages == [
        {
            "id": account.page_id,
            "access_token": account.page_token,
            "instagram_business_account": {"id": account.ig_id},
        }
    ]
    assert api.me.get().data["name"]


def test_a_long_token_replaces_the_short_one(api: Any, account: Account) -> None:
    grant = api.oauth.access_token.get().data

    assert grant["token_type"] == "bearer"
    assert 59 * 86_400 < grant["expires_in"] <= 60 * 86_400
    assert grant["access_token"] != account.token
    assert api.user.get(user_id=account.ig_id, access_token=grant["access_token"]).data == {"id": account.ig_id}


@pytest.fixture
def basic(world: World, instagram_account: Account) -> Any:
    api = PystagramBasicDisplayApi(app_id=APP_ID, app_secret=APP_SECRET, access_token=instagram_account.token)
    api.base_url = api.base_url.replace("https://graph.instagram.com", world.url)
    return api


def test_instagram_login(basic: Any, instagram_account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PystagramBasicDisplayApi, "MAX_PAGES", 1)  # its paginator never ends by itself
    found = basic.user.get("me", fields=["user_id", "username", "account_type"]).data
    media = basic.user.user_media.get("me").data["data"]

    assert (found["user_id"], found["username"]) == (instagram_account.ig_id, instagram_account.username)
    assert found["id"] != instagram_account.ig_id, "the id of /me is app-scoped"
    assert len(media) == 12
    assert basic.media.get(media[0]["id"], fields=[MediaFields.TIMESTAMP]).data["timestamp"].endswith("+0000")


def test_instagram_tokens(basic: Any) -> None:
    long = basic.access_token.get().data
    assert 59 * 86_400 < long["expires_in"] <= 60 * 86_400

    refreshed = basic.refresh_access_token.get(None, grant_type="ig_refresh_token").data
    assert refreshed["access_token"].startswith("SIM-TOKEN-")


def test_refresh_defect_its_default_grant_type_is_that_of_the_exchange(basic: Any) -> None:
    assert refused(lambda: basic.refresh_access_token.get(None)) == (100, None)
