"""What each table, view and column of the history means: the words themselves, written down once.

`models/dictionary.py` puts them into the database as comments, and docs/history.md shows them.
"""

from __future__ import annotations

from collections.abc import Mapping

from models.media import METRICS

DAILY_METRICS: dict[str, str] = {
    "reach": "People who saw anything of the account on that day. An estimate; never add up days or parts.",
    "views": "How often anything of the account was seen on that day.",
    "accounts_engaged": "People who reacted on that day. An estimate; never add up days.",
    "total_interactions": "Likes, saves, comments, shares and the like on that day.",
    "likes": "Likes given on that day, whenever the media was posted.",
    "comments": "Comments written on that day.",
    "saves": "How often a media was saved on that day.",
    "shares": "How often a media was shared on that day.",
    "replies": "Replies to stories on that day.",
    "reposts": "How often a media was reposted on that day.",
    "follows_and_unfollows": "The whole of follows and unfollows on that day; what is which is in its parts.",
    "profile_links_taps": "Taps on the contact buttons of the profile on that day.",
    "follower_count": "New followers of that day. Not the number of followers, which is followers_count.",
}
"""Metrics of a day, as Instagram names them (graph-api.md §6.1)."""

MOMENT_METRICS: dict[str, str] = {
    "followers_count": "Followers at the moment of reading.",
    "follows_count": "Accounts it follows at the moment of reading.",
    "media_count": "Media it shows at the moment of reading.",
}

_EXTRA = "Every other number, under Instagram's name; a part of a breakdown as metric:dimension=value."
_MEDIA_METRICS: dict[str, str] = {
    "reach": "People who saw it since it was posted. An estimate; never add up media.",
    "views": "How often it was seen since it was posted.",
    "likes": "Likes since it was posted. Not of stories.",
    "comments": "Comments since it was posted. Not of stories.",
    "saved": "How often it was saved since it was posted. Not of stories.",
    "shares": "How often it was shared since it was posted.",
    "reposts": "How often it was reposted since it was posted.",
    "replies": "Replies to the story. 0 from creators in the EU and Japan.",
    "total_interactions": "Likes, saves, comments, shares and the like since it was posted.",
    "follows": "Follows that came of it. Pictures, carousels and stories.",
    "profile_visits": "Visits of the profile that came of it. Pictures, carousels and stories.",
    "avg_watch_time_ms": "Average watch time of the reel, milliseconds.",
    "total_watch_time_ms": "Watch time of the reel in all, milliseconds, replays included.",
}
MEDIA_METRICS: dict[str, str] = {name: _MEDIA_METRICS[name] for name in METRICS} | {"extra": _EXTRA}

_ACCOUNT_ID = {"account_id": "The account (accounts.id)."}
_ACCOUNT = _ACCOUNT_ID | {"account": "Its name in Pressrun."}
_RUN = {"run_id": "The run that read it (harvest_runs.id); null from a webhook."}
_MEDIA_OF = {
    "media_id": "The media (media.id).",
    "ig_media_id": "Instagram's id of it.",
}
_MEDIA_KIND = {
    "media_type": "IMAGE, VIDEO or CAROUSEL_ALBUM.",
    "media_product_type": "FEED, REELS, STORY or AD.",
}
_POSTED_AT = {"posted_at": "When it was posted, as Instagram says."}
_SHOWN = {"permalink": "Its address, as last seen.", "caption": "Its caption, as last seen."}
_PART_ID = {"part_id": "The part that Pressrun published as this media (parts.id); null for others."}
_SEEN = {"first_seen_at": "When it was seen first.", "last_seen_at": "When it was seen last."}
_CHANGED = {"captured_at": "When the newest change was read."}
_CHECKED = {"last_checked_at": "When it was read last, changed or not."}
_ID = {"id": "Pressrun's number of it."}
_SERIES = _ACCOUNT_ID | {
    "metric": "Which metric, by Instagram's name.",
    "period": "day; week and days_28: the last 7 and 28 days; lifetime: hours of a day; moment: when it was read.",
    "breakdown": "Empty for the whole; else dimension=value, several joined by a comma.",
    "period_end": "The instant at which the period ends. For moment it says nothing and is 1970-01-01.",
    "value": "The number.",
}
_AUDIENCE = {
    "metric": "follower_demographics or engaged_audience_demographics.",
    "timeframe": "this_week (7 days), this_month (30 days); of followers also last_14_days, last_30_days, "
    "last_90_days, prev_month.",
    "breakdown": "age, city, country, gender, or age,gender.",
}
_COUNTS = {"counts": "Object of group and number. Groups of two dimensions are joined by a vertical bar."}
_STEPS = {
    "next_action_at": "When the scheduler or a worker does something about it next.",
    "leased_until": "Until when a worker holds it.",
    "claim": "Rises each time somebody takes it.",
    "tries": "Failed tries of the step that is owed.",
}
_PUBLIC_COUNT = {
    "watch_id": "Of which competitor (watches.id).",
    "metric": "followers_count, follows_count or media_count.",
    "value": "The number.",
}
_PUBLIC_METRICS = {
    "like_count": "Likes; null where its owner hides them.",
    "comments_count": "Comments.",
    "view_count": "Views of a reel of a competitor, which may include those on Facebook and of ads.",
}
_DAY = {
    "day": "The day of Instagram, which ends at midnight on the Pacific coast.",
    "period_end": "The instant at which that day ends.",
}

TABLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "media": (
        "Every media of an account that was seen, whoever posted it.",
        _ID
        | _ACCOUNT_ID
        | {"ig_id": "Instagram's id of it."}
        | _PART_ID
        | _MEDIA_KIND
        | _SHOWN
        | _POSTED_AT
        | {
            "extra": "What else the list showed; gone_at: when it was missed; own_read_at: when what only its kind has "
            "was read; no_insights, not_on_facebook: there are none."
        }
        | _SEEN,
    ),
    "media_snapshots": (
        "One row for each reading of a media that changed something, with all that the answer said. Append-only.",
        {
            "media_id": "Which media (media.id).",
            "captured_at": "When it was read.",
        }
        | _RUN
        | MEDIA_METRICS,
    ),
    "media_latest": (
        "The newest known value of each metric of a media.",
        {"media_id": "Which media (media.id)."} | _CHANGED | _CHECKED | MEDIA_METRICS,
    ),
    "account_observations": (
        "Every value of an account that was read and differed from the one before. Append-only.",
        _SERIES | {"captured_at": "When it was read."} | _RUN,
    ),
    "account_latest": (
        "The newest known value of each metric, breakdown and period of an account.",
        _SERIES | {"captured_at": "When this value was read first."} | _CHECKED,
    ),
    "audience_snapshots": (
        "A demographic breakdown whenever it changed. Append-only.",
        _ACCOUNT_ID | _AUDIENCE | {"captured_at": "When it was read."} | _COUNTS | _RUN,
    ),
    "audience_latest": (
        "The newest known state of each demographic breakdown.",
        _ACCOUNT_ID | _AUDIENCE | _COUNTS | {"captured_at": "When this state was read first."} | _CHECKED,
    ),
    "tags": (
        "Media of others in which the account is tagged. What was first seen stays as it was.",
        _ID
        | _ACCOUNT_ID
        | {
            "ig_media_id": "Instagram's id of the media.",
            "username": "Who posted it.",
            "caption": "Its caption.",
            "media_type": "IMAGE, VIDEO or CAROUSEL_ALBUM.",
            "permalink": "Its address.",
        }
        | _POSTED_AT
        | {"extra": "What else the list showed."}
        | _SEEN,
    ),
    "mentions": (
        "Captions and comments of others that name the account.",
        _ID
        | _ACCOUNT_ID
        | {
            "ig_media_id": "Instagram's id of the media.",
            "ig_comment_id": "Instagram's id of the comment; empty for a caption.",
            "state": "announced, read, or unreadable: Instagram will not show it.",
            "username": "Who wrote it.",
            "text": "What was written.",
            "media_url": "Address of the picture or video.",
            "mentioned_at": "When it was written.",
            "announced_at": "When the webhook came.",
            "read_at": "When it was read.",
            "error": "Why it could not be read.",
            "extra": "What else the answer held.",
        },
    ),
    "comments": (
        "Comments on the account's own media. What was first seen stays as it was.",
        _ID
        | _ACCOUNT_ID
        | {
            "ig_id": "Instagram's id of the comment.",
            "ig_media_id": "Instagram's id of the media.",
            "parent_ig_id": "Instagram's id of the comment that it answers.",
            "username": "Who wrote it.",
            "text": "What was written.",
            "commented_at": "When it was written.",
            "extra": "What else was told.",
        }
        | _SEEN,
    ),
    "harvests": (
        "What is read of an account, and how often: one row for each account and kind.",
        _ID
        | _ACCOUNT_ID
        | {
            "kind": "What is read.",
            "cron": "When, as five cron fields in the account's zone.",
            "slot_at": "The slot that is owed; null until it is planned.",
            **_STEPS,
            "refused": "Object of metric and the instant at which it is asked for again.",
            "done_at": "Up to when its slots are done: a run that ends late stands for all slots until then.",
            "covered_at": "When a run that came through last ended; null when none ever did.",
            "last_run_id": "The run that was begun last (harvest_runs.id), backfills aside.",
        },
    ),
    "harvest_runs": (
        "One row for each slot of a harvest.",
        _ID
        | {
            "harvest_id": "Of which harvest (harvests.id).",
            "slot_at": "Of which slot.",
            "backfill_id": "Of which backfill (backfills.id); null for a slot.",
            "status": "running, done, partial (something was refused) or failed.",
            "calls": "Calls to Instagram.",
            "rows": "Points added to the history.",
            "errors": "What went wrong, in the order in which it did.",
            "api_version": "Version of the Graph API.",
            "started_at": "When its first try began.",
            "finished_at": "When it ended.",
        },
    ),
    "backfills": (
        "Requests to read back: one row for each account and kind.",
        _ID
        | _ACCOUNT_ID
        | {
            "kind": "What is read.",
            "since": "Back to when.",
            "requested_at": "When it was asked for.",
            "cursor": "How far it has come.",
            "progress": "The same as a share from 0 to 1.",
            "finished_at": "When it ended.",
        }
        | _STEPS,
    ),
    "replies": (
        "Replies of the account to mentions.",
        _ID
        | _ACCOUNT_ID
        | {
            "mention_id": "To which mention (mentions.id).",
            "number": "Which reply to that mention, from 1.",
            "text": "What is said.",
            "state": "How far it is; needs_review: only a person can tell whether it stands.",
            "comment_id": "Instagram's id of it.",
            "sends": "How often it was sent; more than once only after reading showed that it did not stand.",
            "reads": "How often it was looked for.",
            "error": "What went wrong last.",
            "created_at": "When it was asked for.",
            "intent_at": "When the call that may have worked was begun.",
            "settled_at": "When it was known what became of it.",
            "settled_by": "Who or what settled it.",
        }
        | _STEPS,
    ),
    "watches": (
        "Whom an account looks at: competitors and hashtags.",
        _ID
        | _ACCOUNT_ID
        | {
            "kind": "competitor or hashtag.",
            "name": "User name of the competitor, or the hashtag without its sign.",
            "ig_id": "Instagram's id of it, once known.",
            "created_at": "Since when it is looked at.",
            "ended_at": "When that was ended; its history stays.",
            "last_checked_at": "When it was read last.",
        },
    ),
    "competitor_observations": (
        "Every public count of a competitor that differed from the one before. Append-only.",
        _PUBLIC_COUNT | {"captured_at": "When it was read."} | _RUN,
    ),
    "competitor_latest": (
        "The newest known public counts of a competitor.",
        _PUBLIC_COUNT | {"captured_at": "When this value was read first."} | _CHECKED,
    ),
    "public_media": (
        "Media of others that were seen at a competitor or a hashtag.",
        _ID
        | {
            "watch_id": "Where it was seen (watches.id).",
            "ig_id": "Instagram's id of it.",
            "media_type": "IMAGE, VIDEO or CAROUSEL_ALBUM.",
        }
        | _SHOWN
        | _POSTED_AT
        | _SEEN,
    ),
    "public_media_snapshots": (
        "One row for each reading of such a media that changed something. Append-only.",
        {"public_media_id": "Which media (public_media.id).", "captured_at": "When it was read."}
        | _PUBLIC_METRICS
        | _RUN,
    ),
    "public_media_latest": (
        "The newest known public counts of such a media.",
        {"public_media_id": "Which media (public_media.id)."} | _PUBLIC_METRICS | _CHANGED | _CHECKED,
    ),
    "hashtag_tops": (
        "The top media of a hashtag whenever they changed. Append-only.",
        {
            "watch_id": "Of which hashtag (watches.id).",
            "captured_at": "When they were read.",
            "ig_ids": "Instagram's ids of them, in its order.",
        }
        | _RUN,
    ),
    "hashtag_searches": (
        "Hashtags that an account has asked for: 30 different ones in 7 days are allowed.",
        _ACCOUNT_ID | {"name": "The hashtag without its sign.", "searched_at": "When it was asked for last."},
    ),
    "dropped_months": (
        "Months of the history that retention has dropped.",
        {
            "table_name": "Of which table.",
            "since": "The first instant of the month (UTC).",
            "until": "The first instant after it.",
            "bytes": "What it took on disk, bytes.",
            "dropped_at": "When it was dropped.",
        },
    ),
}

