"""Insights: the shapes of graph-api.md §6.4, and that empty is not zero."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from graph.accounts.insights import Breakdown, BreakdownResult, Insight, InsightValue, TotalValue
from graph.accounts.metric_rules import InvalidMetricRequest, UnknownMetric
from graph.answers.errors import ErrorClass, GraphError
from graph.client import GraphClient
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import ScriptedServer

DAY = datetime(2026, 5, 4, 7, tzinfo=UTC)


def test_a_series(facebook: GraphClient, server: ScriptedServer) -> None:
    values = [{"value": 3, "end_time": "2026-05-04T07:00:00+0000"}, {"value": "4", "end_time": None}, {}]
    insight = {"name": "reach", "period": "day", "values": values, "title": "Reach", "id": f"{IG_ID}/insights/reach"}
    server.replies({"data": [insight], "paging": {"previous": "p", "next": "n"}})

    found = facebook.insights.account(["reach"], period="day", since=DAY, until=DAY + timedelta(days=2))

    points = (InsightValue(3, DAY), InsightValue(4), InsightValue(None))
    assert found == (Insight("reach", "day", "Reach", points, extra={"id": f"{IG_ID}/insights/reach"}),)
    assert server.last.path == f"/v25.0/{IG_ID}/insights"
    assert server.last.query == {"metric": "reach", "period": "day", "since": "1777878000", "until": "1778050800"}


def test_a_total_with_breakdown(instagram: GraphClient, server: ScriptedServer) -> None:
    total = {
        "value": 224,
        "breakdowns": [
            {
                "dimension_keys": ["media_product_type", "follow_type"],
                "results": [
                    {"dimension_values": ["POST", "FOLLOWER"], "value": 124},
                    {"dimension_values": ["REEL", "NON_FOLLOWER"]},
                ],
            }
        ],
    }
    server.replies({"data": [{"name": "reach", "period": "day", "total_value": total}]})

    (insight,) = instagram.insights.account(
        ["reach"], period="day", metric_type="total_value", breakdown=["media_product_type", "follow_type"]
    )

    results = (BreakdownResult(("POST", "FOLLOWER"), 124), BreakdownResult(("REEL", "NON_FOLLOWER"), None))
    assert insight.total == TotalValue(224, (Breakdown(("media_product_type", "follow_type"), results),))
    assert insight.values == ()
    assert server.last.query["metric_type"] == "total_value"
    assert server.last.query["breakdown"] == "media_product_type,follow_type"


def test_demographics_come_without_a_total(facebook: GraphClient, server: ScriptedServer) -> None:
    breakdown = {"dimension_keys": ["age", "gender"], "results": [{"dimension_values": ["25-34", "F"], "value": 9}]}
    server.replies({"data": [{"name": "follower_demographics", "total_value": {"breakdowns": [breakdown]}}]})

    (insight,) = facebook.insights.account(
        ["follower_demographics"],
        period="lifetime",
        metric_type="total_value",
        breakdown="age,gender",
        timeframe="this_month",
    )

    assert insight.total is not None
    assert insight.total.value is None
    assert insight.total.breakdowns[0].results == (BreakdownResult(("25-34", "F"), 9),)
    assert server.last.query["timeframe"] == "this_month"


def test_online_followers_map_hours_to_counts(facebook: GraphClient, server: ScriptedServer) -> None:
    values = [{"value": {"0": 12, "1": "13", "2": None}, "end_time": "2026-05-04T07:00:00+0000"}, {"value": {}}]
    server.replies({"data": [{"name": "online_followers", "period": "lifetime", "values": values}]})

    (insight,) = facebook.insights.account(["online_followers"], period="lifetime")

    assert insight.values == (InsightValue({"0": 12, "1": 13}, DAY), InsightValue({}))


def test_a_story_has_both_a_value_and_a_total(facebook: GraphClient, server: ScriptedServer) -> None:
    breakdown = {
        "dimension_keys": ["story_navigation_action_type"],
        "results": [{"dimension_values": ["tap_forward"], "value": 19}],
    }
    insight = {"name": "navigation", "period": "lifetime", "values": [{"value": 25}]}
    server.replies({"data": [insight | {"total_value": {"value": 25, "breakdowns": [breakdown]}}]})

    (found,) = facebook.insights.media("1796", ["navigation"], breakdown="story_navigation_action_type")

    assert found.values == (InsightValue(25),)
    assert found.total is not None
    assert found.total.value == 25
    assert server.last.path == "/v25.0/1796/insights"
    assert server.last.query == {"metric": "navigation", "breakdown": "story_navigation_action_type"}


def test_empty_data_is_nothing_known(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": []})

    assert facebook.insights.media("1", ["reach"]) == ()


@pytest.mark.parametrize(
    "answer",
    [{}, {"data": None}, [], {"data": 5}, {"data": {"data": []}}],
)
def test_an_unreadable_answer(facebook: GraphClient, server: ScriptedServer, answer: object) -> None:
    server.replies(answer)

    with pytest.raises(GraphError, match="unreadable answer") as caught:
        facebook.insights.media("1", ["reach"])

    assert caught.value.error_class is ErrorClass.TRANSIENT


POINT: dict[str, object] = {"value": 3, "end_time": "2026-05-04T07:00:00+0000"}
REACH: dict[str, object] = {"name": "reach", "period": "day", "values": [POINT]}
GOOD = {"dimension_values": ["POST"], "value": 1}


def _broken_down(keys: object, *results: object) -> dict[str, object]:
    breakdown = {"dimension_keys": keys, "results": list(results)}
    return {"name": "views", "period": "day", "total_value": {"value": 9, "breakdowns": [breakdown]}}


@pytest.mark.parametrize(
    "bad",
    [
        None,
        5,
        {"values": []},
        {"name": [], "values": [{"value": 1}]},
        {"name": "views", "period": "day", "values": [{"value": 1}], "total_value": {"value": ""}},
    ],
)
def test_one_metric_that_cannot_be_read_costs_no_other(
    facebook: GraphClient, server: ScriptedServer, bad: object
) -> None:
    server.replies({"data": [bad, REACH]})

    found = facebook.insights.account(["reach", "views"], period="day", metric_type="total_value")

    assert found[-1].values == (InsightValue(3, DAY),)
    assert all(one.total is None or one.total.value is None for one in found)


@pytest.mark.parametrize(
    "bad",
    [
        {"dimension_values": [None], "value": 2},
        {"dimension_values": [], "value": 2},
        {"dimension_values": ["REELS", "FOLLOWER"], "value": 2},
        {"value": 2},
        None,
    ],
    ids=["null", "too few", "too many", "none", "no object"],
)
def test_a_part_without_a_name_of_its_own_is_left_out(
    facebook: GraphClient, server: ScriptedServer, bad: object
) -> None:
    server.replies({"data": [_broken_down(["media_product_type"], bad, GOOD)]})

    (found,) = facebook.insights.account(["views"], period="day", metric_type="total_value")

    assert found.total is not None
    assert found.total.value == 9
    assert [one.results for one in found.total.breakdowns] == [(BreakdownResult(("POST",), 1),)]


@pytest.mark.parametrize(
    "bad",
    [
        _broken_down(["age", "age"], {"dimension_values": ["18-24", "25-34"], "value": 1}),
        _broken_down([], GOOD),
        _broken_down(["media_product_type"], GOOD, {"dimension_values": ["POST"], "value": 2}),
    ],
    ids=["one key twice", "no keys", "one value twice"],
)
def test_what_could_be_the_value_of_two_names_is_of_none(
    facebook: GraphClient, server: ScriptedServer, bad: object
) -> None:
    server.replies({"data": [bad, REACH]})

    views, reach = facebook.insights.account(["views", "reach"], period="day", metric_type="total_value")

    assert reach.values
    assert views.total is not None
    assert views.total.value == 9
    assert [one.results for one in views.total.breakdowns] in ([], [()])


def test_two_values_of_one_day_are_none(facebook: GraphClient, server: ScriptedServer) -> None:
    series = [
        POINT,
        {**POINT, "value": 4},
        {**POINT, "end_time": "2026-05-05T07:00:00+0000"},
        {"value": 1, "end_time": "x"},
    ]
    server.replies({"data": [{**REACH, "values": series}]}, {"data": [REACH, {**REACH, "values": [{"value": 4}]}]})

    (found,) = facebook.insights.account(["reach"], period="day")
    twice = facebook.insights.account(["reach"], period="day")

    assert found.values == (InsightValue(3, DAY + timedelta(days=1)),)
    assert twice == ()


def test_a_name_that_an_object_holds_twice_has_no_value(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies(b'{"data":[{"name":"reach","period":"day","values":[{"value":1,"value":2},{"value":3}]}]}')

    (found,) = facebook.insights.account(["reach"], period="day")

    assert found.values == (InsightValue(None), InsightValue(3))


def test_a_wrong_request_never_reaches_instagram(facebook: GraphClient, server: ScriptedServer) -> None:
    with pytest.raises(UnknownMetric):
        facebook.insights.media("1", ["plays"])
    with pytest.raises(InvalidMetricRequest):
        facebook.insights.account(["views"], period="day")
    with pytest.raises(InvalidMetricRequest, match="navigation exists for STORY, not for FEED"):
        facebook.insights.media("1", ["navigation"], product_type="FEED")
    with pytest.raises(UnknownMetric):
        facebook.media.page(insight_metrics=["plays"])
    with pytest.raises(InvalidMetricRequest, match="saved exists for FEED and REELS, not for STORY"):
        facebook.stories.page(insight_metrics=["saved"])

    assert server.received == []


def test_a_metric_newer_than_us_can_be_asked_for(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [{"name": "sends", "period": "lifetime", "values": [{"value": 1}], "unit": "people"}]})

    (insight,) = facebook.insights.media("1", ["sends"], allow_unknown=True)

    assert (insight.name, insight.extra) == ("sends", {"unit": "people"})
    server.replies({"data": []})
    facebook.media.page(insight_metrics=["sends"], allow_unknown=True)
    assert "insights.metric(sends)" in server.last.query["fields"]
