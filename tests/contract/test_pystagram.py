"""pystagram 1.2.0 reads: each of its 16 user classes, what works and what is known to be wrong (graph-api.md §9).

MediaPublish and Media.create are in test_pystagram_publishing.py.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from pystagram import PystagramGraphApi
from pystagram.components.fields import CatalogFields, CommentFields, MediaFields, PublishingLimitFields, UserFields
from pystagram.components.metrics import InsightMetrics
from pystagram.components.periods import Periods

from tests.contract.clients import pystagram, refused
from tests.contract.world import Account, World, days_ago


@pytest.fixture
def api(world: World, account: Account) -> Any:
    return pystagram(world, account)


def test_it_finds_the_account_through_its_page(api: Any, account: Account) -> None:
    assert api.user_id == account.ig_id


def test_user(api: Any, account: Account) -> None:
    good = [UserFields.ID, UserFields.USERNAME, UserFields.FOLLOWERS_COUNT, UserFields.MEDIA_COUNT, UserFields.WEBSITE]
    profile = api.user.get(fields=good).data

    assert profile["id"] == account.ig_id
    assert profile["username"] == account.username
    assert profile["media_count"] == 12


@pytest.mark.parametrize("field", ["BIO", "BUSINESS_ACCOUNT", "FOLLOWING_COUNT", "IS_PRIVATE", "IS_VERIFIED"])
def test_user_defect_fields_that_do_not_exist(api: Any, field: str) -> None:
    assert refused(lambda: api.user.get(fields=[UserFields[field]])) == (100, None)


def test_available_catalogs(api: Any) -> None:
    found = api.user.available_catalogs.get(fields=list(CatalogFields)).data["data"]

    assert len(found) == 1
    assert found[0]["product_count"] == 11
    assert set(found[0]) == {"catalog_id", "catalog_name", "shop_name", "product_count"}


def test_catalog_product_search(api: Any) -> None:
    catalog = api.user.available_catalogs.get().data["data"][0]["catalog_id"]
    everything = api.user.catalog_product_search.get(catalog_id=catalog).data["data"]
    found = api.user.catalog_product_search.get(catalog_id=catalog, q="bowl").data["data"]

    assert len(everything) == 11
    assert {product["review_status"] for product in everything} == {"approved", "rejected", "pending", "outdated"}
    assert 0 < len(found) < 11
    assert all(isinstance(product["product_id"], int) for product in found), "ids of products are JSON numbers"
    assert refused(lambda: api.user.catalog_product_search.get(q="bowl")) == (100, None), "catalog_id is required"


def test_product_appeal(api: Any) -> None:
    catalog = api.user.available_catalogs.get().data["data"][0]["catalog_id"]
    products = api.user.catalog_product_search.get(catalog_id=catalog).data["data"]
    by_status = {product["review_status"]: product["product_id"] for product in products}

    before = api.user.product_appeal.get(by_status["rejected"]).data["data"]
    assert before == [
        {"product_id": by_status["rejected"], "review_status": "rejected", "eligible_for_appeal": True},
    ]
    assert api.user.product_appeal.create("It is a bowl", by_status["rejected"]).data == {"success": True}
    assert api.user.product_appeal.get(by_status["rejected"]).data["data"][0]["review_status"] == "pending"
    assert refused(lambda: api.user.product_appeal.create("Why not", by_status["approved"])) == (100, None)


def test_business_discovery(api: Any) -> None:
    fields = "followers_count,media_count,media.limit(2){id,caption,timestamp}"
    found = api.user.business_discovery.get("@sim_brand_7", fields=fields).data["business_discovery"]

    assert found["followers_count"] > 0
    assert len(found["media"]["data"]) == 2
    assert refused(lambda: api.user.business_discovery.get("nobody_here", fields="id")) == (110, 2207013)


def test_business_discovery_defect_a_list_is_not_joined(api: Any) -> None:
    assert refused(lambda: api.user.business_discovery.get("sim_brand_7", fields=["id", "name"])) == (100, None)


def test_content_publishing_limit(api: Any) -> None:
    plain = api.user.content_publishing_limit.get().data
    whole = api.user.content_publishing_limit.get(fields=list(PublishingLimitFields)).data

    assert plain == {"data": [{"quota_usage": 0}]}
    assert whole == {"data": [{"quota_usage": 0, "config": {"quota_total": 50, "quota_duration": 86400}}]}


def test_insights(api: Any) -> None:
    found = api.user.insights.get([InsightMetrics.REACH], Periods.DAY, since=days_ago(3)).data

    assert [row["name"] for row in found["data"]] == ["reach"]
    assert set(found["paging"]) == {"previous", "next"}
    assert {frozenset(point) for point in found["data"][0]["values"]} == {frozenset({"value", "end_time"})}


def test_insights_defect_only_the_last_metric_of_a_list_arrives(api: Any) -> None:
    both = [InsightMetrics.FOLLOWER_COUNT, InsightMetrics.REACH]
    found = api.user.insights.get(both, Periods.DAY, since=days_ago(3)).data

    assert [row["name"] for row in found["data"]] == ["reach"]


_LIVING = {InsightMetrics.REACH, InsightMetrics.FOLLOWER_COUNT, InsightMetrics.ONLINE_FOLLOWERS}


def test_insights_defect_most_metrics_of_its_list_are_gone(api: Any) -> None:
    for metric in InsightMetrics:
        period = Periods.LIFETIME if metric is InsightMetrics.ONLINE_FOLLOWERS else Periods.DAY
        if metric in _LIVING:
            api.user.insights.get([metric], period)
        else:
            assert refused(partial(api.user.insights.get, [metric], period)) == (100, None)


def test_insights_defect_no_metric_type(api: Any) -> None:
    """Whatever is a total only cannot be asked for without metric_type."""
    assert refused(lambda: api.user.insights.get(["views"], Periods.DAY)) == (100, None)


def test_live_media_defect_the_edge_is_called_live_media(api: Any, world: World, account: Account) -> None:
    world.push("account", account, live_seconds=60)

    assert refused(api.user.live_media.get)[0] == 100
    assert len(world.ask(account.index, f"{account.ig_id}/live_media")["data"]) == 1


def test_media_list(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PystagramGraphApi, "MAX_PAGES", 1)
    first = api.user.media.get(limit=5).data
    second = api.user.media.get(limit=5, after=first["paging"]["cursors"]["after"]).data
    back = api.user.media.get(limit=5, before=second["paging"]["cursors"]["before"]).data

    assert len(first["data"]) == len(second["data"]) == 5
    assert {tuple(row) for row in first["data"]} == {("id",)}, "it cannot ask for fields"
    assert not {row["id"] for row in first["data"]} & {row["id"] for row in second["data"]}
    assert back["data"] == first["data"]


def test_media_list_defect_its_paginator_asks_for_the_same_page_again(
    api: Any, account: Account, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PystagramGraphApi, "MAX_PAGES", 3)  # without a limit it never ends
    every = [row["id"] for row in world.ask(account.index, f"{account.ig_id}/media", limit=12)["data"]]

    found = [row["id"] for row in api.user.media.get(limit=4).data["data"]]

    assert found == every[4:8] * 2, "the second page twice; the first and the last are lost"


def test_stories(api: Any) -> None:
    assert api.user.stories.get().data == {"data": []}


def test_tags(api: Any, world: World, account: Account) -> None:
    tagged = world.push("tag", account, caption="Out and about")["media_id"]

    found = api.user.tags.get(fields=[MediaFields.ID, MediaFields.CAPTION]).data

    assert found["data"][0] == {"id": tagged, "caption": "Out and about"}
    assert set(found["paging"]) == {"cursors"}, "tags have cursors and never a next"


def test_mentioned_comment(api: Any, world: World, account: Account) -> None:
    mention = world.push("mention", account, kind="comment", text="Nice")

    fields = [CommentFields.ID, CommentFields.TEXT, CommentFields.TIMESTAMP]
    found = api.user.mentioned_comment.get(mention["comment_id"], fields=fields).data["mentioned_comment"]

    assert found["id"] == mention["comment_id"]
    assert found["text"] == f"Nice @{account.username}"
    assert refused(lambda: api.user.mentioned_comment.get("17870000000000000", fields=fields)) == (100, 33)


def test_mentioned_media(api: Any, world: World, account: Account) -> None:
    mention = world.push("mention", account, kind="caption")

    fields = [MediaFields.ID, MediaFields.MEDIA_TYPE, MediaFields.USERNAME]
    found = api.user.mentioned_media.get(mention["media_id"], fields=fields).data

    assert found["mentioned_media"]["id"] == mention["media_id"]
    assert found["id"] == account.ig_id


def test_mentions_create(api: Any, world: World, account: Account) -> None:
    mention = world.push("mention", account, kind="comment")

    made = api.user.mentions.create(mention["media_id"], "Thank you!", comment_id=mention["comment_id"]).data

    assert made["id"].isdigit()
    assert refused(lambda: api.user.mentions.create("17910000000000000", "Hello?")) == (100, 33)


def test_recently_searched_hashtags(api: Any) -> None:
    assert api.user.recently_searched_hashtags.get().data == {"data": []}


def test_recently_searched_hashtags_defect_a_cursor_breaks_its_paginator(
    api: Any, world: World, account: Account
) -> None:
    tag = api.hashtag_search.get("#coffee").data["data"][0]["id"]

    with pytest.raises(AttributeError, match="max_pages"):
        api.user.recently_searched_hashtags.get(limit=30)
    assert world.ask(account.index, f"{account.ig_id}/recently_searched_hashtags")["data"] == [{"id": tag}]
