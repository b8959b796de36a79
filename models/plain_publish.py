"""The publish of a post that nothing stands in the way of: its intent and its settling, each one round trip.

On a full hour a thousand posts are due at once, and nearly all of them are like that: one part, a fresh container, an
account that may act, a window with room, its time come. What the long way (`worker/publishing/publish.py`) finds out
and writes in many statements is one here. Neither statement decides anything: where any condition does not hold it
changes nothing, and the long way decides and tells why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models import gate
from models.account import Account
from models.attempt import Action, Attempt, AttemptState
from models.claims import Lease
from models.container import USABLE_FOR
from models.notice import DETAIL, WANTED
from models.quota import FALLBACK_DURATION_S, FALLBACK_TOTAL, LONGEST_SEND
from models.session import Database
from pressrun.clock import Deadline

_FRESH_S = 1.0
"""What became of the call of an absent worker is found out by reading, which proves nothing for longer than this."""

# Under its row lock, as everywhere: places of the window are counted and taken by one at a time. A statement of its
# own, since the next one must see what was committed while this one waited.
_LOCK = """
    SELECT FROM accounts WHERE id = (SELECT account_id FROM posts WHERE id = %(id)s) FOR NO KEY UPDATE
"""

# The conditions of `worker/publishing/standing.py`, `publish.py` and `models/quota.py`, each as strict as there or
# stricter. The claim is taken with the intent: a worker that dies before has taken nothing.
_BEGIN = """
    WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now),
    post AS MATERIALIZED (
        SELECT p.id, p.account_id, p.tries
          FROM posts p, moment
         WHERE p.id = %(id)s AND p.claim = %(claim)s AND p.leased_until IS NOT NULL AND p.state = 'staged'
           AND p.publish_at <= moment.now AND moment.now - p.publish_at <= %(backlog)s
           AND (p.if_late = 'publish' OR moment.now <= p.publish_at + make_interval(secs => p.max_lateness_s))
           FOR NO KEY UPDATE OF p
    ), account AS MATERIALIZED (
        SELECT a.id, a.ig_id, a.login, a.name, a.token_sealed, coalesce(a.quota_total, %(total)s) AS total,
               moment.now - make_interval(secs => coalesce(a.quota_duration_s, %(duration_s)s)) AS opens_at,
               a.quota_usage, a.quota_read_at
          FROM accounts a JOIN post ON a.id = post.account_id, moment
         WHERE a.state = 'active' AND a.token_refused IS NULL AND a.min_spacing_s = 0
           AND NOT EXISTS (SELECT FROM gates g
                            WHERE g.key IN (%(app_key)s, 'account:' || a.id) AND g.until > moment.now
                              AND g.level = 'shut')
    ), part AS MATERIALIZED (
        SELECT max(t.id) AS id
          FROM parts t JOIN post ON t.post_id = post.id
         WHERE t.parent_id IS NULL AND t.dropped_at IS NULL
        HAVING count(*) = 1 AND count(t.media_id) = 0
    ), container AS MATERIALIZED (
        SELECT c.id, c.ig_id, c.words
          FROM containers c JOIN part ON c.part_id = part.id, moment
         WHERE c.dropped_at IS NULL AND c.status_code = 'FINISHED' AND c.ig_id IS NOT NULL AND c.words IS NOT NULL
           AND moment.now - c.created_at <= %(usable_for)s
    ), room AS MATERIALIZED (
        SELECT account.id
          FROM account
         WHERE account.total > (SELECT count(*) FROM quota_entries q
                                 WHERE q.account_id = account.id AND q.state <> 'released'
                                   AND q.counted_at > account.opens_at - %(longest_send)s)
           AND (account.quota_usage IS NULL OR account.quota_read_at IS NULL
                OR account.quota_read_at <= account.opens_at
                OR account.total > account.quota_usage
                   + (SELECT count(*) FROM quota_entries q
                       WHERE q.account_id = account.id AND q.state <> 'released'
                         AND q.counted_at > account.quota_read_at - %(longest_send)s))
    ), attempt AS (
        INSERT INTO attempts (post_id, part_id, container_id, action, state, claim, intent_at, words)
        SELECT post.id, part.id, container.id, 'publish', 'intent', %(claim)s + 1, moment.now, container.words
          FROM post, part, container, room, moment
        RETURNING id, part_id, container_id, intent_at, words
    ), place AS (
        INSERT INTO quota_entries (account_id, attempt_id, state, counted_at, total)
        SELECT account.id, attempt.id, 'reserved', attempt.intent_at, account.total FROM attempt, account
    ), told AS (
        INSERT INTO post_events (post_id, from_state, to_state, reason, message, detail)
        SELECT %(id)s, 'staged', 'publishing', 'publish.intent', 'publishing',
               jsonb_build_object('attempt_id', attempt.id)
          FROM attempt
    )
    UPDATE posts p
       SET state = 'publishing', claim = p.claim + 1, holder = %(holder)s, tries = 0, wait_reason = NULL,
           next_action_at = attempt.intent_at + make_interval(secs => %(lease_s)s),
           leased_until = attempt.intent_at + make_interval(secs => %(lease_s)s),
           updated_at = attempt.intent_at
      FROM attempt, post, account, container
     WHERE p.id = post.id
    RETURNING post.tries, account.id, account.ig_id, account.login, account.name, account.token_sealed, container.ig_id,
              attempt.id, attempt.part_id, attempt.container_id, attempt.intent_at, attempt.words
