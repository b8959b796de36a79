"""Hashtags, business discovery and the shop: what only Facebook Login can do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulator.client import INSTAGRAM, Sim, ig_id


def _search(sim: Sim, word: str) -> str:
    return str(sim.get("/ig_hashtag_search", user_id=ig_id(0), q=word)["data"][0]["id"])


def test_hashtag_ids_are_static_and_global(sim: Sim) -> None:
    assert _search(sim, "coffee") == _search(sim, "Coffee") != _search(sim, "tea")
    other = sim.get("/ig_hashtag_search", as_account=2, user_id=ig_id(2), q="coffee")["data"][0]["id"]
    assert other == _search(sim, "coffee")
    assert sim.get(f"/{other}", fields="id,name") == {"id": other, "name": "coffee"}


def test_thirty_unique_hashtags_in_seven_days(sim: Sim) -> None:
    for number in range(30):
        _search(sim, f"tag{number}")

    assert sim.refused("GET", "/ig_hashtag_search", user_id=ig_id(0), q="one_more") == (613, None)
    assert _search(sim, "tag3"), "a repeat within the window is free"
    assert len(sim.get(f"/{ig_id(0)}/recently_searched_hashtags", limit=30)["data"]) == 30
    first = sim.get(f"/{ig_id(0)}/recently_searched_hashtags")
    assert len(first["data"]) == 25
    assert "next" in first["paging"]
    sim.advance(7 * 86_400 + 1)
    assert _search(sim, "one_more")
    assert len(sim.get(f"/{ig_id(0)}/recently_searched_hashtags")["data"]) == 1


@pytest.mark.parametrize("params", [{"q": "coffee"}, {"user_id": ig_id(0)}, {"user_id": ig_id(0), "q": "☕"}])
def test_a_search_needs_user_and_word(sim: Sim, params: dict[str, Any]) -> None:
    assert sim.refused("GET", "/ig_hashtag_search", **params) == (100, None)


def test_media_below_a_hashtag(sim: Sim) -> None:
    hashtag = _search(sim, "coffee")
    fields = "id,caption,comments_count,like_count,media_type,media_url,permalink,timestamp"

    for edge in ("recent_media", "top_media"):
        found = sim.get(f"/{hashtag}/{edge}", user_id=ig_id(0), fields=fields, limit=100)
        assert len(found["data"]) == 50
        assert set(found["paging"]["cursors"]) == {"after"}
        after = found["paging"]["cursors"]["after"]
        rest = sim.get(f"/{hashtag}/{edge}", user_id=ig_id(0), after=after, limit=50)["data"]
        assert not {row["id"] for row in rest} & {row["id"] for row in found["data"]}
        assert sim.refused("GET", f"/{found['data'][0]['id']}") == (100, 33)
    assert sim.refused("GET", f"/{hashtag}/recent_media") == (100, None)
    assert sim.refused("GET", f"/{hashtag}/recent_media", user_id=ig_id(0), fields="username") == (100, None)
    assert sim.refused("GET", f"/{hashtag}/recent_media", user_id=ig_id(2)) == (100, 33)


def test_business_discovery_shows_public_numbers(sim: Sim) -> None:
    inner = "id,username,followers_count,follows_count,media_count,biography,website,name,profile_picture_url"
    media = "media.limit(25){id,caption,like_count,comments_count,view_count,timestamp,permalink,media_type}"

    answer = sim.get(f"/{ig_id(0)}", fields=f"business_discovery.username(sim_brand_7){{{inner},{media}}}")
    found = answer["business_discovery"]

    assert answer["id"] == ig_id(0)
    assert set(found) == {*inner.split(","), "media"}
    assert len(found["media"]["data"]) == 25
    assert set(found["media"]["paging"]) == {"cursors"}
    assert all(("view_count" in row) == (row["media_type"] == "VIDEO") for row in found["media"]["data"])
    cursor = found["media"]["paging"]["cursors"]["after"]
    fields = f"business_discovery.username(sim_brand_7){{media.after({cursor}).limit(100){{id}}}}"
    rest = sim.get(f"/{ig_id(0)}", fields=fields)["business_discovery"]["media"]["data"]
    assert len(rest) + 25 == found["media_count"]
    assert sim.refused("GET", f"/{rest[0]['id']}") == (100, 33)


def test_accounts_under_test_are_discoverable_too(sim: Sim) -> None:
    username = sim.control("GET", "accounts")[1]["username"]

    found = sim.get(f"/{ig_id(0)}", fields=f"business_discovery.username({username}){{media_count,media{{caption}}}}")

    assert found["business_discovery"]["id"] == ig_id(1)
    assert len(found["business_discovery"]["media"]["data"]) == 12


def test_an_unknown_or_private_username_is_not_found(sim: Sim) -> None:
    fields = "business_discovery.username(nobody_at_all){id}"

    assert sim.refused("GET", f"/{ig_id(0)}", fields=fields) == (110, 2207013)
    assert sim.refused("GET", f"/{ig_id(0)}", fields="business_discovery{id}") == (100, None)


def test_the_shop(sim: Sim) -> None:
    (catalog,) = sim.get(f"/{ig_id(0)}/available_catalogs")["data"]
    assert catalog["product_count"] == 11
    path = f"/{ig_id(0)}/catalog_product_search"
    products = sim.get(path, catalog_id=catalog["catalog_id"], limit=100)["data"]
    assert len(products) == 11
    assert all(isinstance(product["product_id"], int) for product in products)
    mugs = sim.get(path, catalog_id=catalog["catalog_id"], q="mug", fields="product_id,product_name")["data"]
    assert {product["product_name"].split()[0] for product in mugs} == {"Mug"}
    assert sim.refused("GET", path) == (100, None)
    assert sim.refused("GET", path, catalog_id="1") == (100, None)

    rejected = next(product["product_id"] for product in products if product["review_status"] == "rejected")
    appeal = f"/{ig_id(0)}/product_appeal"
    assert sim.get(appeal, product_id=rejected)["data"][0]["eligible_for_appeal"] is True
    assert sim.post(appeal, product_id=rejected, appeal_reason="It is a mug") == {"success": True}
    assert sim.get(appeal, product_id=rejected)["data"][0]["review_status"] == "pending"
    assert sim.refused("POST", appeal, product_id=rejected, appeal_reason="again") == (100, None)
    assert sim.refused("GET", appeal, product_id=1) == (100, None)


def test_product_tags_of_a_media(sim: Sim) -> None:
    tags = [{"product_id": 3231775643510000, "x": 0.25, "y": 0.75}]
    media = sim.publish(image_url="http://media.invalid/a.jpg", product_tags=tags)

    (tag,) = sim.get(f"/{media}/product_tags")["data"]

    assert (tag["product_id"], tag["x"], tag["y"]) == (3231775643510000, 0.25, 0.75)
    assert sim.get(f"/{media}", fields="product_tags")["product_tags"]["data"] == [tag]


@pytest.mark.parametrize("edge", ["available_catalogs", "product_appeal", "recently_searched_hashtags"])
def test_instagram_login_has_none_of_it(sim: Sim, edge: str) -> None:
    me = f"/{ig_id(1)}"

    assert sim.refused("GET", f"{me}/{edge}", as_account=INSTAGRAM) == (100, 33)
    assert sim.refused("GET", "/ig_hashtag_search", as_account=INSTAGRAM, user_id=ig_id(1), q="x") == (100, 33)
    discovery = "business_discovery.username(sim_brand_1){id}"
    assert sim.refused("GET", me, as_account=INSTAGRAM, fields=discovery) == (100, None)
    mentioned = "mentioned_media.media_id(1){id}"
    assert sim.refused("GET", me, as_account=INSTAGRAM, fields=mentioned) == (100, None)
    assert sim.refused("GET", "/ig_audio", as_account=INSTAGRAM) == (100, 33)


def test_scopes_and_features_are_needed(sim: Sim) -> None:
    lost = ["instagram_public_content_access", "catalog_management"]
    sim.control("POST", "account", account=0, without_scopes=lost)

    assert sim.refused("GET", "/ig_hashtag_search", status=403, user_id=ig_id(0), q="x") == (10, None)
    assert sim.refused("GET", f"/{ig_id(0)}/available_catalogs", status=403) == (10, None)
    assert sim.get("/ig_audio") == {"data": []}


@pytest.mark.parametrize("shape", ["audio", "data"])
def test_audio_has_the_shape_that_is_chosen(sim: Sim, shape: str) -> None:
    assert sim.get("/ig_audio", audio_type="music", user_id=ig_id(0)) == {"data": []}
    sim.control("POST", "readings", ig_audio=shape)

    trending = sim.get("/ig_audio", audio_type="music", user_id=ig_id(0))[shape]
    found = sim.get("/ig_audio", audio_type="original_sound", user_id=ig_id(0), search_query="night")[shape]

    assert len(trending) == 6
    assert [one["title"] for one in found] == ["Night Drive"]
    assert set(found[0]) == {"audio_id", "audio_type", "title", "display_artist", "duration_in_ms"}
    assert found[0]["audio_id"] not in {one["audio_id"] for one in trending}
    assert sim.refused("GET", "/ig_audio", audio_type="noise") == (100, None)
    assert sim.report()["unknown_params"] == {}
