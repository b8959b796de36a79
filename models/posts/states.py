"""The life of a post: its states, the allowed edges, and `transition()`, the only function that changes a state.

    draft → scheduled → staging → staged → publishing → published
                           │          │         └→ uncertain → published | staged | needs_review
                           └──────────┴→ failed        canceled | expired

A transition is a compare-and-set on (state, claim) plus one `post_events` row in the same transaction. A worker passes
the claim it holds; a person's wish passes none and raises the claim number, so that whoever works on the post loses it,
and the version, so that whoever else is changing the post is told.
"""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.owed.claims import ClaimLost
from models.posts.event import Cause, stored
from models.telling.notice import OF_STATE, tell_of_post
from pressrun.errors import PressrunError


class PostState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    STAGING = "staging"
    STAGED = "staged"
    PUBLISHING = "publishing"
    UNCERTAIN = "uncertain"
    PUBLISHED = "published"
    NEEDS_REVIEW = "needs_review"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


S = PostState

EDGES: dict[PostState, frozenset[PostState]] = {
    S.DRAFT: frozenset({S.SCHEDULED, S.CANCELED}),
    S.SCHEDULED: frozenset({S.STAGING, S.FAILED, S.CANCELED, S.EXPIRED, S.DRAFT}),
    S.STAGING: frozenset({S.STAGED, S.DRAFT, S.SCHEDULED, S.FAILED, S.CANCELED, S.EXPIRED, S.NEEDS_REVIEW}),
    S.STAGED: frozenset({S.PUBLISHING, S.DRAFT, S.STAGING, S.SCHEDULED, S.FAILED, S.CANCELED, S.EXPIRED}),
    S.PUBLISHING: frozenset({S.PUBLISHED, S.UNCERTAIN, S.STAGED, S.STAGING, S.FAILED}),
    S.UNCERTAIN: frozenset({S.PUBLISHED, S.STAGED, S.NEEDS_REVIEW}),
    S.NEEDS_REVIEW: frozenset({S.PUBLISHED, S.STAGED, S.SCHEDULED, S.FAILED}),
    S.PUBLISHED: frozenset(),
    S.FAILED: frozenset({S.SCHEDULED}),
    S.EXPIRED: frozenset({S.SCHEDULED}),
    S.CANCELED: frozenset(),
}

ACTIVE = (S.SCHEDULED, S.STAGING, S.STAGED, S.PUBLISHING, S.UNCERTAIN)
"""States in which the system owes the post a step: `next_action_at` is never null in them (CHECK)."""

CANCELABLE = (S.DRAFT, S.SCHEDULED, S.STAGING, S.STAGED)
"""States before the publish intent is committed: a cancel that commits first wins."""


class EdgeForbidden(PressrunError):
    """That change of state is not part of a post's life."""


_TRANSITION = text("""
    WITH moved AS (
    UPDATE posts
       SET state          = :to,
           next_action_at = CASE WHEN CAST(:lease_s AS float8) IS NULL THEN :next_action_at
                                 ELSE now() + make_interval(secs => :lease_s) END,
           leased_until   = now() + make_interval(secs => CAST(:lease_s AS float8)),  -- null without a lease
           tries          = :tries,
           claim          = claim + :raise_claim,
           version        = version + :raise_claim,
           wait_reason    = :wait_reason,
           updated_at     = now()
     WHERE id = :post_id
       AND state = :from_
       AND (CAST(:claim AS bigint) IS NULL OR claim = :claim)
    RETURNING id)
    INSERT INTO post_events (post_id, from_state, to_state, reason, message, error_class, code, subcode, fbtrace_id,
                             detail)
    SELECT id, :from_, :to, :reason, :message, :error_class, :code, :subcode, :fbtrace_id, CAST(:detail AS jsonb)
      FROM moved
""")
# The claim is compared, not only the state: a stalled worker may come back to a post that was meanwhile taken through
# the same state by another, and would finish a step that is not its own.


def transition(
    tx: Session,
    post_id: int,
    *,
    from_: PostState,
    to: PostState,
    claim: int | None,
    cause: Cause,
    next_action_at: datetime | None = None,
    wait_reason: str | None = None,
    tries: int = 0,
    lease_s: float | None = None,
    is_live: bool = False,
) -> None:
    """Move a post and write the event, and the notice where people are told of the state.

    Args:
        claim: the claim that the caller holds; None for a person's wish, which takes the post from whoever holds it.
        next_action_at: when the next step is owed; an active state needs it, or a lease.
        tries: failed tries of the step that is owed next.
        lease_s: the caller goes on working on the post, and owns it for that long from now.
        is_live: Instagram has said so, whatever became of the post meanwhile: it is published from any state.

    Raises:
        EdgeForbidden: `from_ → to` is not an edge.
        ClaimLost: the post is no longer in `from_`, or the claim has passed on.
    """
    if from_ is not to and to not in EDGES[from_] and not (is_live and to is S.PUBLISHED):
        raise EdgeForbidden(f"post {post_id} cannot go from {from_} to {to}")
    fence = {"post_id": post_id, "from_": from_.value, "claim": claim, "raise_claim": 1 if claim is None else 0}
    owed = {"next_action_at": next_action_at, "wait_reason": wait_reason, "tries": tries, "lease_s": lease_s}
    told = stored(cause)
    told["detail"] = json.dumps(told["detail"])
    result: Any = tx.execute(_TRANSITION, fence | owed | told | {"to": to.value})
    if result.rowcount != 1:
        raise ClaimLost(f"post {post_id} is no longer {from_} under claim {claim}")
    if from_ is not to and (kind := OF_STATE.get(to.value)) is not None:
        of_error = {"error_class": cause.error_class, "code": cause.code, "subcode": cause.subcode}
        tell_of_post(tx, post_id, kind, cause.message or cause.reason, **of_error)