"""

_WANTED = WANTED.format(account_id="p.account_id", kind="'post.published'")
_SAID = DETAIL.format(media_id="%(media_id)s", error_class="NULL::text", code="NULL::text", subcode="NULL::text")

# What `models/outcome.py` keeps of a post of one part that is live, in the same rows; and the notice, if anybody is to
# hear it.
_SETTLE = f"""
    WITH post AS MATERIALIZED (
        SELECT id, account_id FROM posts
         WHERE id = %(id)s AND claim = %(claim)s AND state = 'publishing' AND missing IS NULL
           AND NOT EXISTS (SELECT FROM attempts e
                            WHERE e.post_id = %(id)s AND e.id <> %(attempt_id)s AND e.action = 'publish'
                              AND e.result_id IS NOT NULL)
           FOR NO KEY UPDATE
    ), attempt AS (
        UPDATE attempts a
           SET state = 'succeeded', settled_at = %(now)s, settled_by = 'answer', result_id = %(media_id)s,
               sent_at = %(sent_at)s
          FROM post
         WHERE a.id = %(attempt_id)s AND a.post_id = post.id AND a.state = 'intent' AND a.error_class IS NULL
        RETURNING a.id, a.part_id, a.container_id, post.account_id
    ), place AS (
        UPDATE quota_entries q SET state = 'used', counted_at = least(%(now)s, q.counted_at + %(longest_send)s)
          FROM attempt
         WHERE q.attempt_id = attempt.id AND q.state = 'reserved'
    ), container AS (
        UPDATE containers c SET status_code = 'PUBLISHED' FROM attempt WHERE c.id = attempt.container_id
    ), part AS (
        UPDATE parts t SET media_id = %(media_id)s, published_at = %(now)s FROM attempt WHERE t.id = attempt.part_id
    ), medium AS (
        INSERT INTO media (account_id, ig_id, part_id, first_seen_at, last_seen_at)
        SELECT account_id, %(media_id)s, part_id, %(now)s, %(now)s FROM attempt
        ON CONFLICT (account_id, ig_id) DO UPDATE SET part_id = excluded.part_id
    ), told AS (
        INSERT INTO post_events (post_id, from_state, to_state, reason, message, detail)
        SELECT %(id)s, 'publishing', 'published', 'publish.succeeded', 'published as media ' || %(media_id)s,
               jsonb_build_object('media_id', %(media_id)s, 'how', 'answered', 'attempt_id', attempt.id)
          FROM attempt
    ), notice AS (
        INSERT INTO notices (kind, account_id, account_name, post_id, message, detail, next_action_at)
        SELECT 'post.published', p.account_id, a.name, p.id, 'published as media ' || %(media_id)s,
               {_SAID}, now()
          FROM attempt JOIN posts p ON p.id = %(id)s JOIN accounts a ON a.id = p.account_id
         WHERE EXISTS (SELECT FROM endpoints) AND {_WANTED}  -- where there are none, nothing of it is run
    )
    UPDATE posts p
       SET state = 'published', media_id = %(media_id)s, sent_at = %(sent_at)s, published_at = %(now)s,
           error = NULL, error_class = NULL, wait_reason = NULL, tries = 0, leased_until = NULL,
           next_action_at = %(now)s + CASE WHEN p.first_comment IS NULL THEN %(aftercare_after)s
                                           ELSE interval '0' END,
           updated_at = now()
      FROM attempt
     WHERE p.id = %(id)s
    RETURNING p.id
