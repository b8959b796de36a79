"""Every number of the history: its name at Instagram, unit, kind, column and what it means, written down once.

`models/meanings` writes the words into the database, `models/history/media.py` takes its columns from here, the worker
sorts answers by it, and docs/history.md fits it. Which of these Instagram offers, and to whom, is told in
graph/accounts/metrics.py; a metric that is new there is kept in `extra` until it stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Unit(StrEnum):
    """What is counted. Of people Instagram gives estimates, so days, media, parts and groups do not add up."""

    PEOPLE = "people"
    FOLLOWERS = "followers"
    ACCOUNTS = "accounts"
    MEDIA = "media"
    TIMES = "times"
    MILLISECONDS = "milliseconds"
    PERCENT = "percent"


class Kind(StrEnum):
    """What time a value belongs to."""

    MOMENT = "moment"
    """As it is when it is read."""
    DAY = "day"
    """What happened on one of Instagram's days."""
    HOURS = "hours"
    """A value for each hour of such a day."""
    GROUPS = "groups"
    """A value for each group of people, over a timeframe."""
    TOTAL = "total"
    """All since the media was posted."""
    RATE = "rate"
    """An average or a share since the media was posted: it never adds up."""


@dataclass(frozen=True)
class Metric:
    """`name` is Instagram's. `column` is its own column; None where it is kept by name in a wider one."""

    name: str
    unit: Unit
    kind: Kind
    words: str
    column: str | None = None


def _own(name: str, unit: Unit, kind: Kind, words: str, *, column: str | None = None) -> Metric:
    return Metric(name, unit, kind, words, column or name)


_DAY, _MOMENT, _TOTAL, _RATE = Kind.DAY, Kind.MOMENT, Kind.TOTAL, Kind.RATE
_PEOPLE, _TIMES, _MS = Unit.PEOPLE, Unit.TIMES, Unit.MILLISECONDS

ACCOUNT: Final[Mapping[str, Metric]] = {
    metric.name: metric
    for metric in (
        _own(
            "reach",
            _PEOPLE,
            _DAY,
            "People who saw anything of the account on that day. An estimate; never add up days or parts.",
        ),
        _own("views", _TIMES, _DAY, "How often anything of the account was seen on that day."),
        _own("accounts_engaged", _PEOPLE, _DAY, "People who reacted on that day. An estimate; never add up days."),
        _own("total_interactions", _TIMES, _DAY, "Likes, saves, comments, shares and the like on that day."),
        _own("likes", _TIMES, _DAY, "Likes given on that day, whenever the media was posted."),
        _own("comments", _TIMES, _DAY, "Comments written on that day."),
        _own("saves", _TIMES, _DAY, "How often a media was saved on that day."),
        _own("shares", _TIMES, _DAY, "How often a media was shared on that day."),
        _own("replies", _TIMES, _DAY, "Replies to stories on that day."),
        _own("reposts", _TIMES, _DAY, "How often a media was reposted on that day."),
        _own(
            "follows_and_unfollows",
            _TIMES,
            _DAY,
            "The whole of follows and unfollows on that day; what is which is in its parts.",
        ),
        _own("profile_links_taps", _TIMES, _DAY, "Taps on the contact buttons of the profile on that day."),
        _own(
            "follower_count",
            Unit.FOLLOWERS,
            _DAY,
            "New followers of that day. Not the number of followers, which is followers_count.",
        ),
        Metric("followers_count", Unit.FOLLOWERS, _MOMENT, "Followers at the moment of reading."),
        Metric("follows_count", Unit.ACCOUNTS, _MOMENT, "Accounts it follows at the moment of reading."),
        Metric("media_count", Unit.MEDIA, _MOMENT, "Media it shows at the moment of reading."),
        Metric("online_followers", Unit.FOLLOWERS, Kind.HOURS, "Followers who were online, hour by hour."),
        Metric("follower_demographics", _PEOPLE, Kind.GROUPS, "Who follows, by group."),
        Metric("engaged_audience_demographics", _PEOPLE, Kind.GROUPS, "Who engages, by group."),
    )
}
"""Of an account, by name. The days have their columns in `account_daily`; all others are rows by name."""

