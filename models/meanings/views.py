"""What each view of the history is, each of its columns, and what its as-of function leaves out."""

from __future__ import annotations

from collections.abc import Mapping

from models.meanings import metrics
from models.meanings.columns import (
    ACCOUNT,
    ALL_TOLD,
    AUDIENCE,
    CHANGED,
    CHECKED,
    DAY,
    EXTRA,
    MEDIA_KIND,
    MEDIA_METRICS,
    MEDIA_OF,
    PART_ID,
    POSTED_AT,
    SHOWN,
    TOLD,
)

VIEWS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "account_daily": (
        "One row for each account and day with the newest known values. Null: Instagram said nothing.",
        ACCOUNT
        | DAY
        | metrics.columns(metrics.ACCOUNT)
        | {
            "other": "Object of the metrics of the day that have no column, by Instagram's name.",
            "parts": "Object of the values of all breakdowns, as metric:dimension=value.",
            "captured_at": "When the newest change of the day was read.",
            "last_checked_at": "Until when all values of the day have been read: the oldest of their last readings.",
            "is_settled": "All of them were read 48 hours after the day or later: Instagram restates no more. A part "
            "that it leaves out by then is settled by its whole.",
            "told_at": "Object of each number, as in other and parts, and when Instagram told it last, changed or not.",
        },
    ),
    "media_curve": (
        "One row for each reading of a media that changed something. Null: that answer did not say.",
        ACCOUNT
        | MEDIA_OF
        | MEDIA_KIND
        | POSTED_AT
        | {"captured_at": "When it was read.", "age_hours": "Hours from its posting to the reading."}
        | MEDIA_METRICS,
    ),
    "media_totals": (
        "One row for each media with the newest known value of each metric.",
        ACCOUNT
        | MEDIA_OF
        | PART_ID
        | MEDIA_KIND
        | POSTED_AT
        | SHOWN
        | MEDIA_METRICS
        | CHANGED
        | CHECKED
        | {"gone_at": "When it was missed in the account's list; null while it is there."}
        | TOLD
        | ALL_TOLD,
    ),
    "story_final": (
        "One row for each story with the last numbers it had.",
        ACCOUNT
        | MEDIA_OF
        | {"media_type": "IMAGE or VIDEO."}
        | POSTED_AT
        | {"permalink": SHOWN["permalink"]}
        | {
            name: MEDIA_METRICS[name]
            for name in (
                "reach",
                "views",
                "likes",
                "replies",
                "shares",
                "reposts",
                "total_interactions",
                "follows",
                "profile_visits",
            )
        }
        | {
            "navigation": "Taps and swipes in all.",
            "tap_forward": "Taps to the next story.",
            "tap_back": "Taps to the story before.",
            "tap_exit": "Taps that left the stories.",
            "swipe_forward": "Swipes to the next account.",
            "extra": EXTRA,
        }
        | CHANGED
        | CHECKED
        | {
            "last_age_hours": "How old it was at the last reading, hours.",
            "is_final": "It was read in its last hour or later. Instagram tells its numbers for 24 hours.",
        }
        | TOLD
        | ALL_TOLD
        | {
            "are_final": "Object of each number and whether it was told in the last hour or later; the taps by the "
            "names of their columns. A part that was left out by then is final with its whole.",
        },
    ),
    "audience": (
        "One row for each group of a demographic breakdown, the newest known ones.",
        ACCOUNT
        | AUDIENCE
        | {
            "category": "Which group, such as NO or 25-34; of age,gender such as 25-34|F.",
            "people": "How many. Instagram gives the 45 largest groups, so they need not add up to all.",
            "captured_at": "When this state of the breakdown was read first.",
        }
        | CHECKED,
    ),
    "follower_growth": (
        "Followers at the end of each day on which they were read.",
        ACCOUNT
        | {
            "day": "The day in the zone that the account had on it.",
            "followers": "The last count read on that day.",
            "change": "Against the day before; null when that one was not read.",
            "read_at": "When that was read; of a count that had not changed, the last reading of the day.",
        },
    ),
}

NOW_ONLY: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "coverage": (
        "One row for each account, kind of harvest and day: what was read of it. Ask it before all others.",
        ACCOUNT
        | {
            "kind": "What is read, as in harvests.",
            "day": "The day of Instagram, which ends at midnight on the Pacific coast.",
            "state": "read; partial: something of it is missing, or the day is not over; missed: not read yet, and "
            "Instagram still tells it; lost for good: Instagram tells it no more.",
            "why": "Why it is in that state; null where there is nothing to say.",
            "ig_media_ids": "Of stories: which of those that are known are lost, or read in part.",
        },
    ),
}
"""Views without an as-of function: what is missing is missing as of now."""

AS_OF: dict[str, str] = {
    "account_daily": "without last_checked_at and is_settled; told_at is the last time known to have been before",
    "media_curve": "readings until then",
    "media_totals": "media seen by then, without last_checked_at, all_told_at and gone_at; caption and permalink are "
    "today's, told_at is the last time known to have been before",
    "story_final": "stories seen by then, without last_checked_at, last_age_hours, all_told_at, is_final "
    "and are_final; told_at as in media_totals",
    "audience": "without last_checked_at",
    "follower_growth": "readings until then",
}
"""What each view's as-of function leaves out."""
