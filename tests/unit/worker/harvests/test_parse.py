"""Graph answers as recorded (graph-api.md §6.4) → rows of the history."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from graph.accounts.insights import Insight, InsightValue, TotalValue, read_insights
from graph.accounts.media import Media
from graph.accounts.users import Profile
from graph.answers.aside import Aside, listening
from graph.wire.endpoints import Endpoint
from models.history.insight import MOMENT, NO_PERIOD, Observation
from worker.harvests.answers.parse import (
    audiences,
    hourly,
    listed_counts,
    media_numbers,
    observations,
    parts_only,
    profile_observations,
    seen_media,
    seen_tag,
)

_TIME = "ig_reels_avg_watch_time"
WINDOW_END = datetime(2026, 5, 5, 7, tzinfo=UTC)
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_an_answer_becomes_these_rows(file: Path) -> None:
    sample = json.loads(file.read_text())
    insights = read_insights(sample["answer"], Endpoint.ACCOUNT_INSIGHTS)
    rows: list[Any]

    match sample["what"]:
        case "account":
            points = observations(insights, period_end=WINDOW_END)  # as a total is asked for
            rows = [[p.metric, p.period, p.breakdown, p.period_end.isoformat(), p.value] for p in points]
        case "hours":
            points = hourly(insights)
            rows = [[p.metric, p.period, p.breakdown, p.period_end.isoformat(), p.value] for p in points]
        case "media":
            rows = list(media_numbers(insights))
        case _:
            found = audiences(insights, timeframe="this_week")
            rows = [[one.metric, one.timeframe, one.breakdown, dict(one.counts)] for one in found]

    assert rows == sample["expected"]


@pytest.mark.parametrize(
    ("read", "insight"),
    [
        (hourly, Insight("online_followers", "lifetime", values=(InsightValue({"0": 7}),))),
        (hourly, Insight("online_followers", "lifetime", total=TotalValue(7))),
        (observations, Insight("reach", "day", values=(InsightValue(7),))),
        (observations, Insight("reach", "day", total=TotalValue(7))),
        (observations, Insight("reach", "day", values=(InsightValue({"POST": 7}, WINDOW_END),))),
        (partial(observations, period_end=WINDOW_END), Insight("reach", values=(InsightValue({"POST": 7}),))),
        (partial(audiences, timeframe="this_week"), Insight("follower_demographics", values=(InsightValue({"M": 7}),))),
    ],
)
def test_of_what_time_or_part_it_is_nobody_makes_up(read: Callable[..., list[Any]], insight: Insight) -> None:
    heard: list[Aside] = []
    with listening(heard.append):
        assert read([insight]) == []
        assert (
            read([Insight(insight.name, values=(InsightValue(None), InsightValue({})), total=TotalValue(None))]) == []
        )

    assert [one.where for one in heard] == [f"{insight.name}.values"]


def test_the_parts_of_a_breakdown_come_without_the_whole() -> None:
    whole, part = (Observation("reach", "day", name, WINDOW_END, 5) for name in ("", "media_product_type=POST"))

    assert parts_only([whole, part]) == [part]


def test_a_count_that_the_profile_does_not_give_is_unknown() -> None:
    profile = Profile("1", followers_count=0, media_count=12)

    assert profile_observations(profile) == [
        Observation("followers_count", MOMENT, "", NO_PERIOD, 0),
        Observation("media_count", MOMENT, "", NO_PERIOD, 12),
    ]


@pytest.mark.parametrize(
    ("value", "kept", "extra"),
    [(3456, 3456, {}), (3456.4, 3456, {}), (3456.5001, 3457, {}), (0.0, 0, {}), (1e300, None, {_TIME: 1e300})],
)
def test_a_watch_time_that_is_no_whole_number_lands_in_its_column(
    value: float, kept: int | None, extra: object
) -> None:
    insights = [Insight(_TIME, "lifetime", values=(InsightValue(value),))]

    metrics, other = media_numbers(insights)

    assert (metrics.get("avg_watch_time_ms"), other) == (kept, extra)


def test_a_count_that_is_none_stays_as_it_came() -> None:
    insights = [
        Insight(name, "lifetime", values=(InsightValue(value),)) for name, value in (("reach", 5.0), ("likes", 2.5))
    ]

    assert media_numbers(insights) == ({"reach": 5}, {"likes": 2.5})


def test_a_listed_count_steps_in_only_where_no_insight_tells() -> None:
    media = Media("1", like_count=4, comments_count=0)

    assert listed_counts(media, {"likes": 5}) == {"comments_count": 0}
    assert listed_counts(media, {}) == {"like_count": 4, "comments_count": 0}
    assert listed_counts(Media("1"), {}) == {}


def test_a_story_is_known_by_its_list_where_the_product_is_not_named() -> None:
    shown = Media("1", media_type="IMAGE", shortcode="abc")

    assert seen_media(shown).media_product_type is None
    assert seen_media(shown, is_story=True).media_product_type == "STORY"
    assert seen_media(shown).extra == {"shortcode": "abc"}


def test_a_tag_keeps_what_was_shown() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    tag = seen_tag(Media("9", username="ana", caption="with @me", timestamp=at, like_count=0))

    assert (tag.ig_media_id, tag.username, tag.caption, tag.posted_at) == ("9", "ana", "with @me", at)
    assert tag.extra == {"like_count": 0}
