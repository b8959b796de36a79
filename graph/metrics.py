"""Which insight metrics exist, for what, and how they must be asked for (graph-api.md §6).

Meta answers a wrong combination with an error for the whole call, sometimes just "unknown", so it is refused here
first. Metrics newer than this table pass with `allow_unknown`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from graph.credentials import Login
from pressrun.errors import PressrunError
from pressrun.log import redact

LONGEST_RANGE: Final = timedelta(days=30)
DEMOGRAPHIC: Final = ("age", "city", "country", "gender")
# The two spellings of one breakdown contradict each other within Meta's page: both pass.
FOLLOW: Final = ("follow_type", "follower_type")


class UnknownMetric(PressrunError):
    """The metric does not exist, no longer exists, or not on this login flavour; nothing was called."""

    def __init__(self, message: str) -> None:
        super().__init__(redact(message))  # a name may be anything that the caller mixed up


class InvalidMetricRequest(PressrunError):
    """The metric exists, but cannot be asked for this way; nothing was called."""

    def __init__(self, message: str) -> None:
        super().__init__(redact(message))


@dataclass(frozen=True)
class AccountMetric:
    """`metric_types` empty: the metric takes none and answers as a series. `minimum`: below it there is no data."""

    name: str
    periods: tuple[str, ...] = ("day",)
    metric_types: tuple[str, ...] = ("total_value",)
    breakdowns: tuple[str, ...] = ()
    timeframes: bool = False
    minimum: str | None = None


@dataclass(frozen=True)
class MediaMetric:
    """`alone`: refused as a whole unless the media is on Facebook too, so never mixed with others."""

    name: str
    product_types: tuple[str, ...]
    breakdown: str | None = None
    facebook_only: bool = False
    alone: bool = False
    not_for_feed_video: bool = False
    legacy: bool = False


_100_FOLLOWERS = "100 followers"
_BY_PRODUCT = ("media_product_type",)

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
        AccountMetric("reposts"),
        AccountMetric("follows_and_unfollows", breakdowns=FOLLOW, minimum=_100_FOLLOWERS),
        AccountMetric("profile_links_taps", breakdowns=("contact_button_type",)),
        AccountMetric("follower_demographics", ("lifetime",), ("total_value",), DEMOGRAPHIC, True, _100_FOLLOWERS),
        AccountMetric(
            "engaged_audience_demographics", ("lifetime",), ("total_value",), DEMOGRAPHIC, True, "100 engagements"
        ),
        AccountMetric("follower_count", metric_types=(), minimum=_100_FOLLOWERS),
        AccountMetric("online_followers", ("lifetime",), (), minimum=_100_FOLLOWERS),
    )
}

_FEED, _REELS, _STORY = "FEED", "REELS", "STORY"
_ALL = (_FEED, _REELS, _STORY)

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
        MediaMetric("reels_skip_rate", (_REELS,)),
        MediaMetric("replies", (_STORY,)),
        MediaMetric("navigation", (_STORY,), breakdown="story_navigation_action_type"),
        MediaMetric("link_clicks", (_STORY,), facebook_only=True),
        MediaMetric("total_likes", (_FEED, _REELS), facebook_only=True),
        MediaMetric("total_comments", (_FEED, _REELS), facebook_only=True),
        MediaMetric("total_views", _ALL, facebook_only=True),
        MediaMetric("facebook_views", _ALL, alone=True),
        MediaMetric("crossposted_views", (_REELS,), alone=True),
        MediaMetric("impressions", (_FEED, _STORY), legacy=True),  # only media from before 2024-07-02 have it
    )
}


def _gone(when: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), when)


REMOVED: Final = (
    _gone(
        "2023-12-11 (v18)",
        "audience_city audience_country audience_locale audience_gender_age engagement exits taps_forward taps_back",
    )
    | _gone(
        "2025-01-08 (v21)",
        "video_views email_contacts get_direction_clicks get_directions_clicks profile_views text_message_clicks "
        "website_clicks phone_call_clicks",
    )
    | _gone("2025-04-21 (v22)", "impressions plays clips_replays_count ig_reels_aggregated_all_plays_count")
)
_REMOVED_FAMILY: Final = "carousel_album_"  # all of them went with v18


def account_metrics(login: Login) -> tuple[str, ...]:
    """Every account metric, in the order of the table; both flavours offer the same ones."""
    _ = login
    return tuple(ACCOUNT)


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
        and not (metric.alone or metric.legacy)
        and not (metric.facebook_only and login is not Login.FACEBOOK)
        and not (metric.not_for_feed_video and feed_video)
    )


def check_account(
    metrics: Sequence[str],
    *,
    period: str,
    metric_type: str | None,
    breakdowns: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    timeframe: str | None,
    allow_unknown: bool = False,
) -> None:
    """Raises UnknownMetric or InvalidMetricRequest for what Instagram would refuse."""
    if not metrics:
        raise InvalidMetricRequest("no metric was named")
    if any(at is not None and at.tzinfo is None for at in (since, until)):
        raise InvalidMetricRequest("since and until need a time zone")
    if since is not None and until is not None and not timedelta(0) <= until - since <= LONGEST_RANGE:
        raise InvalidMetricRequest("since..until spans at most 30 days, since first; read longer ranges in pieces")
    for name in metrics:
        metric = ACCOUNT.get(name)
        if metric is None:
            _refuse_unknown(name, "account", allow_unknown=allow_unknown)
        else:
            _check_account_metric(metric, period, metric_type, breakdowns, timeframe)


def check_media(
    metrics: Sequence[str], login: Login, *, breakdown: str | None = None, allow_unknown: bool = False
) -> None:
    """Raises UnknownMetric or InvalidMetricRequest for what Instagram would refuse for any media."""
    if not metrics:
        raise InvalidMetricRequest("no metric was named")
    for name in metrics:
        metric = MEDIA.get(name)
        if metric is None:
            _refuse_unknown(name, "media", allow_unknown=allow_unknown)
            continue
        if metric.facebook_only and login is not Login.FACEBOOK:
            raise UnknownMetric(f"{name} exists on Facebook Login only")
        if metric.alone and len(metrics) > 1:
            raise InvalidMetricRequest(f"{name} must be asked for alone: it fails for media that are not on Facebook")
        if breakdown is not None and breakdown != metric.breakdown:
            raise InvalidMetricRequest(f"{name} cannot be broken down by {breakdown}")


def _check_account_metric(
    metric: AccountMetric, period: str, metric_type: str | None, breakdowns: Sequence[str], timeframe: str | None
) -> None:
    if period not in metric.periods:
        raise InvalidMetricRequest(f"{metric.name} has the period {' or '.join(metric.periods)}, not {period}")
    if metric_type is not None and metric_type not in metric.metric_types:
        allowed = " or ".join(metric.metric_types) or "none"
        raise InvalidMetricRequest(f"{metric.name} has the metric_type {allowed}, not {metric_type}")
    if metric_type is None and metric.metric_types == ("total_value",):
        raise InvalidMetricRequest(f"{metric.name} needs metric_type=total_value")
    for breakdown in breakdowns:
        if breakdown not in metric.breakdowns:
            raise InvalidMetricRequest(f"{metric.name} cannot be broken down by {breakdown}")
    if timeframe is not None and not metric.timeframes:
        raise InvalidMetricRequest(f"{metric.name} takes since and until, not a timeframe")


def _refuse_unknown(name: str, what: str, *, allow_unknown: bool) -> None:
    if allow_unknown:
        return
    removed = "2023-12-11 (v18)" if name.startswith(_REMOVED_FAMILY) else REMOVED.get(name)
    if removed:
        raise UnknownMetric(f"Instagram removed the metric {name} on {removed}")
    raise UnknownMetric(f"no {what} metric is called {name!r}")
