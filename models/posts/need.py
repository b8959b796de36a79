"""When posts need the files that are being made right, and once more what failed: the queue in order of need."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from models.owed.claims import wake_schedulers
from models.posts.conversion import Conversion, ConversionState

_HOLD = text("""
    SELECT c.id, c.state FROM conversions c
     WHERE c.state = ANY(:states)
       AND c.id IN (SELECT t.conversion_id FROM parts t WHERE t.post_id = ANY(:posts) AND t.dropped_at IS NULL
                    UNION SELECT p.cover_conversion_id FROM posts p WHERE p.id = ANY(:posts))
     ORDER BY c.source_sha256 COLLATE "C", c.recipe_key COLLATE "C" FOR UPDATE
""")
_OWED = text("""
    SELECT source_sha256, recipe_key FROM conversions
     WHERE state = 'asked'
       AND id IN (SELECT t.conversion_id FROM parts t WHERE t.post_id = ANY(:posts) AND t.dropped_at IS NULL
                  UNION SELECT p.cover_conversion_id FROM posts p WHERE p.id = ANY(:posts))
""")
_HOLD_ONE = text("""
    SELECT id FROM conversions
     WHERE source_sha256 = :source_sha256 AND recipe_key = :recipe_key AND state = 'asked' FOR UPDATE
""")
# A statement of its own: it sees what those that held the rows before have committed.
_NEED = text("""
    WITH used AS (SELECT t.conversion_id AS id, t.post_id FROM parts t
                   WHERE t.conversion_id = ANY(:ids) AND t.dropped_at IS NULL
                  UNION ALL
                  SELECT p.cover_conversion_id, p.id FROM posts p WHERE p.cover_conversion_id = ANY(:ids)
    ), needed AS (
        SELECT u.id, min(coalesce(g.at, p.publish_at)) AS at
          FROM used u JOIN posts p ON p.id = u.post_id
          LEFT JOIN unnest(CAST(:posts AS bigint[]), CAST(:times AS timestamptz[])) AS g(id, at) ON g.id = p.id
         WHERE g.id IS NOT NULL OR p.state IN ('draft', 'scheduled')
         GROUP BY u.id
    )
    UPDATE conversions c SET needed_at = n.at FROM needed n WHERE c.id = n.id
""")


def need_by(tx: Session, times: Mapping[int, datetime]) -> None:
    """These posts are due then: what they need is made in time for them, and for others that need the same.

    Before the posts' rows are locked: whoever settles one goes on to its posts.
    """
    values = {"posts": list(times), "states": [ConversionState.ASKED.value]}
    write_needs(tx, [row.id for row in tx.execute(_HOLD, values)], times)


def owed_of(tx: Session, posts: Collection[int]) -> set[tuple[str, str]]:
    """What these posts wait for: digest of the input and key of the recipe of each. Nothing is locked."""
    return {(row.source_sha256, row.recipe_key) for row in tx.execute(_OWED, {"posts": list(posts)})}


def hold(tx: Session, key: tuple[str, str]) -> int | None:
    """Lock the one of that input and recipe, for `write_needs`; its number, or None if nobody waits for it any more."""
    found: int | None = tx.scalar(_HOLD_ONE, {"source_sha256": key[0], "recipe_key": key[1]})
    return found


def write_needs(tx: Session, ids: Sequence[int], times: Mapping[int, datetime]) -> None:
    """Write down when these, which the caller has locked, are needed now that these posts are due then."""
    if ids:
        tx.execute(_NEED, {"ids": list(ids), "posts": list(times), "times": list(times.values())})


def ask_again(tx: Session, post_id: int, *, now: datetime, needed_at: datetime) -> int:
    """Have those of the post that failed tried once more, in time for then; returns how many."""
    states = [ConversionState.ASKED.value, ConversionState.FAILED.value]  # in one order with what `need_by` holds
    held = tx.execute(_HOLD, {"posts": [post_id], "states": states})
    failed = [row.id for row in held if row.state == ConversionState.FAILED.value]
    if failed:
        values: dict[str, Any] = {
            "state": "asked",
            "error": None,
            "settled_at": None,
            "tries": 0,
            "next_action_at": now,
            "needed_at": needed_at,
        }
        tx.execute(update(Conversion).where(Conversion.id.in_(failed)).values(values))
        wake_schedulers(tx)
    return len(failed)
