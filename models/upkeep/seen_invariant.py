"""Until when each invariant was seen to hold, and what has to be looked at since: `doctor` costs the same every year.

A narrowed invariant is the same query over fewer rows: a table that grows is shadowed by those of its rows that have
changed since. What is narrow by its nature, by a partial index or the number of accounts, is asked as it stands. Rows
are found by when they were read or begun; one that is changed long after that is looked at by the full form alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.posts.states import PostState
from models.store.base import Base
from models.store.types import Instant, Str
from models.upkeep.invariants import INVARIANTS, violations

OVERLAP = timedelta(days=1)
"""Rows are committed after the time that they tell, and an attempt is settled after it was begun."""
UNSEEN = timedelta(days=1)
"""How far back is looked for what has never been seen to hold."""
_SINCE = "@since"


class SeenInvariant(Base):
    __tablename__ = "seen_invariants"

    name: Mapped[Str] = mapped_column(primary_key=True)
    held_at: Mapped[Instant]
    """When a look found no violation."""


class Look(NamedTuple):
    """What a look at the invariants has found."""

    violated: dict[str, list[str]]
    since: datetime | None
    """What had changed before that was not looked at; None when all was."""


# As arrays, so that what they name is looked up by its index: of a join Postgres would read the whole.
_BEGUN = "SELECT {} FROM attempts WHERE intent_at >= @since"
_OF_REPLIES = " UNION ALL ".join(
    (
        _BEGUN.format("reply_id"),
        "SELECT id FROM replies WHERE created_at >= @since",
        "SELECT id FROM replies WHERE next_action_at IS NOT NULL",
    )
)
_REPLIES = {"replies": f"id IN ({_OF_REPLIES})"}
_CAPTURED = "captured_at >= @since"
_PUBLIC = ("competitor_latest", "competitor_observations", "public_media_latest", "public_media_snapshots")
_ATTEMPTS = {"attempts": "intent_at >= @since"}
_POSTS = {"posts": "state = 'published' AND publish_at >= @since - interval '7 days'"}
"""Posts that are published late, and whose comment comes later still."""
_STATES = ", ".join(f"'{state.value}'" for state in PostState)
"""All of them: the index of `publish_at` begins with the state."""
_OF_POSTS = " UNION ALL ".join(
    (
        "SELECT post_id FROM post_events WHERE at >= @since",
        f"SELECT id FROM posts WHERE state IN ({_STATES}) AND publish_at >= @since - interval '7 days'",  # noqa: S608
    )
)

NARROWED: Mapping[str, Mapping[str, str]] = {
    "part_published_twice": {"attempts": f"part_id = ANY (ARRAY({_BEGUN.format('part_id')}))"},
    "media_claimed_twice": {
        "parts": "media_id IN (SELECT p.media_id FROM attempts t JOIN parts p ON p.id = t.part_id"
        " WHERE t.intent_at >= @since)"
    },
    "comment_posted_twice": {"attempts": f"post_id = ANY (ARRAY({_BEGUN.format('post_id')}))"},
    "result_claimed_twice": {"attempts": f"result_id = ANY (ARRAY({_BEGUN.format('result_id')}))"},
    "reply_sent_twice": {
        "replies": f"mention_id IN (SELECT mention_id FROM replies WHERE id IN ({_OF_REPLIES}))"  # noqa: S608
        f" OR to_comment_id = ANY (ARRAY(SELECT to_comment_id FROM replies WHERE id IN ({_OF_REPLIES})))"
    },
    "reply_unlike_its_attempt": _REPLIES,
    "comment_forgotten": _POSTS,
    "published_without_media_id": _POSTS,
    "success_without_media_id": _ATTEMPTS,
    "attempt_without_quota_place": _ATTEMPTS,
    "publish_while_shut": _ATTEMPTS,
    "quota_exceeded": {"quota_entries": "counted_at >= @since - interval '1 day'"},
    "token_in_text": {
        "posts": f"id IN ({_OF_POSTS})",
        "post_events": "at >= @since",
        "attempts": "intent_at >= @since",
        "harvest_runs": "started_at >= @since",
        "inbox_events": "received_at >= @since",
        "inquiries": "created_at >= @since",
        "follow_ups": "next_action_at IS NOT NULL",
        **_REPLIES,
    },
    # The points as well: Postgres would not see that those of other months cannot be the ones.
    "latest_without_point": dict.fromkeys(("account_latest", "account_observations"), _CAPTURED),
    "public_latest_without_point": dict.fromkeys(_PUBLIC, _CAPTURED),
    "media_latest_unlike_history": {"media_latest": _CAPTURED},
    "audience_latest_unlike_history": {"audience_latest": _CAPTURED},
    "comment_unlike_its_versions": {"comments": "changed_at >= @since"},
    "inbox_forgotten": {"inbox_events": "received_at >= @since"},
}
"""Which rows of which tables an invariant has to look at."""

# Each harvest by itself: its runs of the slots since, found through their index. What its row says of a later time than
# that without such a run was said of an older slot, which took more than a day to end.
OF_THEIR_OWN: Mapping[str, str] = {
    "harvest_unlike_its_runs": """
        SELECT 'harvest ' || h.id || ' says something else than its runs'
          FROM harvests h
         CROSS JOIN LATERAL (
                SELECT max(id) AS last_run_id,
                       max(greatest(slot_at, finished_at)) FILTER (WHERE finished_at IS NOT NULL) AS done_at,
                       max(finished_at) FILTER (WHERE status IN ('done', 'partial') AND covers) AS covered_at
                  FROM harvest_runs
                 WHERE harvest_id = h.id AND slot_at >= @since AND backfill_id IS NULL) r
         WHERE r.last_run_id <> coalesce(h.last_run_id, 0)
            OR r.done_at IS DISTINCT FROM h.done_at AND r.done_at IS NOT NULL
            OR r.covered_at IS DISTINCT FROM h.covered_at AND r.covered_at IS NOT NULL
            OR (r.last_run_id IS NOT NULL OR h.last_slot_at >= @since)
               AND NOT EXISTS (SELECT FROM harvest_runs l WHERE l.harvest_id = h.id AND l.slot_at = h.last_slot_at
                                  AND l.id = h.last_run_id)
            OR CASE WHEN r.done_at IS NULL AND h.done_at >= @since + interval '1 day'
                    THEN NOT EXISTS (SELECT FROM harvest_runs l WHERE l.harvest_id = h.id
                                        AND h.done_at IN (l.slot_at, l.finished_at)) END
            OR CASE WHEN r.covered_at IS NULL AND h.covered_at >= @since + interval '1 day'
                    THEN NOT EXISTS (SELECT FROM harvest_runs l WHERE l.harvest_id = h.id
                                        AND h.covered_at = l.finished_at) END
    """,
}


def look(tx: Session, *, full: bool = False) -> Look:
    """Look at what has changed since each invariant held, or at all of it; note which hold now."""
    now: datetime = tx.execute(select(func.clock_timestamp())).scalar_one()
    held = {row.name: row.held_at for row in tx.execute(select(SeenInvariant.name, SeenInvariant.held_at))}
    since = {name: min(held.get(name, now - UNSEEN), now) - OVERLAP for name in INVARIANTS}
    found = {name: violations(tx, query if full else narrowed(name, since[name])) for name, query in INVARIANTS.items()}
    holding = [{"name": name, "held_at": now} for name, lines in found.items() if not lines]
    if holding:
        noted = insert(SeenInvariant).values(holding)
        tx.execute(noted.on_conflict_do_update(index_elements=["name"], set_={"held_at": noted.excluded.held_at}))
    return Look({name: lines for name, lines in found.items() if lines}, None if full else min(since.values()))


def narrowed(name: str, since: datetime) -> str:
    """The query of that invariant over what has changed since."""
    query = OF_THEIR_OWN.get(name)
    if query is None:
        # In a WITH, the table's name is the table's; in what follows, it is that of its rows.
        shadows = [
            f"{table} AS NOT MATERIALIZED (SELECT * FROM {table} WHERE {condition})"  # noqa: S608 - constants
            for table, condition in NARROWED.get(name, {}).items()
        ]
        query = (f"WITH {', '.join(shadows)} " if shadows else "") + INVARIANTS[name].lstrip()
    return query.replace(_SINCE, f"CAST('{since.isoformat()}' AS timestamptz)")
