"""Arming: posts that wait for their second are claimed some seconds ahead, by the worker that will send them.

It is a claim like any other (`models/owed/claims.py`): a number that is raised, a lease that ends one hint lease after
the post's time, a holder whose end gives it back (`models/owed/presence.py`). Whoever changes the post raises the
number and has it; the intent, at the second, asks everything again (`models/publishing/plain_publish.py`). Nothing of
the post itself changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.owed.claims import wake_schedulers
from pressrun.clock import Deadline

# Those that wait for nothing but their time, and that the plain publish may take. What was put off for something else
# has a date of its own and is left to the scheduler.
_ARM = text("""
    WITH due AS MATERIALIZED (
        SELECT p.id
          FROM posts p JOIN accounts a ON a.id = p.account_id
         WHERE p.next_action_at > now() AND p.next_action_at <= now() + :ahead
           AND p.state = 'staged' AND p.leased_until IS NULL AND p.publish_at = p.next_action_at
           AND a.state = 'active' AND a.min_spacing_s = 0
           AND (SELECT count(*) FROM parts t
                 WHERE t.post_id = p.id AND t.parent_id IS NULL AND t.dropped_at IS NULL) = 1
         ORDER BY p.next_action_at, p.id
         LIMIT :limit
           FOR NO KEY UPDATE OF p SKIP LOCKED
    )
    UPDATE posts p
       SET claim = p.claim + 1, holder = :holder,
           next_action_at = p.publish_at + make_interval(secs => :lease_s),
           leased_until = p.publish_at + make_interval(secs => :lease_s)
      FROM due, accounts a
     WHERE p.id = due.id AND a.id = p.account_id
    RETURNING p.id, p.claim, p.account_id, a.login, p.publish_at,
              extract(epoch FROM p.publish_at - now())::float8 AS in_s
""")

_DISARM = text("""
    UPDATE posts p
       SET next_action_at = p.publish_at, leased_until = NULL
      FROM unnest(CAST(:ids AS bigint[]), CAST(:claims AS bigint[])) AS given(id, claim)
     WHERE p.id = given.id AND p.claim = given.claim AND p.leased_until IS NOT NULL AND p.state = 'staged'
""")


@dataclass(frozen=True)
class Armed:
    """A post that this process is to send at its time. Nothing of it is known for certain until its intent."""

    id: int
    claim: int
    account_id: int
    login: str
    due_at: datetime
    held_until: Deadline


def arm(tx: Session, *, ahead: timedelta, limit: int, lease_s: float, holder: int | None) -> list[Armed]:
    """Claim posts that fall due within that time, the first first; no post is held by two.

    Args:
        lease_s: for how long after its time each is held.
    """
    values = {"ahead": ahead, "limit": limit, "lease_s": lease_s, "holder": holder}
    return [
        Armed(row.id, row.claim, row.account_id, row.login, row.publish_at, Deadline.strict(row.in_s + lease_s))
        for row in sorted(tx.execute(_ARM, values), key=lambda row: (row.publish_at, row.id))
    ]


def disarm(tx: Session, armed: Sequence[Armed]) -> int:
    """Leave them to whoever claims them at their time; returns how many that were."""
    if not armed:
        return 0
    values = {"ids": [one.id for one in armed], "claims": [one.claim for one in armed]}
    result: Any = tx.execute(_DISARM, values)
    wake_schedulers(tx)
    return int(result.rowcount)
