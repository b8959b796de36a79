"""Lists and cursors: nothing is lost, nothing comes twice, the end is the absence of `next`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.unit.simulator.client import INSTAGRAM, Sim, ig_id


def _walk(sim: Sim, first: str) -> list[list[str]]:
    """All pages, by following `next`."""
    pages, url = [], first
    while url:
        answer = sim.http.get(url, headers={"authorization": "Bearer SIM-TOKEN-0"}).json()
        pages.append([row["id"] for row in answer["data"]])
        url = answer.get("paging", {}).get("next", "")
    return pages


@pytest.mark.parametrize("limit", [1, 5, 6, 12, 100])
def test_following_next_visits_every_media_once_newest_first(sim: Sim, limit: int) -> None:
    everything = sim.get(f"/{ig_id(0)}/media", limit=100, fields="timestamp")["data"]

    pages = _walk(sim, f"/v25.0/{ig_id(0)}/media?limit={limit}")

    assert [row for page in pages for row in page] == [row["id"] for row in everything]
    assert len(everything) == 12
    assert [row["timestamp"] for row in everything] == sorted((row["timestamp"] for row in everything), reverse=True)


def test_a_short_page_is_not_the_end(sim: Sim) -> None:
    sim.control("POST", "readings", pages="short")

    pages = _walk(sim, f"/v25.0/{ig_id(0)}/media?limit=10")

    assert [len(page) for page in pages] == [5, 5, 2]


def test_cursors_lead_forth_and_back(sim: Sim) -> None:
    path = f"/{ig_id(0)}/media"
    first = sim.get(path, limit=5)
    second = sim.get(path, limit=5, after=first["paging"]["cursors"]["after"])
    back = sim.get(path, limit=5, before=second["paging"]["cursors"]["before"])

    assert "previous" not in first["paging"]
    assert "next" in second["paging"]
    assert back["data"] == first["data"]
    assert parse_qs(urlsplit(second["paging"]["previous"]).query)["before"] == [second["paging"]["cursors"]["before"]]


def test_a_cursor_outlives_the_media_it_points_at(sim: Sim) -> None:
    path = f"/{ig_id(0)}/media"
    before = [row["id"] for row in sim.get(path, limit=100)["data"]]
    cursor = sim.get(path, limit=3)["paging"]["cursors"]["after"]
    sim.call("DELETE", f"/{before[2]}")
    newest = sim.publish()

    after = [row["id"] for row in sim.get(path, limit=100, after=cursor)["data"]]

    assert after == before[3:]
    assert newest not in after


def test_since_and_until_cut_the_list(sim: Sim) -> None:
    rows = sim.get(f"/{ig_id(0)}/media", fields="timestamp", limit=100)["data"]
    middle = rows[5]["timestamp"]

    newer = sim.get(f"/{ig_id(0)}/media", since=middle, limit=100)["data"]
    older = sim.get(f"/{ig_id(0)}/media", until=middle, limit=100)["data"]

    assert [row["id"] for row in newer] == [row["id"] for row in rows[:6]]
    assert [row["id"] for row in older] == [row["id"] for row in rows[6:]]


def test_bad_paging_params_are_refused(sim: Sim) -> None:
    for params in ({"limit": "many"}, {"limit": 0}, {"after": "nonsense"}, {"since": "yesterday-ish"}):
        assert sim.refused("GET", f"/{ig_id(0)}/media", **params) == (100, None)


def test_a_list_inside_an_expression_pages_as_well(sim: Sim) -> None:
    found = sim.get(f"/{ig_id(0)}", fields="username,media.limit(2){id,timestamp}")["media"]
    cursor = found["paging"]["cursors"]["after"]
    rest = sim.get(f"/{ig_id(0)}", fields=f"media.limit(100).after({cursor})")["media"]

    everything = [row["id"] for row in sim.get(f"/{ig_id(0)}/media", limit=100)["data"]]
    assert [row["id"] for row in found["data"] + rest["data"]] == everything
    assert _walk(sim, found["paging"]["next"])[0] == everything[2:4]


def test_tags_have_cursors_but_no_next(sim: Sim) -> None:
    sim.control("POST", "tag", account=0, caption="Together at last")

    found = sim.get(f"/{ig_id(0)}/tags", fields="id,caption,username,timestamp,media_type", limit=1)

    assert found["data"][0]["caption"] == "Together at last"
    assert set(found["paging"]) == {"cursors"}
    rest = sim.get(f"/{ig_id(0)}/tags", after=found["paging"]["cursors"]["after"])["data"]
    assert len(rest) == 2


def test_a_media_of_others_is_not_readable_by_its_id(sim: Sim) -> None:
    tagged = sim.get(f"/{ig_id(0)}/tags")["data"][0]["id"]

    assert sim.refused("GET", f"/{tagged}") == (100, 33)


def test_live_media_only_while_broadcasting(sim: Sim) -> None:
    path = f"/{ig_id(0)}/live_media"
    assert sim.get(path) == {"data": []}
    sim.control("POST", "account", account=0, live_seconds=600)

    (row,) = sim.get(path, fields="id,media_type,media_product_type,current_live_viewer_count")["data"]

    assert (row["media_type"], row["media_product_type"]) == ("BROADCAST", "LIVE")
    sim.advance(601)
    assert sim.get(path) == {"data": []}


def test_all_media_fields_can_be_read(sim: Sim) -> None:
    fields = (
        "id,media_type,media_product_type,timestamp,username,shortcode,permalink,media_url,thumbnail_url,owner,"
        "alt_text,like_count,comments_count,is_comment_enabled,is_shared_to_feed,current_live_viewer_count,caption,"
        "is_ai_generated,media_audio_type,children,comments,ig_id,legacy_instagram_media_id,boost_eligibility_info,"
        "boost_ads_list,copyright_check_information,reposts_count,saved_count,shares_count,total_like_count,"
        "total_comments_count,total_views_count,collaborators,product_tags"
    )
    media = sim.publish(
        media_type="REELS", video_url="http://media.invalid/v.mp4", share_to_feed=True, collaborators="friend,other"
    )

    shown = sim.get(f"/{media}", fields=fields)

    assert shown["owner"] == {"id": ig_id(0)}
    assert shown["is_shared_to_feed"] is True
    assert [row["username"] for row in shown["collaborators"]["data"]] == ["friend", "other"]
    assert sim.get(f"/{media}/collaborators")["data"] == shown["collaborators"]["data"]
    assert {"alt_text", "children", "current_live_viewer_count"}.isdisjoint(shown), "what has no value is left out"
    own = sim.publish(INSTAGRAM)
    assert sim.refused("GET", f"/{own}", as_account=INSTAGRAM, fields="saved_count") == (100, None)


def test_comments_can_be_switched_off(sim: Sim) -> None:
    media = sim.publish()

    assert sim.post(f"/{media}", comment_enabled=False) == {"success": True}

    assert sim.get(f"/{media}", fields="is_comment_enabled")["is_comment_enabled"] is False
    assert sim.refused("POST", f"/{media}/comments", message="hi") == (100, None)


def test_a_child_of_a_carousel_cannot_be_deleted(sim: Sim) -> None:
    children = [sim.finished(image_url=f"http://media.invalid/{n}.jpg", is_carousel_item=True) for n in range(2)]
    media = sim.publish(media_type="CAROUSEL", children=children)
    child = sim.get(f"/{media}/children")["data"][0]["id"]

    assert sim.refused("DELETE", f"/{child}") == (-1, 2207073)
    assert sim.refused("DELETE", f"/{sim.publish(1)}", as_account=1) == (100, 33)


def test_pictures_of_seeded_media_can_be_fetched(sim: Sim) -> None:
    row = sim.get(f"/{ig_id(0)}/media", fields="media_url", limit=1)["data"][0]

    answer = sim.http.get(row["media_url"])

    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8")


@pytest.mark.parametrize("account", [0, INSTAGRAM])
def test_tags_can_be_chosen_by_kind_and_time(sim: Sim, account: int) -> None:
    path = f"/{ig_id(account)}/tags"
    older = sim.get(path, as_account=account, fields="timestamp")["data"]
    sim.control("POST", "tag", account=account)
    edge = older[0]["timestamp"].replace("+0000", "+00:00")

    def found(**filters: str) -> list[str]:
        return [media["id"] for media in sim.get(path, as_account=account, **filters)["data"]]

    assert found(media_type="VIDEO") == []
    assert len(found(media_type="IMAGE")) == 3
    assert found(posted_before=edge) == [older[1]["id"]]
    assert len(found(posted_after=older[0]["timestamp"].replace("+0000", "Z"))) >= 1
    assert set(found(posted_before=edge)).isdisjoint(found(posted_after=edge))
    assert sim.report()["unknown_params"] == {}


def test_what_was_posted_before_is_listed_with_the_numbers_that_it_had(simulate: Callable[..., Sim]) -> None:
    sim = simulate(speed=0.0001)
    now = sim.control("GET", "clock")["seconds"]
    told = [
        {"media_type": "IMAGE", "product_type": "FEED", "caption": "Rye", "at": now - 5 * 86_400},
        {"media_type": "CAROUSEL_ALBUM", "product_type": "FEED", "caption": "Shapes", "at": now - 7200, "children": 3},
    ]

    old, young = sim.control("POST", "past", account=0, media=told, ages_h=[1, 24, 120])["media"]

    listed = {one["id"]: one for one in sim.get(f"/{ig_id(0)}/media", fields="id,caption,permalink,children")["data"]}
    assert (listed[old["id"]]["caption"], listed[old["id"]]["permalink"]) == ("Rye", old["permalink"])
    assert len(listed[young["id"]]["children"]["data"]) == 3
    assert [[one["age_h"] for one in media["numbers"]] for media in (old, young)] == [[1, 24, 120], [1]]
    (insight,) = sim.get(f"/{old['id']}/insights", metric="views")["data"]
    assert insight["values"][0]["value"] == old["numbers"][-1]["views"] >= old["numbers"][0]["views"] > 0


@pytest.mark.parametrize(
    "told",
    [
        {"media_type": "IMAGE", "product_type": "REELS", "at": 1},
        {"media_type": "IMAGE", "product_type": "FEED", "at": 9_000_000_000},
        {"media_type": "IMAGE", "product_type": "FEED", "at": "soon"},
        {"media_type": "IMAGE", "product_type": "FEED", "at": 1, "children": 11},
        "a picture",
    ],
)
def test_what_cannot_have_been_posted_is_refused(sim: Sim, told: Any) -> None:
    assert sim.http.post("/_sim/past", json={"account": 0, "media": [told]}).status_code == 400
