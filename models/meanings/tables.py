"""What each table of the history is, and each of its columns."""

from __future__ import annotations

from collections.abc import Mapping

from models.meanings.columns import (
    ACCOUNT_ID,
    AUDIENCE,
    CHANGED,
    CHECKED,
    COUNTS,
    ERASED,
    ID,
    MEDIA_KIND,
    MEDIA_METRICS,
    PART_ID,
    POSTED_AT,
    PUBLIC_COUNT,
    PUBLIC_METRICS,
    RUN,
    SEEN,
    SERIES,
    SHOWN,
    STEPS,
    TOLD,
)
from models.meanings.readings import READINGS

TABLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    **READINGS,
    "media": (
        "Every media of an account that was seen, whoever posted it.",
        ID
        | ACCOUNT_ID
        | {"ig_id": "Instagram's id of it."}
        | PART_ID
        | MEDIA_KIND
        | SHOWN
        | POSTED_AT
        | {
            "extra": "What else the list showed (shortcode, alt_text, is_shared_to_feed); odd: what was of the wrong "
            "kind, as it came."
        }
        | SEEN,
    ),
    "media_snapshots": (
        "One row for each reading of a media that changed something, with all that the answer said. Append-only.",
        {
            "media_id": "Which media (media.id).",
            "captured_at": "When it was read.",
        }
        | RUN
        | MEDIA_METRICS,
    ),
    "media_latest": (
        "The newest known value of each metric of a media.",
        {"media_id": "Which media (media.id)."} | CHANGED | CHECKED | MEDIA_METRICS | TOLD,
    ),
    "poll_tallies": (
        "How the poll of a media stood, whenever that changed: of posts that Pressrun published. Append-only.",
        {
            "media_id": "Which media (media.id).",
            "captured_at": "When it was read.",
            "options": "List of its options in order: text, and votes_share from 0 to 1 (null: Instagram did not say).",
            "expires_at": "When the poll ends, as Instagram says.",
            "extra": "What else the answer held.",
        },
    ),
    "account_zones": (
        "Which zone an account had on which of its days: the days that have been keep their bounds.",
        ACCOUNT_ID
        | {
            "first_day": "The first day of this zone; 1970-01-01 for the one that the account joined with.",
            "timezone": "The zone, by its IANA name.",
            "changed_at": "When that was said. Where the new zone is ahead, its first day begins then.",
        },
    ),
    "account_observations": (
        "Every value of an account that was read and differed from the one before. Append-only.",
        SERIES | {"captured_at": "When it was read."} | RUN,
    ),
    "account_latest": (
        "The newest known value of each metric, breakdown and period of an account.",
        SERIES | {"captured_at": "When this value was read first."} | CHECKED,
    ),
    "audience_snapshots": (
        "A demographic breakdown whenever it changed. Append-only.",
        ACCOUNT_ID | AUDIENCE | {"captured_at": "When it was read."} | COUNTS | RUN,
    ),
    "audience_latest": (
        "The newest known state of each demographic breakdown.",
        ACCOUNT_ID | AUDIENCE | COUNTS | {"captured_at": "When this state was read first."} | CHECKED,
    ),
    "tags": (
        "Media of others in which the account is tagged. What was first seen stays as it was.",
        ID
        | ACCOUNT_ID
        | {
            "ig_media_id": "Instagram's id of the media.",
            "username": "Who posted it.",
            "caption": "Its caption.",
            "media_type": "IMAGE, VIDEO or CAROUSEL_ALBUM.",
            "permalink": "Its address.",
        }
        | POSTED_AT
        | {"extra": "What else the list showed; odd: what was of the wrong kind, as it came."}
        | SEEN
        | ERASED,
    ),
    "mentions": (
        "Captions and comments of others that name the account.",
        ID
        | ACCOUNT_ID
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
        }
        | ERASED,
    ),
    "comments": (
        "Comments on the account's own media, as they were last seen.",
        ID
        | ACCOUNT_ID
        | {
            "ig_id": "Instagram's id of the comment.",
            "ig_media_id": "Instagram's id of the media.",
            "parent_ig_id": "Instagram's id of the comment that it answers.",
            "username": "Who wrote it.",
            "text": "What was written.",
            "commented_at": "When it was written.",
            "is_hidden": "Whether the account hides it; null as long as no list has told.",
            "gone_at": "When it was missed in a list that was read whole, or Instagram said that it does not exist.",
            "changed_at": "When it was last seen otherwise than before: its states are in comment_versions.",
            "extra": "What else was told when it was first seen.",
        }
        | SEEN
        | ERASED,
    ),
    "comment_versions": (
        "Each state in which a comment was seen that has changed, the first one included. Append-only.",
        ID
        | {
            "comment_id": "Which comment (comments.id).",
            "seen_at": "When it was first seen so; where a late list has shown it otherwise before, at a later time.",
            "text": "What was written.",
            "is_hidden": "Whether the account hides it.",
            "is_gone": "Whether it had gone.",
        },
    ),
    "replies": (
        "Replies of the account to mentions, and to comments on its media.",
        ID
        | ACCOUNT_ID
        | {
            "mention_id": "To which mention (mentions.id).",
            "to_comment_id": "Or to which comment (comments.id).",
            "number": "Which reply to that, from 1.",
            "text": "What is said.",
            "state": "How far it is; needs_review: only a person can tell whether it stands.",
            "comment_id": "Instagram's id of it.",
            "sends": "How often it was sent; more than once only after reading showed that it did not stand.",
            "error": "What went wrong last.",
            "created_at": "When it was asked for.",
            "intent_at": "When the call that may have worked was begun.",
            "settled_at": "When it was known what became of it.",
            "settled_by": "Who or what settled it.",
        }
        | STEPS,
    ),
    "watches": (
        "Whom an account looks at: competitors and hashtags.",
        ID
        | ACCOUNT_ID
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
        PUBLIC_COUNT | {"captured_at": "When it was read."} | RUN,
    ),
    "competitor_latest": (
        "The newest known public counts of a competitor.",
        PUBLIC_COUNT | {"captured_at": "When this value was read first."} | CHECKED,
    ),
    "public_media": (
        "Media of others that were seen at a competitor or a hashtag.",
        ID
        | {
            "watch_id": "Where it was seen (watches.id).",
            "ig_id": "Instagram's id of it.",
            "media_type": "IMAGE, VIDEO or CAROUSEL_ALBUM.",
        }
        | SHOWN
        | POSTED_AT
        | SEEN,
    ),
    "public_media_snapshots": (
        "One row for each reading of such a media that changed something. Append-only.",
        {"public_media_id": "Which media (public_media.id).", "captured_at": "When it was read."}
        | PUBLIC_METRICS
        | RUN,
    ),
    "public_media_latest": (
        "The newest known public counts of such a media.",
        {"public_media_id": "Which media (public_media.id)."} | PUBLIC_METRICS | CHANGED | CHECKED,
    ),
    "hashtag_tops": (
        "The top media of a hashtag whenever they changed. Append-only.",
        {
            "watch_id": "Of which hashtag (watches.id).",
            "captured_at": "When they were read.",
            "ig_ids": "Instagram's ids of them, in its order.",
        }
        | RUN,
    ),
    "hashtag_searches": (
        "Hashtags that an account has asked for: 30 different ones in 7 days are allowed.",
        ACCOUNT_ID | {"name": "The hashtag without its sign.", "searched_at": "When it was asked for last."},
    ),
    "dropped_months": (
        "Months of the history of which retention has dropped all, or is dropping it.",
        {
            "table_name": "Of which table.",
            "since": "The first instant of the month (UTC).",
            "until": "The first instant after it.",
            "bytes": "What it took on disk, bytes.",
            "dropped_at": "When it was dropped.",
        },
    ),
}