"""  # noqa: S608 - constants


@dataclass(frozen=True)
class Begun:
    """A post that is to be sent now. The rows are not those of a session: they hold what the call needs."""

    lease: Lease
    account: Account
    attempt: Attempt
    container_ig_id: str
    tries: int
    """Tries that have failed in passing before this one."""
    is_fresh: Deadline
    """Up to when nobody can have taken the row, whatever became of this process's session."""


def begin(
    database: Database,
    post_id: int,
    claim: int,
    *,
    lease_s: float,
    holder: int | None,
    app_id: str | None,
    backlog_after: timedelta,
) -> Begun | None:
    """Take the post and commit the intent; None, with nothing changed, when that is not all there is to it.

    Args:
        backlog_after: a post that is later than this keeps a distance to others.

    Raises:
        DBAPIError: as a transaction would. Whether the intent stands is then not known.
    """
    deadline, is_fresh = Deadline.strict(lease_s), Deadline.strict(_FRESH_S)
    values = {
        "id": post_id,
        "claim": claim,
        "lease_s": lease_s,
        "holder": holder,
        "app_key": gate.app_key(app_id),
        "backlog": backlog_after,
        "usable_for": USABLE_FOR,
        "longest_send": LONGEST_SEND,
        "total": FALLBACK_TOTAL,
        "duration_s": FALLBACK_DURATION_S,
    }
    row = database.at_once([(_LOCK, values), (_BEGIN, values)])
    return None if row is None else _begun(row, Lease("posts", post_id, claim + 1, deadline, lease_s), is_fresh)


def settle(
    database: Database, begun: Begun, media_id: str, *, sent_at: datetime, now: datetime, aftercare_after: timedelta
) -> bool:
    """Keep that the post is live as this media; False, with nothing changed, when that is not all there is to it.

    Args:
        aftercare_after: when what is owed to a post that is live is due, unless a first comment is.
    """
    values = {
        "id": begun.lease.id,
        "claim": begun.lease.claim,
        "attempt_id": begun.attempt.id,
        "media_id": media_id,
        "sent_at": sent_at,
        "now": now,
        "longest_send": LONGEST_SEND,
        "aftercare_after": aftercare_after,
    }
    return database.at_once([(_SETTLE, values)]) is not None


def _begun(row: Sequence[Any], lease: Lease, is_fresh: Deadline) -> Begun:
    tries, account_id, ig_id, login, name, token_sealed, container_ig_id, *rest = row
    attempt_id, part_id, container_id, intent_at, words = rest
    attempt = Attempt(
        id=attempt_id,
        post_id=lease.id,
        part_id=part_id,
        container_id=container_id,
        action=Action.PUBLISH.value,
        state=AttemptState.INTENT.value,
        claim=lease.claim,
        intent_at=intent_at,
        words=words,
    )
    account = Account(id=account_id, ig_id=ig_id, login=login, name=name, token_sealed=token_sealed)
    return Begun(lease, account, attempt, container_ig_id, tries, is_fresh)
