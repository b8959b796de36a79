"""How each table ends: what retention takes of it, and which of its rows are an account's. Every table stands here.

In the order in which rows can go: what refers to others comes before them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_OF_IT = "t.account_id = :account_id"
_OF_POST = "t.post_id IN (SELECT id FROM posts WHERE account_id = :account_id)"
_OF_MEDIA = "t.media_id IN (SELECT id FROM media WHERE account_id = :account_id)"
_OF_WATCH = "t.watch_id IN (SELECT id FROM watches WHERE account_id = :account_id)"
_OF_PUBLIC_MEDIA = (
    "t.public_media_id IN (SELECT m.id FROM public_media m JOIN watches w ON w.id = m.watch_id"
    " WHERE w.account_id = :account_id)"
)
_OF_ATTEMPT = f"({_OF_POST} OR t.reply_id IN (SELECT id FROM replies WHERE account_id = :account_id))"  # noqa: S608 - constants


@dataclass(frozen=True)
class Months:
    """Monthly partitions (`models/store/partitions.py`), dropped as a whole."""


@dataclass(frozen=True)
class Days:
    """Daily partitions, dropped by a setting of their own."""


@dataclass(frozen=True)
class Swept:
    """Row by row, a few at a time."""

    is_old: str
    """Condition on a row `t`, with `:before`: the first instant that is kept."""
    oldest: str
    """The column by which the oldest is found, through an index where the table is large."""
    before_it: tuple[str, ...] = ()
    """What has to go before the rows whose ids are `:ids`."""
    is_guarded: bool = False
    """It is append-only: its months, by `captured_at` or `seen_at`, are written down as dropped."""


@dataclass(frozen=True)
class Stays:
    """Retention takes nothing of it."""

    why: str


@dataclass(frozen=True)
class End:
    of_account: str | None
    """Which rows `t` are those of `:account_id`; None: they are of no account."""
    retention: Months | Days | Swept | Stays


_NEWEST = Stays("the newest known value of everything is kept, whatever its age")
_PUBLISHING = Stays("what was published, when and by which call, is kept as long as its account")
_FEW = Stays("as many as people set up")

_TOLD = "t.first_seen_at < :before AND t.last_seen_at < :before AND t.erased_at IS NULL"
"""Seen no more for that long. What was erased stays as a mark, so that it is not read again."""

_OLD_MENTION = """
    t.announced_at < :before AND t.state <> 'announced' AND t.erased_at IS NULL
    AND NOT EXISTS (SELECT FROM replies r WHERE r.mention_id = t.id
                       AND (r.state NOT IN ('sent', 'failed') OR coalesce(r.settled_at, r.created_at) >= :before))
"""
_OLD_COMMENT = f"""
    {_TOLD} AND NOT EXISTS (SELECT FROM comment_versions v WHERE v.comment_id = t.id)
    AND NOT EXISTS (SELECT FROM replies r WHERE r.to_comment_id = t.id
                       AND (r.state NOT IN ('sent', 'failed') OR coalesce(r.settled_at, r.created_at) >= :before))
"""  # noqa: S608 - constants


def _its_replies(column: str) -> tuple[str, ...]:
    return (
        "UPDATE blocks SET attempt_id = NULL WHERE attempt_id IN (SELECT a.id FROM attempts a JOIN replies r "  # noqa: S608
        f"ON r.id = a.reply_id WHERE r.{column} = ANY(:ids))",
        f"DELETE FROM attempts WHERE reply_id IN (SELECT id FROM replies WHERE {column} = ANY(:ids))",  # noqa: S608
        f"DELETE FROM replies WHERE {column} = ANY(:ids)",  # noqa: S608
    )


_UNUSED = """
    t.settled_at < :before AND t.state <> 'asked'
    AND NOT EXISTS (SELECT FROM parts p WHERE p.conversion_id = t.id)
    AND NOT EXISTS (SELECT FROM posts p WHERE p.cover_conversion_id = t.id)
