"""The metric catalogue: what may be asked for, and how (graph-api.md §6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graph.accounts.metric_rules import InvalidMetricRequest, UnknownMetric, check_account, check_media
from graph.accounts.metrics import (
    ACCOUNT,
    MEDIA,
    PRODUCT_TYPES,
    REMOVED,
    MediaMetric,
    account_metrics,
    media_metrics,
    removal,
    timeframes,
)
from graph.wire.credentials import Login
from graph.wire.versions import DEFAULT, Version, parse_version
from pressrun.errors import Invalid

FACEBOOK, INSTAGRAM = Login.FACEBOOK, Login.INSTAGRAM
NOW = datetime(2026, 11, 1, tzinfo=UTC)
TODAY = NOW.date()


ASKED: dict[str, Any] = {"version": DEFAULT, "on": TODAY, "period": "day", "metric_type": "total_value"}
ASKED |= {"breakdowns": (), "since": None, "until": None, "timeframe": None}


def account(*metrics: str, login: Login = FACEBOOK, **more: Any) -> None:
    check_account(metrics, login, **(ASKED | more))


def media(*metrics: str, login: Login = FACEBOOK, version: Version = DEFAULT, on: date = TODAY, **more: Any) -> None:
    check_media(metrics, login, version=version, on=on, **more)


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
        (
            ["engaged_audience_demographics"],
            {"period": "lifetime", "timeframe": "last_30_days"},
            "timeframe this_week or this_month, not last_30_days",
        ),
        (["follower_demographics"], {"period": "lifetime", "timeframe": "this_year"}, "not this_year"),
        ("reach", {}, "a list of names"),
    ],
)
def test_what_instagram_would_refuse(metrics: list[str], arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidMetricRequest, match=reason):
        check_account(metrics, FACEBOOK, **(ASKED | arguments))


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
            media(metric, login=FACEBOOK)

    @pytest.mark.parametrize("metric", ["link_clicks", "total_likes", "total_comments", "total_views"])
    def test_some_exist_on_facebook_login_only(self, metric: str) -> None:
        media(metric, login=FACEBOOK)
        with pytest.raises(UnknownMetric, match="Facebook Login only"):
            media(metric, login=INSTAGRAM)

    @pytest.mark.parametrize("metric", ["facebook_views", "crossposted_views"])
    def test_some_are_asked_for_alone(self, metric: str) -> None:
        media(metric, login=INSTAGRAM)
        with pytest.raises(InvalidMetricRequest, match="alone"):
            media("reach", metric, login=INSTAGRAM)

    def test_breakdowns(self) -> None:
        media("profile_activity", login=INSTAGRAM, breakdown="action_type")
        with pytest.raises(InvalidMetricRequest, match="cannot be broken down"):
            media("reach", login=INSTAGRAM, breakdown="action_type")
        with pytest.raises(InvalidMetricRequest, match="no metric"):
            media(login=INSTAGRAM)

    def test_old_media_still_have_impressions(self) -> None:
        media("impressions", login=INSTAGRAM)


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
            media(*media_metrics(kind, login), login=login, product_type=kind)
    assert set(account_metrics(FACEBOOK)) == set(ACCOUNT)
    assert {metric.name for metric in MEDIA.values()} == set(MEDIA)


def test_the_minimum_audience_is_told() -> None:
    assert ACCOUNT["follower_demographics"].minimum == "100 followers"
    assert ACCOUNT["reach"].minimum is None


class TestProductTypes:
    @pytest.mark.parametrize(
        ("metric", "kind", "exists"),
        [
            ("navigation", "STORY", True),
            ("navigation", "FEED", False),
            ("saved", "story", False),
            ("saved", "reels", True),
            ("reels_skip_rate", "FEED", False),
            ("follows", "REELS", False),
            ("crossposted_views", "FEED", False),
            # What is no kind of the catalogue is left to Instagram.
            ("navigation", "AD", True),
            ("navigation", None, True),
        ],
    )
    def test_a_metric_exists_for_some_kinds_only(self, metric: str, kind: str | None, exists: bool) -> None:
        if exists:
            media(metric, product_type=kind)
            return
        with pytest.raises(InvalidMetricRequest, match=f"{metric} exists for .*, not for {str(kind).upper()}"):
            media(metric, product_type=kind)


class TestVersions:
    # Between the release of the version that lost a metric and the day on which all versions lost it.
    BEFORE_ALL_LOST_IT = date(2025, 3, 1)

    def test_a_metric_leaves_with_a_version_and_later_all_of_them(self) -> None:
        media("impressions", "plays", version=Version(21), on=self.BEFORE_ALL_LOST_IT)
        account("impressions", version=Version(21), on=self.BEFORE_ALL_LOST_IT)
        with pytest.raises(UnknownMetric, match=r"plays on 2025-04-21 \(v22\.0\)"):
            media("plays", version=Version(22), on=self.BEFORE_ALL_LOST_IT)
        with pytest.raises(UnknownMetric, match="impressions"):
            account("impressions", version=Version(22), on=self.BEFORE_ALL_LOST_IT)
        with pytest.raises(UnknownMetric, match="plays"):
            media("plays", version=Version(21), on=date(2025, 4, 21))

    @pytest.mark.parametrize("metric", sorted(REMOVED))
    @pytest.mark.parametrize("version", ["v21.0", "v25.0", "v26.0"])
    def test_today_no_living_version_has_what_was_removed(self, metric: str, version: str) -> None:
        gone = removal(metric)

        assert gone is not None
        assert gone.holds(parse_version(version), TODAY)

    def test_older_timeframes_left_with_v20_where_meta_says_so(self) -> None:
        engaged, followers = ACCOUNT["engaged_audience_demographics"], ACCOUNT["follower_demographics"]

        assert timeframes(engaged, version=Version(19), on=TODAY) == engaged.timeframes
        assert timeframes(engaged, version=Version(20), on=TODAY) == ("this_week", "this_month")
        assert "last_30_days" in timeframes(followers, version=Version(25), on=TODAY)
        assert timeframes(ACCOUNT["reach"], on=TODAY) == ()

    @pytest.mark.parametrize("text", ["25", "v25", "v25.0/..", "V25.0", "", "v25.0 "])
    def test_what_is_no_version(self, text: str) -> None:
        with pytest.raises(Invalid, match=r"not a version of the Graph API, such as v25\.0"):
            parse_version(text)

    def test_versions_are_ordered_by_number(self) -> None:
        assert parse_version("v9.0") < parse_version("v10.0") < parse_version("v10.1")
        assert str(parse_version("v26.0")) == "v26.0"


class TestLogins:
    def test_each_flavour_is_offered_what_it_has(self) -> None:
        # Meta's page names no difference between the logins for accounts.
        assert account_metrics(INSTAGRAM) == account_metrics(FACEBOOK) == tuple(ACCOUNT)
        for login in Login:
            assert set(account_metrics(login)) == {one.name for one in ACCOUNT.values() if login in one.logins}

    def test_an_account_metric_of_one_flavour_would_be_refused_on_the_other(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(ACCOUNT, "reach", replace(ACCOUNT["reach"], logins=(FACEBOOK,)))

        account("reach", login=FACEBOOK)
        with pytest.raises(UnknownMetric, match="reach exists on Facebook Login only"):
            account("reach", login=INSTAGRAM)
        assert "reach" not in account_metrics(INSTAGRAM)


class TestGuide:
    """The tables of docs/instagram.md are the catalogue."""

    GUIDE = (Path(__file__).parents[4] / "docs" / "instagram.md").read_text(encoding="utf-8")
    HALVES = GUIDE.split("| media metric |")

    def test_account_metrics(self) -> None:
        rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", self.HALVES[0], re.MULTILINE))

        assert rows == {
            name: " | ".join(
                [
                    _logins(metric.logins),
                    metric.added or "–",
                    _list(metric.periods),
                    _list(metric.metric_types) or "none",
                    _list(metric.breakdowns) or "–",
                    _list(timeframes(metric, on=TODAY)) or "–",
                    metric.minimum or "–",
                ]
            )
            for name, metric in ACCOUNT.items()
        }

    def test_media_metrics(self) -> None:
        rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", self.HALVES[1], re.MULTILINE))

        assert rows == {
            name: " | ".join(
                [
                    *("✓" if kind in metric.product_types else "–" for kind in PRODUCT_TYPES),
                    _logins(metric.logins),
                    metric.added or "–",
                    _list((metric.breakdown,)) if metric.breakdown else "–",
                    _remark(metric),
                ]
            )
            for name, metric in MEDIA.items()
        }

    def test_removed_metrics(self) -> None:
        missing = [
            name
            for name, gone in REMOVED.items()
            if not re.search(rf"^\| {gone.version} \| {gone.day} \| .*`{name}`", self.GUIDE, re.MULTILINE)
        ]

        assert missing == []


def _logins(logins: Sequence[Login]) -> str:
    return " ".join(login.value[0].upper() for login in logins)


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _remark(metric: MediaMetric) -> str:
    said = ["fails unless the media is on Facebook: ask alone"] if metric.alone else []
    said += ["not for videos in the feed"] if metric.not_for_feed_video else []
    said += [f"media from before {metric.only_before} only"] if metric.only_before else []
    return "; ".join(said) or "–"
