"""facebook-business 26, Meta's own SDK, reads: IGUser, IGMedia, IGComment, hashtags, Pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from facebook_business.adobjects.igcomment import IGComment
from facebook_business.adobjects.igmedia import IGMedia
from facebook_business.adobjects.iguser import IGUser
from facebook_business.adobjects.instagraminsightsresult import InstagramInsightsResult
from facebook_business.adobjects.page import Page
from facebook_business.adobjects.shadowighashtag import ShadowIGHashtag
from facebook_business.adobjects.user import User

from tests.contract.clients import facebook_business, names_of, refused
from tests.contract.world import Account, World, days_ago


@pytest.fixture
def api(world: World, account: Account) -> Iterator[Any]:
    with facebook_business(world, account.token) as api:
        yield api


@pytest.fixture
def user(api: Any, account: Account) -> Any:
    return IGUser(account.ig_id, api=api)


@pytest.fixture
def media(user: Any) -> dict[str, Any]:
    """The newest media of each kind."""
    fields = [IGMedia.Field.media_type, IGMedia.Field.media_product_type]
    found = list(user.get_media(fields=fields))
    return {one["media_type"]: one for one in reversed(found)}


def test_every_field_of_a_user(user: Any, account: Account) -> None:
    nested = {"business_discovery", "mentioned_comment", "mentioned_media"}
    user.api_get(fields=[name for name in names_of(IGUser.Field) if name not in nested])

    assert (user["id"], user["username"], user["media_count"]) == (account.ig_id, account.username, 12)
    assert user["owner_business"]["id"].isdigit()
    assert user["shopping_product_tag_eligibility"] is True


def test_every_field_of_a_media(media: dict[str, Any], account: Account) -> None:
    for one in media.values():
        one.api_get(fields=names_of(IGMedia.Field))
        assert one["owner"]["id"] == account.ig_id
        assert one["timestamp"].endswith("+0000")
        assert ("thumbnail_url" in one) == (one["media_type"] == "VIDEO")
        assert {"like_count", "saved_count", "total_views_count", "media_url", "shortcode"} <= set(one)


def test_media_page_by_page(user: Any) -> None:
    cursor = user.get_media(fields=[IGMedia.Field.timestamp], params={"limit": 5})

    assert len(cursor) == 5
    found = [one["id"] for one in cursor]
    assert len(found) == len(set(found)) == 12
    assert [one["id"] for one in user.get_media(params={"limit": 12})] == found


def test_several_media_at_once(api: Any, media: dict[str, Any]) -> None:
    ids = [one["id"] for one in media.values()]

    found = IGMedia.get_by_ids(ids, fields=[IGMedia.Field.permalink], api=api)

    assert [one["id"] for one in found] == ids
    assert all(one["permalink"].startswith("https://www.instagram.com/") for one in found)


def test_children_collaborators_and_product_tags(media: dict[str, Any]) -> None:
    album = media["CAROUSEL_ALBUM"]

    assert [child["media_type"] for child in album.get_children(fields=[IGMedia.Field.media_type])] == ["IMAGE"] * 3
    assert list(album.get_collaborators()) == []
    assert list(album.get_product_tags()) == []


def test_insights_of_the_account(user: Any) -> None:
    since = days_ago(3)
    series = user.get_insights(params={"metric": ["reach"], "period": ["day"], "since": since})
    total = user.get_insights(
        params={
            "metric": ["reach", "views"],
            "period": ["day"],
            "since": since,
            "metric_type": InstagramInsightsResult.MetricType.total_value,
            "breakdown": ["follow_type"],
        }
    )

    rows = list(series)
    assert [row["name"] for row in rows] == ["reach"]
    assert rows[0]["values"]
    rows = list(total)
    assert [row["name"] for row in rows] == ["reach", "views"]
    assert all("values" not in row for row in rows)
    for row in rows:
        parts = row["total_value"]["breakdowns"][0]
        assert parts["dimension_keys"] == ["follow_type"]
        assert sum(part["value"] for part in parts["results"]) == row["total_value"]["value"]
    assert refused(lambda: user.get_insights(params={"metric": ["views"], "period": ["day"]})) == (100, None)


def test_insights_of_media(media: dict[str, Any]) -> None:
    reel, image = media["VIDEO"], media["IMAGE"]

    found = reel.get_insights(params={"metric": ["reach", "reels_skip_rate", "total_views"], "period": ["lifetime"]})
    actions = image.get_insights(params={"metric": ["profile_activity"], "breakdown": ["action_type"]})

    assert [row["name"] for row in found] == ["reach", "reels_skip_rate", "total_views"]
    assert actions[0]["values"][0]["value"] == actions[0]["total_value"]["value"]
    assert refused(lambda: image.get_insights(params={"metric": ["impressions"]})) == (100, None)


def test_comments(api: Any, account: Account, media: dict[str, Any]) -> None:
    image = media["IMAGE"]
    comment = image.create_comment(params={"message": "Hello"})
    reply = comment.create_reply(params={"message": "Hello yourself"})

    newest = image.get_comments(fields=[IGComment.Field.text, IGComment.Field.field_from], params={"limit": 1})[0]
    assert newest["text"] == "Hello"
    assert newest["from"]["username"]
    assert [one["id"] for one in comment.get_replies()] == [reply["id"]]
    assert comment.api_get(fields=names_of(IGComment.Field))["user"]["id"] == account.ig_id
    comment.api_update(params={"hide": True})
    assert IGComment(comment["id"], api=api).api_get(fields=[IGComment.Field.hidden])["hidden"] is True
    comment.api_delete()
    assert refused(lambda: IGComment(comment["id"], api=api).api_get()) == (100, 33)


def test_comments_are_switched_off(media: dict[str, Any]) -> None:
    media["IMAGE"].api_update(params={"comment_enabled": False})

    assert media["IMAGE"].api_get(fields=[IGMedia.Field.is_comment_enabled])["is_comment_enabled"] is False


def test_deleting_media(api: Any, user: Any, media: dict[str, Any]) -> None:
    media["IMAGE"].api_delete()

    assert len(list(user.get_media())) == 11
    assert refused(lambda: IGMedia(media["IMAGE"]["id"], api=api).api_get()) == (100, 33)
    child = next(iter(media["CAROUSEL_ALBUM"].get_children()))
    assert refused(child.api_delete) == (-1, 2207073)


def test_tags_stories_and_live_media(user: Any, world: World, account: Account) -> None:
    tagged = world.push("tag", account)["media_id"]
    world.push("account", account, live_seconds=60)

    assert user.get_tags(fields=[IGMedia.Field.username])[0]["id"] == tagged
    assert list(user.get_stories()) == []
    assert user.get_live_media(fields=[IGMedia.Field.media_product_type])[0]["media_product_type"] == "LIVE"


def test_mentions(user: Any, world: World, account: Account) -> None:
    mention = world.push("mention", account, kind="comment", text="Well")
    expression = f"mentioned_comment.comment_id({mention['comment_id']}){{id,text,media{{id}}}}"

    found = user.api_get(params={"fields": expression})["mentioned_comment"]
    made = user.create_mention(params={**{name: mention[name] for name in ("media_id", "comment_id")}, "message": "!"})

    assert found["media"]["id"] == mention["media_id"]
    assert found["text"] == f"Well @{account.username}"
    assert made["id"].isdigit()


def test_hashtags(api: Any, user: Any, account: Account) -> None:
    found = api.call("GET", ("ig_hashtag_search",), params={"user_id": account.ig_id, "q": "bakery"}).json()
    tag = ShadowIGHashtag(found["data"][0]["id"], api=api)

    assert tag.api_get(fields=[ShadowIGHashtag.Field.name])["name"] == "bakery"
    assert [one["id"] for one in user.get_recently_searched_hashtags()] == [tag["id"]]
    top = tag.get_top_media(fields=[IGMedia.Field.caption], params={"user_id": account.ig_id, "limit": 50})
    assert len(top) == 50
    assert len(list(top)) == 60
    recent = tag.get_recent_media(params={"user_id": account.ig_id, "limit": 50})
    assert len(list(recent)) == 72, "one every twenty minutes of the last day"


def test_the_shop(user: Any) -> None:
    catalog = user.get_available_catalogs()[0]
    products = list(user.get_catalog_product_search(params={"catalog_id": catalog["catalog_id"], "limit": 4}))
    rejected = next(product for product in products if product["review_status"] == "rejected")

    assert len(products) == catalog["product_count"] == 11
    appeal = {"product_id": str(rejected["product_id"]), "appeal_reason": "It is fine"}
    user.create_product_appeal(params=appeal)
    found = user.get_product_appeal(params={"product_id": appeal["product_id"]})
    assert found[0]["review_status"] == "pending"


def test_pages_and_their_subscriptions(api: Any, world: World, account: Account) -> None:
    fields = [Page.Field.id, Page.Field.access_token, Page.Field.instagram_business_account]
    (page,) = User("me", api=api).get_accounts(fields=fields)

    assert page["instagram_business_account"]["id"] == account.ig_id
    with facebook_business(world, page["access_token"]) as as_page:
        mine = Page(page["id"], api=as_page)
        mine.delete_subscribed_apps()
        assert list(mine.get_subscribed_apps()) == []
        mine.create_subscribed_app(params={"subscribed_fields": ["feed"]})
        assert len(list(mine.get_subscribed_apps())) == 1