MEDIA: Final[Mapping[str, Metric]] = {
    metric.name: metric
    for metric in (
        _own("reach", _PEOPLE, _TOTAL, "People who saw it since it was posted. An estimate; never add up media."),
        _own("views", _TIMES, _TOTAL, "How often it was seen since it was posted."),
        _own("likes", _TIMES, _TOTAL, "Likes since it was posted. Not of stories."),
        _own("comments", _TIMES, _TOTAL, "Comments since it was posted. Not of stories."),
        _own("saved", _TIMES, _TOTAL, "How often it was saved since it was posted. Not of stories."),
        _own("shares", _TIMES, _TOTAL, "How often it was shared since it was posted."),
        _own("reposts", _TIMES, _TOTAL, "How often it was reposted since it was posted."),
        _own("replies", _TIMES, _TOTAL, "Replies to the story. 0 from creators in the EU and Japan."),
        _own("total_interactions", _TIMES, _TOTAL, "Likes, saves, comments, shares and the like since it was posted."),
        _own("follows", _TIMES, _TOTAL, "Follows that came of it. Pictures, carousels and stories."),
        _own(
            "profile_visits", _TIMES, _TOTAL, "Visits of the profile that came of it. Pictures, carousels and stories."
        ),
        _own(
            "ig_reels_avg_watch_time",
            _MS,
            _RATE,
            "Average watch time of the reel, milliseconds.",
            column="avg_watch_time_ms",
        ),
        _own(
            "ig_reels_video_view_total_time",
            _MS,
            _TOTAL,
            "Watch time of the reel in all, milliseconds, replays included.",
            column="total_watch_time_ms",
        ),
        Metric("reels_skip_rate", Unit.PERCENT, _RATE, "How often the reel was skipped, percent."),
        Metric(
            "profile_activity",
            _TIMES,
            _TOTAL,
            "Actions on the profile that came of it; which ones is in its parts. Pictures, carousels and stories.",
        ),
        Metric("navigation", _TIMES, _TOTAL, "Taps and swipes of the story in all; which ones is in its parts."),
        Metric("link_clicks", _TIMES, _TOTAL, "Taps on the links of the story."),
        Metric("facebook_views", _TIMES, _TOTAL, "Views on Facebook, of media that are there too."),
        Metric("crossposted_views", _TIMES, _TOTAL, "Views of a reel that is on Facebook too."),
        Metric("total_likes", _TIMES, _TOTAL, "Likes in all, as Instagram sums them up. Not of stories."),
        Metric("total_comments", _TIMES, _TOTAL, "Comments in all, as Instagram sums them up. Not of stories."),
        Metric("total_views", _TIMES, _TOTAL, "Views in all, as Instagram sums them up."),
        Metric("impressions", _TIMES, _TOTAL, "How often it was seen; of media from before July 2024 alone."),
    )
}
"""Of a media, by name. Those without a column are in its `extra`."""


def columns(metrics: Mapping[str, Metric]) -> dict[str, str]:
    """Column → what it means, of the metrics that have one."""
    return {metric.column: metric.words for metric in metrics.values() if metric.column is not None}


DAY_COLUMNS: Final = tuple(columns(ACCOUNT))
"""Metrics of a day with a column of their own in `account_daily`."""
MEDIA_COLUMNS: Final = tuple(columns(MEDIA))
"""Metrics of a media with a column of their own. Instagram's names, but for the two reel times, whose unit is named."""
MOMENT_METRICS: Final = tuple(metric.name for metric in ACCOUNT.values() if metric.kind is Kind.MOMENT)
"""Counts of a profile, of the account's own and of any that it looks at."""


def media_column(name: str) -> str | None:
    """The column of a media's metric; None for one that is kept in `extra`, or that nobody knows yet."""
    metric = MEDIA.get(name)
    return metric.column if metric is not None else None
