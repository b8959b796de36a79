"""Which insight metrics exist: metric by media product type, API version and login flavour, and how each is asked for
(graph-api.md §6).

`metric_rules` holds calls to it. What is newer than this table is asked for with `allow_unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from graph.wire.credentials import Login
from graph.wire.versions import DEFAULT, Version

DEMOGRAPHIC: Final = ("age", "city", "country", "gender")
# The two spellings of one breakdown contradict each other within Meta's page: both pass.
FOLLOW: Final = ("follow_type", "follower_type")
PRODUCT_TYPES: Final = ("FEED", "REELS", "STORY")
_ALL: Final = PRODUCT_TYPES
_FEED, _REELS, _STORY = PRODUCT_TYPES
_BOTH: Final = tuple(Login)
_FACEBOOK: Final = (Login.FACEBOOK,)


@dataclass(frozen=True)
class Removal:
    """Gone from `version` on, and since `day` from all earlier ones as well; None when Meta names no day."""

    version: Version
    day: date | None = None

    def holds(self, version: Version, on: date) -> bool:
        return version >= self.version or (self.day is not None and on >= self.day)

    def __str__(self) -> str:
        return f"{f'on {self.day} ' if self.day else ''}({self.version})"


@dataclass(frozen=True)
class AccountMetric:
    """`metric_types` empty: the metric takes none and answers as a series. `minimum`: below it there is no data.

    `added` is the day Meta announced; versions do not differ in it.
    """

    name: str
    periods: tuple[str, ...] = ("day",)
    metric_types: tuple[str, ...] = ("total_value",)
    breakdowns: tuple[str, ...] = ()
    timeframes: tuple[str, ...] = ()
    minimum: str | None = None
    logins: tuple[Login, ...] = _BOTH
    added: str | None = None


@dataclass(frozen=True)
class MediaMetric:
    """`alone`: refused as a whole unless the media is on Facebook too, so never mixed with others.

    `only_before`: only media that are older than this day have it.
    """

    name: str
    product_types: tuple[str, ...]
    breakdown: str | None = None
    logins: tuple[Login, ...] = _BOTH
    added: str | None = None
    alone: bool = False
    not_for_feed_video: bool = False
    only_before: date | None = None
    periods: tuple[str, ...] = ("lifetime",)


_100_FOLLOWERS = "100 followers"
_BY_PRODUCT = ("media_product_type",)
CURRENT_TIMEFRAMES: Final = ("this_week", "this_month")
OLDER_TIMEFRAMES: Final = ("last_14_days", "last_30_days", "last_90_days", "prev_month")

ACCOUNT: Final = {
    metric.name: metric
    for metric in (
        # week and days_28: used by airbyte at v23, no longer on Meta's page.
        AccountMetric("reach", ("day", "week", "days_28"), ("total_value", "time_series"), (*_BY_PRODUCT, *FOLLOW)),
        AccountMetric("views", breakdowns=(*_BY_PRODUCT, *FOLLOW)),
        AccountMetric("accounts_engaged"),
        AccountMetric("total_interactions", breakdowns=_BY_PRODUCT),
        AccountMetric("likes", breakdowns=_BY_PRODUCT),
        AccountMetric("comments", breakdowns=_BY_PRODUCT),
        AccountMetric("saves", breakdowns=_BY_PRODUCT),
        AccountMetric("shares", breakdowns=_BY_PRODUCT),
        AccountMetric("replies"),
        AccountMetric("reposts", added="2025-12"),
        AccountMetric("follows_and_unfollows", breakdowns=FOLLOW, minimum=_100_FOLLOWERS),
        AccountMetric("profile_links_taps", breakdowns=("contact_button_type",)),
        AccountMetric(
            "follower_demographics",
            ("lifetime",),
            breakdowns=DEMOGRAPHIC,
            timeframes=(*CURRENT_TIMEFRAMES, *OLDER_TIMEFRAMES),
            minimum=_100_FOLLOWERS,
        ),
        AccountMetric(
            "engaged_audience_demographics",
            ("lifetime",),
            breakdowns=DEMOGRAPHIC,
            timeframes=(*CURRENT_TIMEFRAMES, *OLDER_TIMEFRAMES),
            minimum="100 engagements",
        ),
        # No longer on Meta's page, still read by others.
        AccountMetric("follower_count", metric_types=(), minimum=_100_FOLLOWERS),
        AccountMetric("online_followers", ("lifetime",), (), minimum=_100_FOLLOWERS),
    )
}

MEDIA: Final = {
    metric.name: metric
    for metric in (
        MediaMetric("reach", _ALL),
        MediaMetric("views", _ALL),
        MediaMetric("shares", _ALL),
        MediaMetric("total_interactions", _ALL),
        MediaMetric("reposts", _ALL),
        MediaMetric("likes", (_FEED, _REELS)),
        MediaMetric("comments", (_FEED, _REELS)),
        MediaMetric("saved", (_FEED, _REELS)),
        MediaMetric("follows", (_FEED, _STORY), not_for_feed_video=True),
        MediaMetric("profile_visits", (_FEED, _STORY), not_for_feed_video=True),
        MediaMetric("profile_activity", (_FEED, _STORY), breakdown="action_type", not_for_feed_video=True),
        MediaMetric("ig_reels_avg_watch_time", (_REELS,)),
        MediaMetric("ig_reels_video_view_total_time", (_REELS,)),
        MediaMetric("reels_skip_rate", (_REELS,), added="2025-12"),
        MediaMetric("replies", (_STORY,)),
        MediaMetric("navigation", (_STORY,), breakdown="story_navigation_action_type"),
        MediaMetric("link_clicks", (_STORY,), logins=_FACEBOOK, added="2026-06-22"),
        MediaMetric("total_likes", (_FEED, _REELS), logins=_FACEBOOK, added="2026-04-22"),
        MediaMetric("total_comments", (_FEED, _REELS), logins=_FACEBOOK, added="2026-04-22"),
        MediaMetric("total_views", _ALL, logins=_FACEBOOK, added="2026-04-22"),
        MediaMetric("facebook_views", _ALL, alone=True),
        MediaMetric("crossposted_views", (_REELS,), alone=True),
        MediaMetric("impressions", (_FEED, _STORY), only_before=date(2024, 7, 2)),
    )
}


def _gone(version: int, day: date, names: str) -> dict[str, Removal]:
    return dict.fromkeys(names.split(), Removal(Version(version), day))


_V18_DAY = date(2023, 12, 11)
REMOVED: Final = (
    _gone(
        18,
        _V18_DAY,
        "audience_city audience_country audience_locale audience_gender_age engagement exits taps_forward taps_back",
    )
    | _gone(
        21,
        date(2025, 1, 8),
        "video_views email_contacts get_direction_clicks get_directions_clicks profile_views text_message_clicks "
        "website_clicks phone_call_clicks",
    )
    | _gone(22, date(2025, 4, 21), "impressions plays clips_replays_count ig_reels_aggregated_all_plays_count")
)
"""Metrics that were, of accounts and of media; the contract does not say how they had to be asked for."""
_REMOVED_FAMILIES: Final = {"carousel_album_": Removal(Version(18), _V18_DAY)}
_REMOVED_TIMEFRAMES: Final = dict.fromkeys(
    (("engaged_audience_demographics", timeframe) for timeframe in OLDER_TIMEFRAMES), Removal(Version(20))
)


def account_metrics(login: Login) -> tuple[str, ...]:
    """Every account metric of this login flavour, in the order of the table."""
    return tuple(metric.name for metric in ACCOUNT.values() if login in metric.logins)


def media_metrics(product_type: str | None, login: Login, *, media_type: str | None = None) -> tuple[str, ...]:
    """The metrics that can be asked for together for one kind of media. Unknown kind: those that all kinds have.

    `media_type` VIDEO leaves out what Meta refuses for videos in the feed.
    """
    kind = (product_type or "").upper()
    feed_video = kind == _FEED and media_type == "VIDEO"
    return tuple(
        metric.name
        for metric in MEDIA.values()
        if (kind in metric.product_types if kind in _ALL else metric.product_types == _ALL)
        and not (metric.alone or metric.only_before)
        and login in metric.logins
        and not (metric.not_for_feed_video and feed_video)
    )


def removal(name: str) -> Removal | None:
    """Since when the metric is gone; None for one that is there, or never was."""
    family = next((gone for prefix, gone in _REMOVED_FAMILIES.items() if name.startswith(prefix)), None)
    return family or REMOVED.get(name)


def timeframes(metric: AccountMetric, *, version: Version = DEFAULT, on: date) -> tuple[str, ...]:
    """The timeframes that the metric takes in this version."""
    return tuple(
        timeframe
        for timeframe in metric.timeframes
        if (gone := _REMOVED_TIMEFRAMES.get((metric.name, timeframe))) is None or not gone.holds(version, on)
    )
