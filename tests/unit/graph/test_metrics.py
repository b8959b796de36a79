"""The metric catalogue: what may be asked for, and how (graph-api.md §6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.credentials import Login
from graph.metrics import (
    ACCOUNT,
    MEDIA,
    InvalidMetricRequest,
    UnknownMetric,
    account_metrics,
    check_account,
    check_media,
    media_metrics,
)

FACEBOOK, INSTAGRAM = Login.FACEBOOK, Login.INSTAGRAM
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def account(*metrics: str, period: str = "day", metric_type: str | None = "total_value", **more: Any) -> None:
    arguments: dict[str, Any] = {"breakdowns": (), "since": None, "until": None, "timeframe": None}
    check_account(metrics, period=period, metric_type=metric_type, **(arguments | more))


@pytest.mark.parametrize(
    ("metrics", "arguments"),
    [
        (["reach"], {"metric_type": "time_series"}),
        (["reach"], {"metric_type": None, "period": "days_28"}),
        (["reach", "views", "likes", "saves"], {"breakdowns": ["media_product_type"]}),
        (["views"], {"breakdowns": ["follower_type"]}),
        (["views"], {"breakdowns": ["follow_type"]}),
        (["follows_and_unfollows"], {"breakdowns": ["follow_type"]}),
        (["profile_links_taps"], {"breakdowns": ["contact_button_type"]}),
        (["follower_demographics"], {"period": "lifetime", "breakdowns": ["age", "gender"], "timeframe": "this_week"}),
        (["follower_demographics"], {"period": "lifetime", "breakdowns": ["city"]}),
        (["follower_count"], {"metric_type": None}),
        (["online_followers"], {"metric_type": None, "period": "lifetime"}),
        (["reach"], {"since": NOW - timedelta(days=30), "until": NOW}),
        (["brand_new"], {"allow_unknown": True}),
        (["plays"], {"allow_unknown": True}),
    ],
)
def test_what_instagram_answers(metrics: list[str], arguments: dict[str, Any]) -> None:
    account(*metrics, **arguments)


@pytest.mark.parametrize(
    ("metrics", "arguments", "reason"),
    [
        ([], {}, "no metric"),
        (["views"], {"metric_type": None}, "needs metric_type=total_value"),
        (["views"], {"metric_type": "time_series"}, "total_value, not time_series"),
        (["views"], {"period": "week"}, "period day, not week"),
        (["replies"], {"breakdowns": ["media_product_type"]}, "cannot be broken down"),
        (["reach", "replies"], {"breakdowns": ["media_product_type"]}, "replies cannot be broken down"),
        (["follower_count"], {}, "metric_type none, not total_value"),
        (["reach"], {"timeframe": "this_month"}, "not a timeframe"),
        (["reach"], {"since": NOW - timedelta(days=30, seconds=1), "until": NOW}, "at most 30 days"),
        (["reach"], {"since": NOW, "until": NOW - timedelta(days=1)}, "since first"),
        (["follower_demographics"], {"period": "day"}, "period lifetime, not day"),
    ],
)
def test_what_instagram_would_refuse(metrics: list[str], arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidMetricRequest, match=reason):
        account(*metrics, **arguments)


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        ("impressions", "removed the metric impressions on 2025-04-21"),
        ("profile_views", "2025-01-08"),
        ("audience_city", "2023-12-11"),
        ("saved", "no account metric is called 'saved'"),
    ],
)
def test_account_metrics_that_do_not_exist(metric: str, reason: str) -> None:
    with pytest.raises(UnknownMetric, match=reason):
        account(metric)


class TestMedia:
    @pytest.mark.parametrize(
        ("metric", "reason"),
        [
            ("plays", "2025-04-21"),
            ("video_views", "2025-01-08"),
            ("carousel_album_reach", "2023-12-11"),
            ("saves", "no media metric is called 'saves'"),
        ],
    )
    def test_metrics_that_do_not_exist(self, metric: str, reason: str) -> None:
        with pytest.raises(UnknownMetric, match=reason):
            check_media([metric], FACEBOOK)

    @pytest.mark.parametrize("metric", ["link_clicks", "total_likes", "total_comments", "total_views"])
    def test_some_exist_on_facebook_login_only(self, metric: str) -> None:
        check_media([metric], FACEBOOK)
        with pytest.raises(UnknownMetric, match="Facebook Login only"):
            check_media([metric], INSTAGRAM)

    @pytest.mark.parametrize("metric", ["facebook_views", "crossposted_views"])
    def test_some_are_asked_for_alone(self, metric: str) -> None:
        check_media([metric], INSTAGRAM)
        with pytest.raises(InvalidMetricRequest, match="alone"):
            check_media(["reach", metric], INSTAGRAM)

    def test_breakdowns(self) -> None:
        check_media(["profile_activity"], INSTAGRAM, breakdown="action_type")
        with pytest.raises(InvalidMetricRequest, match="cannot be broken down"):
            check_media(["reach"], INSTAGRAM, breakdown="action_type")
        with pytest.raises(InvalidMetricRequest, match="no metric"):
            check_media([], INSTAGRAM)

    def test_old_media_still_have_impressions(self) -> None:
        check_media(["impressions"], INSTAGRAM)


COMMON = {"reach", "views", "shares", "total_interactions", "reposts"}
FEED = COMMON | {"likes", "comments", "saved", "follows", "profile_visits", "profile_activity"}
REELS = COMMON | {"likes", "comments", "saved"}
REELS |= {"ig_reels_avg_watch_time", "ig_reels_video_view_total_time", "reels_skip_rate"}
STORY = COMMON | {"follows", "profile_visits", "profile_activity", "replies", "navigation"}


@pytest.mark.parametrize(
    ("product_type", "instagram", "facebook_extra"),
    [
        ("FEED", FEED, {"total_likes", "total_comments", "total_views"}),
        ("REELS", REELS, {"total_likes", "total_comments", "total_views"}),
        ("STORY", STORY, {"link_clicks", "total_views"}),
        ("story", STORY, {"link_clicks", "total_views"}),
        ("AD", COMMON, {"total_views"}),
        (None, COMMON, {"total_views"}),
    ],
)
def test_what_fits_together_for_each_kind(
    product_type: str | None, instagram: set[str], facebook_extra: set[str]
) -> None:
    assert set(media_metrics(product_type, INSTAGRAM)) == instagram
    assert set(media_metrics(product_type, FACEBOOK)) == instagram | facebook_extra


def test_videos_in_the_feed_have_fewer() -> None:
    assert set(media_metrics("FEED", INSTAGRAM, media_type="VIDEO")) == COMMON | {"likes", "comments", "saved"}


def test_what_is_offered_is_accepted() -> None:
    for login in Login:
        for kind in ("FEED", "REELS", "STORY", None):
            check_media(media_metrics(kind, login), login)
    assert set(account_metrics(FACEBOOK)) == set(ACCOUNT)
    assert {metric.name for metric in MEDIA.values()} == set(MEDIA)


def test_the_minimum_audience_is_told() -> None:
    assert ACCOUNT["follower_demographics"].minimum == "100 followers"
    assert ACCOUNT["reach"].minimum is None
