"""Insights of media: the metrics of each kind, growth, breakdowns, and where there are none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.simulator.client import INSTAGRAM, Sim, ig_id

DAY = 86_400

FEED = "reach,views,shares,total_interactions,reposts,likes,comments,saved,follows,profile_visits,profile_activity"
REELS = (
    "reach,views,shares,total_interactions,reposts,likes,comments,saved,ig_reels_avg_watch_time,"
    "ig_reels_video_view_total_time,reels_skip_rate"
)
STORY = "reach,views,shares,total_interactions,reposts,follows,profile_visits,profile_activity,replies,navigation"
KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "feed": ({"image_url": "http://media.invalid/a.jpg"}, FEED),
    "reel": ({"media_type": "REELS", "video_url": "http://media.invalid/a.mp4"}, REELS),
    "story": ({"media_type": "STORIES", "image_url": "http://media.invalid/a.jpg"}, STORY),
}


@pytest.mark.parametrize("account", [0, INSTAGRAM])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_media_has_its_metrics(sim: Sim, kind: str, account: int) -> None:
    params, metrics = KINDS[kind]
    media = sim.publish(account, **params)
    sim.advance(12 * 3600)

    rows = sim.get(f"/{media}/insights", as_account=account, metric=metrics)["data"]
    expanded = sim.get(f"/{media}", as_account=account, fields=f"id,insights.metric({metrics})")["insights"]["data"]

    assert [row["name"] for row in rows] == metrics.split(",")
    assert expanded == rows
    assert rows[0]["id"] == f"{media}/insights/reach/lifetime"
    assert rows[0]["values"][0]["value"] > 0
    wrong = "navigation" if kind != "story" else "likes"
    assert sim.refused("GET", f"/{media}/insights", as_account=account, metric=f"reach,{wrong}") == (100, None)


def test_media_values_grow_and_settle(sim: Sim) -> None:
    media = sim.publish()
    seen = []
    for _ in range(6):
        sim.advance(8 * 3600)
        seen.append(sim.get(f"/{media}/insights", metric="reach")["data"][0]["values"][0]["value"])

    assert seen[0] < seen[-1]
    assert seen == sorted(seen) or len(set(seen)) > 3
    sim.advance(30 * DAY)
    late = sim.get(f"/{media}/insights", metric="reach,views,likes")["data"]
    sim.advance(5 * DAY)
    assert sim.get(f"/{media}/insights", metric="reach,views,likes")["data"] == late


@pytest.mark.parametrize(
    ("kind", "metric", "breakdown"),
    [("feed", "profile_activity", "action_type"), ("story", "navigation", "story_navigation_action_type")],
)
def test_media_breakdowns_add_up(sim: Sim, kind: str, metric: str, breakdown: str) -> None:
    media = sim.publish(**KINDS[kind][0])
    sim.advance(12 * 3600)

    (row,) = sim.get(f"/{media}/insights", metric=metric, breakdown=breakdown)["data"]

    results = row["total_value"]["breakdowns"][0]["results"]
    assert sum(result["value"] for result in results) == row["total_value"]["value"] == row["values"][0]["value"]
    assert all(result["dimension_values"][0].islower() for result in results)
    assert sim.refused("GET", f"/{media}/insights", status=500, metric="reach", breakdown=breakdown) == (1, None)


def test_a_young_story_has_not_enough_viewers(sim: Sim) -> None:
    story = sim.publish(**KINDS["story"][0])

    assert sim.refused("GET", f"/{story}/insights", status=400, metric="reach") == (10, None)


@pytest.mark.parametrize("reading", ["empty", "error"])
def test_story_metrics_vanish_with_the_story(simulate: Callable[..., Sim], reading: str) -> None:
    sim = simulate(readings={"expired_story": reading})
    story = sim.publish(**KINDS["story"][0])
    sim.advance(23 * 3600)
    assert sim.get(f"/{story}/insights", metric="reach")["data"]
    sim.advance(3600)

    if reading == "empty":
        assert sim.get(f"/{story}/insights", metric="reach") == {"data": []}
    else:
        assert sim.refused("GET", f"/{story}/insights", metric="reach") == (100, 33)


def test_facebook_metrics_throw_where_there_is_no_facebook(sim: Sim) -> None:
    shared, alone, own = sim.publish(0), sim.publish(2), sim.publish(INSTAGRAM)

    assert sim.get(f"/{shared}/insights", metric="facebook_views,total_views,total_likes")["data"]
    assert sim.refused("GET", f"/{alone}/insights", as_account=2, metric="facebook_views") == (100, None)
    assert sim.refused("GET", f"/{own}/insights", as_account=INSTAGRAM, metric="total_likes") == (100, None)


def test_children_of_a_carousel_have_no_insights(sim: Sim) -> None:
    children = [sim.finished(image_url=f"http://media.invalid/{n}.jpg", is_carousel_item=True) for n in range(2)]
    media = sim.publish(media_type="CAROUSEL", children=children)
    child = sim.get(f"/{media}/children")["data"][0]["id"]

    assert sim.get(f"/{media}/insights", metric="reach")["data"]
    assert sim.refused("GET", f"/{child}/insights", metric="reach") == (100, 33)


def test_media_of_before_the_conversion_have_no_insights(sim: Sim) -> None:
    oldest = sim.get(f"/{ig_id(2)}/media", as_account=2, limit=100)["data"][-1]["id"]

    assert sim.refused("GET", f"/{oldest}/insights", as_account=2, metric="reach") == (100, 2108006)


def test_the_insights_scope_is_needed(sim: Sim) -> None:
    sim.control("POST", "account", account=0, without_scopes=["instagram_manage_insights"])
    media = sim.publish()

    assert sim.refused("GET", f"/{ig_id(0)}/insights", metric="reach", period="day", status=403) == (10, None)
    assert sim.refused("GET", f"/{media}", fields="insights.metric(reach)", status=403) == (10, None)


def test_the_fields_of_an_insight_can_be_chosen(sim: Sim) -> None:
    media = sim.publish()
    (whole,) = sim.get(f"/{media}/insights", metric="reach")["data"]
    chosen = {name: whole[name] for name in ("name", "values", "id")}

    nested = sim.get(f"/{ig_id(0)}/media", fields="insights.metric(reach){name,values}", limit=1)

    assert sim.get(f"/{media}/insights", metric="reach", fields="name,values")["data"] == [chosen]
    assert nested["data"][0]["insights"]["data"] == [chosen]
    assert sim.refused("GET", f"/{media}", fields="insights.metric(reach){nothing}") == (100, None)