"""

_OLD_NOTICE = """
    t.at < :before AND t.next_action_at IS NULL
    AND NOT EXISTS (SELECT FROM delivery_notices n JOIN deliveries d ON d.id = n.delivery_id
                     WHERE n.notice_id = t.id AND d.state IN ('owed', 'parked'))
"""
_HOLDS_NOTHING = "NOT EXISTS (SELECT FROM delivery_notices n WHERE n.delivery_id = t.id)"
"""A delivery goes with the last notice that it held."""
_HOLDS_NO_OTHERS = (
    "NOT EXISTS (SELECT FROM delivery_notices n JOIN notices o ON o.id = n.notice_id"
    " WHERE n.delivery_id = t.id AND o.account_id IS DISTINCT FROM :account_id)"
)

ENDS: Mapping[str, End] = {
    "delivery_notices": End(
        "t.notice_id IN (SELECT id FROM notices WHERE account_id = :account_id)", Stays("it goes with its notice")
    ),
    "deliveries": End(
        _HOLDS_NO_OTHERS, Swept(f"t.created_at < :before AND t.state <> 'owed' AND {_HOLDS_NOTHING}", "created_at")
    ),
    "notices": End(_OF_IT, Swept(_OLD_NOTICE, "at", ("DELETE FROM delivery_notices WHERE notice_id = ANY(:ids)",))),
    "notice_rules": End(_OF_IT, _FEW),
    "endpoints": End(None, _FEW),
    "audit": End(None, Swept("t.seen_at < :before", "seen_at", is_guarded=True)),
    "grants": End(_OF_IT, _FEW),
    "links": End(None, Swept("t.expires_at < :before", "expires_at")),
    "sessions": End(None, Swept("t.expires_at < :before", "expires_at")),
    "api_keys": End(None, _FEW),
    "users": End(None, _FEW),
    "quota_entries": End(_OF_IT, _PUBLISHING),
    "blocks": End(_OF_IT, Swept("t.until < :before", "until")),
    "attempts": End(_OF_ATTEMPT, _PUBLISHING),
    "uploads": End(_OF_IT, Swept("t.settled_at < :before AND t.next_action_at IS NULL", "created_at")),
    "containers": End(_OF_IT, _PUBLISHING),
    "post_events": End(_OF_POST, _PUBLISHING),
    "follow_ups": End(_OF_IT, Swept("t.ended_at < :before", "ended_at")),
    "poll_tallies": End(_OF_MEDIA, Swept("t.captured_at < :before", "captured_at", is_guarded=True)),
    "media_snapshots": End(_OF_MEDIA, Months()),
    "media_latest": End(_OF_MEDIA, _NEWEST),
    "media_states": End(_OF_MEDIA, Stays("one for each media")),
    "media": End(_OF_IT, _NEWEST),
    "bucket_uses": End(
        f"t.part_id IN (SELECT p.id FROM parts p WHERE {_OF_POST.replace('t.', 'p.')})",  # noqa: S608 - constants
        Stays("it goes with its object"),
    ),
    "bucket_objects": End(
        None,
        Swept(
            "t.removed_at < :before AND t.state = 'gone'",
            "created_at",
            ("DELETE FROM bucket_uses WHERE object_id = ANY(:ids)",),
        ),
    ),
    "parts": End(_OF_POST, _PUBLISHING),
    "replies": End(_OF_IT, Stays("it goes with its mention or comment")),
    "mentions": End(_OF_IT, Swept(_OLD_MENTION, "announced_at", _its_replies("mention_id"))),
    "comment_versions": End(
        "t.comment_id IN (SELECT id FROM comments WHERE account_id = :account_id)",
        Swept("t.seen_at < :before", "seen_at", is_guarded=True),
    ),
    "comments": End(_OF_IT, Swept(_OLD_COMMENT, "first_seen_at", _its_replies("to_comment_id"))),
    "tags": End(_OF_IT, Swept(_TOLD, "first_seen_at")),
    "post_words": End(_OF_POST, Stays("it goes with its post")),
    "posts": End(_OF_IT, _PUBLISHING),
    "conversions": End(None, Swept(_UNUSED, "settled_at")),
    "slots": End(_OF_IT, _FEW),
    "public_media_snapshots": End(_OF_PUBLIC_MEDIA, Months()),
    "public_media_latest": End(_OF_PUBLIC_MEDIA, Stays("it goes with its media")),
    "public_media": End(
        _OF_WATCH,
        Swept(
            "t.first_seen_at < :before AND t.last_seen_at < :before",
            "first_seen_at",
            ("DELETE FROM public_media_latest WHERE public_media_id = ANY(:ids)",),
        ),
    ),
    "competitor_observations": End(_OF_WATCH, Months()),
    "competitor_latest": End(_OF_WATCH, _NEWEST),
    "hashtag_tops": End(_OF_WATCH, Months()),
    "hashtag_searches": End(_OF_IT, Swept("t.searched_at < :before", "searched_at")),
    "watches": End(_OF_IT, _FEW),
    "account_observations": End(_OF_IT, Months()),
    "account_latest": End(_OF_IT, _NEWEST),
    "audience_snapshots": End(_OF_IT, Swept("t.captured_at < :before", "captured_at", is_guarded=True)),
    "audience_latest": End(_OF_IT, _NEWEST),
    "raw_answers": End(_OF_IT, Days()),
    "harvest_runs": End(
        "t.harvest_id IN (SELECT id FROM harvests WHERE account_id = :account_id)",
        Months(),
    ),
    "backfills": End(
        _OF_IT,
        Swept(
            "t.finished_at < :before AND NOT EXISTS (SELECT FROM harvest_runs r WHERE r.backfill_id = t.id)",
            "finished_at",
        ),
    ),
    "harvests": End(_OF_IT, _FEW),
    "inbox_events": End(
        _OF_IT,
        Swept(
            "t.received_at < :before AND t.next_action_at IS NULL AND coalesce(t.leased_until <= now(), true)",
            "received_at",
        ),
    ),
    "inquiries": End(_OF_IT, Swept("t.settled_at < :before", "settled_at")),
    "subscriptions": End(_OF_IT, Stays("one for each account")),
    "gates": End(_OF_IT, Stays("one for each account and app")),
    "connections": End(
        "(t.account_id = :account_id OR t.ig_id = (SELECT ig_id FROM accounts WHERE id = :account_id))",
        Swept("t.settled_at < :before", "settled_at"),
    ),
    "tokens": End(_OF_IT, Stays("one or two for each account")),
    "covered_days": End(_OF_IT, Stays("says of days whose history was dropped that they were read: one a day")),
    "harvest_gaps": End(_OF_IT, Stays("says what was never read, for as long as the account")),
    "coverage_news": End(_OF_IT, Stays("each for a week; the upkeep takes those that are older")),
    "drafts": End(_OF_IT, Stays("until somebody queues or drops it")),
    "account_zones": End(_OF_IT, Stays("one for each time that an account changes its zone")),
    "account_names": End(_OF_IT, Stays("one for each time that an account is renamed")),
    "accounts": End("t.id = :account_id", _FEW),
    "library_tags": End(None, Stays("it goes with its item")),
    "library_items": End(None, _FEW),
    "campaigns": End(None, Swept("t.at < :before", "at")),
    "given_answers": End(None, Stays("each for a day; whoever asks under a key takes those that have ended")),
    "seen_invariants": End(None, _FEW),
    "dropped_months": End(None, Stays("the record of what retention took: a few rows a month")),
    "data_deletions": End(None, Stays("the record of what people asked to have deleted")),
    "erasures": End(None, Stays("the record of what people had erased")),
}