VIEWS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "account_daily": (
        "One row for each account and day with the newest known values. Null: Instagram said nothing.",
        _ACCOUNT
        | _DAY
        | DAILY_METRICS
        | {
            "other": "Object of the metrics of the day that have no column, by Instagram's name.",
            "parts": "Object of the values of all breakdowns, as metric:dimension=value.",
            "captured_at": "When the newest change of the day was read.",
            "last_checked_at": "Until when all values of the day have been read: the oldest of their last readings.",
            "is_settled": "All of them were read 48 hours after the day or later: Instagram restates no more.",
        },
    ),
    "media_curve": (
        "One row for each reading of a media that changed something. Null: that answer did not say.",
        _ACCOUNT
        | _MEDIA_OF
        | _MEDIA_KIND
        | _POSTED_AT
        | {"captured_at": "When it was read.", "age_hours": "Hours from its posting to the reading."}
        | MEDIA_METRICS,
    ),
    "media_totals": (
        "One row for each media with the newest known value of each metric.",
        _ACCOUNT
        | _MEDIA_OF
        | _PART_ID
        | _MEDIA_KIND
        | _POSTED_AT
        | _SHOWN
        | MEDIA_METRICS
        | _CHANGED
        | _CHECKED
        | {"gone_at": "When it was missed in the account's list; null while it is there."},
    ),
    "story_final": (
        "One row for each story with the last numbers it had.",
        _ACCOUNT
        | _MEDIA_OF
        | {"media_type": "IMAGE or VIDEO."}
        | _POSTED_AT
        | {"permalink": _SHOWN["permalink"]}
        | {
            name: _MEDIA_METRICS[name]
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
            "extra": _EXTRA,
        }
        | _CHANGED
        | _CHECKED
        | {
            "last_age_hours": "How old it was at the last reading, hours.",
            "is_final": "It was read in its last hour or later. Instagram tells its numbers for 24 hours.",
        },
    ),
    "audience": (
        "One row for each group of a demographic breakdown, the newest known ones.",
        _ACCOUNT
        | _AUDIENCE
        | {
            "category": "Which group, such as NO or 25-34; of age,gender such as 25-34|F.",
            "people": "How many. Instagram gives the 45 largest groups, so they need not add up to all.",
            "captured_at": "When this state of the breakdown was read first.",
        }
        | _CHECKED,
    ),
    "follower_growth": (
        "Followers at the end of each day on which they were read.",
        _ACCOUNT
        | {
            "day": "The day in the account's zone.",
            "followers": "The last count read on that day.",
            "change": "Against the day before; null when that one was not read.",
            "read_at": "When that was read; of a count that had not changed, the last reading of the day.",
        },
    ),
}

AS_OF: dict[str, str] = {
    "account_daily": "without last_checked_at and is_settled",
    "media_curve": "readings until then",
    "media_totals": "media seen by then, without last_checked_at and gone_at; caption and permalink are today's",
    "story_final": "stories seen by then, without last_checked_at, last_age_hours and is_final",
    "audience": "without last_checked_at",
    "follower_growth": "readings until then",
}
"""What each view's as-of function leaves out."""
