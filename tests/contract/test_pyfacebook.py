"""python-facebook-api 0.24 reads with its business client: every call of its user, and what hangs on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.clients import pyfacebook, refused
from tests.contract.world import Account, World


@pytest.fixture
def api(world: World, account: Account) -> Iterator[Any]:
    with pyfacebook(world, account) as api:
        yield api


def test_the_account(api: Any, account: Account) -> None:
    found = api.user.get_info()

    assert (found.id, found.username, found.media_count) == (account.ig_id, account.username, 12)
    every = "id,ig_id,biography,followers_count,follows_count,media_count,name,profile_picture_url,username,website"
    assert set(api.user.get_info(fields=every, return_json=True)) == set(every.split(","))


def test_media(api: Any, account: Account) -> None:
    found = api.user.get_media(count=None, limit=5)

    assert len(found.data) == 12, "three pages, following next"
    assert len({media.id for media in found.data}) == 12
    times = [media.timestamp for media in found.data]
    assert times == sorted(times, reverse=True)
    albums = [media for media in found.data if media.media_type == "CAROUSEL_ALBUM"]
    assert all(len(album.children.data) == 3 for album in albums)


def test_media_within_a_time(api: Any) -> None:
    since = datetime.now(UTC) - timedelta(days=30)  # noqa: TID251 - Instagram's own time, not ours
    by_date = api.user.get_media(count=None, since=since.date().isoformat(), until=str(int(since.timestamp()) + 10**7))
    by_second = api.user.get_media(count=None, since=str(int(since.timestamp())))

    assert 3 <= len(by_second.data) <= len(by_date.data) <= 5


def test_one_media_and_several(api: Any) -> None:
    ids = [media.id for media in api.user.get_media(count=3, limit=3).data]

    one = api.media.get_info(ids[0], fields="id,media_product_type,owner,shortcode,is_comment_enabled")
    several = api.media.get_batch(ids)

    assert one.id == ids[0]
    assert one.owner.id == api.instagram_business_id
    assert list(several) == ids
    assert all(media.permalink.startswith("https://www.instagram.com/") for media in several.values())
    assert refused(lambda: api.media.get_batch([*ids, "17950999999999999"])) == (100, 33)


def test_insights_of_the_account(api: Any) -> None:
    until = datetime.now(UTC)  # noqa: TID251 - Instagram's own time, not ours
    since = until - timedelta(days=28)
    days = api.user.get_insights(
        ["reach", "follower_count"], "day", since=str(int(since.timestamp())), until=str(int(until.timestamp()))
    )
    total = api.user.get_insights("views", "day", metric_type="total_value", breakdown="media_product_type")
    people = api.user.get_insights(
        "follower_demographics", "lifetime", metric_type="total_value", breakdown="country", timeframe="this_month"
    )

    assert [row.name for row in days.data] == ["reach", "follower_count"]
    assert 25 <= len(days.data[0].values) <= 28
    assert {point.end_time[10:] for point in days.data[0].values} <= {"T07:00:00+0000", "T08:00:00+0000"}
    parts = total.data[0].total_value.breakdowns[0]
    assert parts.dimension_keys == ["media_product_type"]
    assert sum(part.value for part in parts.results) == total.data[0].total_value.value
    assert 0 < len(people.data[0].total_value.breakdowns[0].results) <= 45
    assert refused(lambda: api.user.get_insights("views", "day")) == (100, None)


def test_insights_of_media(api: Any) -> None:
    media = api.user.get_media(fields="id,media_product_type", count=None).data
    by_kind = {one.media_product_type: one.id for one in reversed(media)}

    reel = api.media.get_insights(by_kind["REELS"], ["reach", "ig_reels_avg_watch_time", "reels_skip_rate"])
    feed = api.media.get_insights(by_kind["FEED"], "profile_activity", breakdown="action_type")

    assert [row.name for row in reel.data] == ["reach", "ig_reels_avg_watch_time", "reels_skip_rate"]
    assert feed.data[0].total_value.breakdowns[0].dimension_keys == ["action_type"]
    assert refused(lambda: api.media.get_insights(by_kind["FEED"], "reels_skip_rate")) == (100, None)


def test_comments_and_replies(api: Any) -> None:
    media = api.user.get_media(fields="id", count=1).data[0].id
    top = api.post_object(media, "comments", data={"message": "Who was there?"})["id"]
    answer = api.post_object(top, "replies", data={"message": "I was"})["id"]

    assert api.media.get_comments(media).data[0].text == "Who was there?"
    assert api.comment.get_replies(top).data[0].id == answer
    assert api.comment.get_info(top, fields="id,text,replies{id,text}").replies.data[0].text == "I was"
    assert api.reply.get_info(answer).text == "I was"
    assert set(api.comment.get_batch([top, answer])) == set(api.reply.get_batch([top, answer])) == {top, answer}
    assert api.post_object(top, data={"hide": "true"}) == {"success": True}


def test_comments_defect_by_default_it_asks_for_fields_of_media(api: Any) -> None:
    media = api.user.get_media(fields="id", count=1).data[0].id
    comment = api.post_object(media, "comments", data={"message": "Hello"})["id"]

    assert refused(lambda: api.comment.get_info(comment)) == (100, None)


def test_deleting_a_comment(api: Any) -> None:
    media = api.user.get_media(fields="id", count=1).data[0].id
    comment = api.post_object(media, "comments", data={"message": "Not for long"})["id"]

    assert api.delete_object(comment) == {"success": True}
    assert refused(lambda: api.delete_object(comment)) == (100, 33)


def test_mentions(api: Any, world: World, account: Account) -> None:
    in_comment = world.push("mention", account, kind="comment", text="Hey")
    in_caption = world.push("mention", account, kind="caption", text="With you")

    comment = api.user.get_mentioned_comment(in_comment["comment_id"]).mentioned_comment
    media = api.user.get_mentioned_media(in_caption["media_id"]).mentioned_media
    made = api.post_object(
        account.ig_id,
        "mentions",
        data={"media_id": in_comment["media_id"], "comment_id": in_comment["comment_id"], "message": "Hi"},
    )

    assert comment.text == f"Hey @{account.username}"
    assert media.caption == f"With you @{account.username}"
    assert made["id"].isdigit()


def test_tags(api: Any, world: World, account: Account) -> None:
    tagged = world.push("tag", account)["media_id"]

    assert api.user.get_tagged_media().data[0].id == tagged
    assert len(api.user.get_tagged_media(limit=2).data) == 2, "without next it takes the first page for all"


def test_hashtags(api: Any) -> None:
    found = api.user.get_hashtag_search("coffee").data[0]
    other = api.user.get_hashtag_search("tea").data[0]

    assert (found.id, found.name) == (found.id, "coffee")
    assert api.hashtag.get_info(found.id).name == "coffee"
    assert {tag.name for tag in api.hashtag.get_batch([found.id, other.id]).values()} == {"coffee", "tea"}
    assert {tag.id for tag in api.user.get_recently_searched_hashtags().data} == {found.id, other.id}
    assert len(api.hashtag.get_recent_media(found.id, count=60, limit=50).data) == 60
    assert len(api.hashtag.get_top_media(found.id, count=10).data) == 10


def test_discovery(api: Any) -> None:
    brand = api.user.discovery_user("sim_brand_3").business_discovery
    page = api.user.discovery_user_medias("sim_brand_3", fields="id,timestamp,like_count", limit=5)
    after = page.business_discovery.media.paging.cursors.after
    second = api.user.discovery_user_medias("sim_brand_3", fields="id", limit=5, after=after)
    every = api.discovery_user_media("sim_brand_3", fields="id", count=None, limit=25)

    assert brand.username == "sim_brand_3"
    assert page.business_discovery.media.paging.next is None
    assert not {one.id for one in page.business_discovery.media.data} & {
        one.id for one in second.business_discovery.media.data
    }
    assert len(every["data"]) == brand.media_count
    assert refused(lambda: api.user.discovery_user("nobody_here")) == (110, 2207013)


def test_the_shop(api: Any) -> None:
    catalog = api.user.get_available_catalogs().data[0].catalog_id
    products = api.user.get_catalog_product_search(catalog, count=None, limit=4).data
    rejected = next(product for product in products if product.review_status == "rejected")

    assert len(products) == 11
    assert products[0].product_variants[0].variant_name
    assert api.user.get_product_appeal(str(rejected.product_id)).data[0].eligible_for_appeal is True


def test_live_and_stories(api: Any, world: World, account: Account) -> None:
    assert api.user.get_stories().data == []
    assert api.user.get_live_media().data == []
    world.push("account", account, live_seconds=60)
    assert [media.media_type for media in api.user.get_live_media().data] == ["BROADCAST"]


def test_usage_of_the_account_and_the_app(api: Any, account: Account) -> None:
    api.user.get_info()
    assert api.rate_limit.get_limit(account.ig_id, "instagram").type == "instagram"

    api.user.discovery_user("sim_brand_1", fields="id")
    assert api.rate_limit.get_max_percent() >= 0


def test_a_throttled_account(api: Any, world: World, account: Account) -> None:
    world.push("throttle", account, seconds=120)

    assert refused(api.user.get_info) == (80002, None)
    usage = api.rate_limit.get_limit(account.ig_id, "instagram")
    assert usage.max_percent() == 100
    assert usage.estimated_time_to_regain_access == 2


def test_a_wrong_proof(api: Any) -> None:
    api.app_secret = "another"

    assert refused(api.user.get_info) == (100, None)
