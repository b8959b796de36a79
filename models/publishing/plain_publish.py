"""The publish of posts that nothing stands in the way of: their intents and their settling, each one round trip.

On a full hour a thousand posts are due at once, and nearly all of them are like that: one part, a fresh container, an
account that may act, a window with room, its time come. What the long way (`worker/publishing/publish.py`) finds out
and writes in many statements is one here, for one post or for several together: they share a commit. Neither statement
decides anything: a post for which any condition does not hold is left as it was, and the long way decides and tells
why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.numeric import Int8

from models.accounts.account import Account
from models.accounts.quota import FALLBACK_DURATION_S, FALLBACK_TOTAL, LONGEST_SEND
from models.owed import gate
from models.owed.claims import Lease
from models.publishing.attempt import Action, Attempt, AttemptState
from models.publishing.container import USABLE_FOR
from models.store.session import Database
from models.telling.notice import DETAIL, WANTED
from pressrun.clock import Deadline

_FRESH_S = 1.0
"""What became of the call of an absent worker is found out by reading, which proves nothing for longer than this."""

# Under its row lock, as everywhere: places of the window are counted and taken by one at a time. A statement of its
# own, since the next one must see what was committed while this one waited. It passes on whose lock was got: several
# posts together wait for nobody, so that one account that somebody holds keeps no other's post waiting.
_LOCK = """
    SELECT set_config('pressrun.locked', coalesce(array_agg(id), '{{}}')::text, true)
      FROM (SELECT id FROM accounts
             WHERE id IN (SELECT account_id FROM posts WHERE id = ANY(%(ids)s::bigint[]))
             ORDER BY id FOR NO KEY UPDATE{waits}) held
"""
_LOCK_IN_TURN = _LOCK.format(waits="")
_LOCK_THE_FREE = _LOCK.format(waits=" SKIP LOCKED")

# The conditions of `worker/publishing/standing.py`, `publish.py` and `models/accounts/quota.py`, each as strict as
# there or stricter. The claim is taken with the intent: a worker that dies before has taken nothing.
_BEGIN = """
    WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now),
    post AS MATERIALIZED (
        SELECT p.id, p.account_id, p.tries, p.claim
          FROM unnest(%(ids)s::bigint[], %(claims)s::bigint[]) AS asked(id, claim)
          JOIN posts p ON p.id = asked.id AND p.claim = asked.claim, moment
         WHERE p.leased_until IS NOT NULL AND p.state = 'staged'
           AND p.account_id = ANY(current_setting('pressrun.locked')::bigint[])
           AND p.publish_at <= moment.now AND moment.now - p.publish_at <= %(backlog)s
           AND (p.if_late = 'publish' OR moment.now <= p.publish_at + make_interval(secs => p.max_lateness_s))
           FOR NO KEY UPDATE OF p SKIP LOCKED
    ), account AS MATERIALIZED (
        SELECT a.id, a.ig_id, a.login, a.name, a.token_sealed, coalesce(a.quota_total, %(total)s) AS total,
               moment.now - make_interval(secs => coalesce(a.quota_duration_s, %(duration_s)s)) AS opens_at,
               a.quota_usage, a.quota_read_at
          FROM accounts a, moment
         WHERE a.id IN (SELECT account_id FROM post)
           AND a.state = 'active' AND a.token_refused IS NULL AND a.min_spacing_s = 0
           AND NOT EXISTS (SELECT FROM gates g
                            WHERE g.key IN (%(app_key)s, 'account:' || a.id) AND g.until > moment.now
                              AND g.level = 'shut')
    ), part AS MATERIALIZED (
        SELECT t.post_id, max(t.id) AS id
          FROM parts t JOIN post ON t.post_id = post.id
         WHERE t.parent_id IS NULL AND t.dropped_at IS NULL
         GROUP BY t.post_id
        HAVING count(*) = 1 AND count(t.media_id) = 0
    ), container AS MATERIALIZED (
        SELECT c.id, c.ig_id, c.words, part.id AS part_id, part.post_id
          FROM containers c JOIN part ON c.part_id = part.id, moment
         WHERE c.dropped_at IS NULL AND c.status_code = 'FINISHED' AND c.ig_id IS NOT NULL AND c.words IS NOT NULL
           AND moment.now - c.created_at <= %(usable_for)s
    ), room AS MATERIALIZED (
        SELECT post.id
          FROM post JOIN account ON account.id = post.account_id
          CROSS JOIN LATERAL (SELECT count(*) AS ahead FROM post o
                               WHERE o.account_id = post.account_id AND o.id < post.id) together
         WHERE account.total > together.ahead
                             + (SELECT count(*) FROM quota_entries q
                                 WHERE q.account_id = account.id AND q.state <> 'released'
                                   AND q.counted_at > account.opens_at - %(longest_send)s)
           AND (account.quota_usage IS NULL OR account.quota_read_at IS NULL
                OR account.quota_read_at <= account.opens_at
                OR account.total > together.ahead + account.quota_usage
                   + (SELECT count(*) FROM quota_entries q
                       WHERE q.account_id = account.id AND q.state <> 'released'
                         AND q.counted_at > account.quota_read_at - %(longest_send)s))
    ), attempt AS (
        INSERT INTO attempts (post_id, part_id, container_id, action, state, claim, intent_at, words)
        SELECT post.id, container.part_id, container.id, 'publish', 'intent', post.claim + 1, moment.now,
               container.words
          FROM post JOIN room ON room.id = post.id JOIN container ON container.post_id = post.id, moment
        RETURNING id, post_id, part_id, container_id, intent_at, words
    ), place AS (
        INSERT INTO quota_entries (account_id, attempt_id, state, counted_at, total)
        SELECT account.id, attempt.id, 'reserved', attempt.intent_at, account.total
          FROM attempt JOIN post ON post.id = attempt.post_id JOIN account ON account.id = post.account_id
    ), told AS (
        INSERT INTO post_events (post_id, from_state, to_state, reason, message, detail)
        SELECT attempt.post_id, 'staged', 'publishing', 'publish.intent', 'publishing',
               jsonb_build_object('attempt_id', attempt.id)
          FROM attempt
    )
    UPDATE posts p
       SET state = 'publishing', claim = p.claim + 1, holder = %(holder)s, tries = 0, wait_reason = NULL,
           next_action_at = attempt.intent_at + make_interval(secs => %(lease_s)s),
           leased_until = attempt.intent_at + make_interval(secs => %(lease_s)s),
           updated_at = attempt.intent_at
      FROM attempt JOIN post ON post.id = attempt.post_id JOIN account ON account.id = post.account_id
      JOIN container ON container.id = attempt.container_id
     WHERE p.id = attempt.post_id
    RETURNING p.id, p.claim, post.tries, account.id, account.ig_id, account.login, account.name, account.token_sealed,
              container.ig_id, attempt.id, attempt.part_id, attempt.container_id, attempt.intent_at, attempt.words
"""

_WANTED = WANTED.format(account_id="p.account_id", kind="'post.published'")
_SAID = DETAIL.format(media_id="attempt.result_id", error_class="NULL::text", code="NULL::text", subcode="NULL::text")

# What `models/publishing/outcome.py` keeps of a post of one part that is live, in the same rows; and the notice, if
# anybody is to hear it. Media are written in one order: a harvest may be writing the same.
_SETTLE = f"""
    WITH post AS MATERIALIZED (
        SELECT p.id, p.account_id, asked.attempt_id, asked.media_id, asked.sent_at, asked.now
          FROM unnest(%(ids)s::bigint[], %(claims)s::bigint[], %(attempt_ids)s::bigint[], %(media_ids)s::text[],
                      %(sent_at)s::timestamptz[], %(now)s::timestamptz[])
               AS asked(id, claim, attempt_id, media_id, sent_at, now)
          JOIN posts p ON p.id = asked.id AND p.claim = asked.claim
         WHERE p.state = 'publishing' AND p.missing IS NULL
           AND NOT EXISTS (SELECT FROM attempts e
                            WHERE e.post_id = p.id AND e.id <> asked.attempt_id AND e.action = 'publish'
                              AND e.result_id IS NOT NULL)
           FOR NO KEY UPDATE OF p SKIP LOCKED
    ), attempt AS (
        UPDATE attempts a
           SET state = 'succeeded', settled_at = post.now, settled_by = 'answer', result_id = post.media_id,
               sent_at = post.sent_at
          FROM post
         WHERE a.id = post.attempt_id AND a.post_id = post.id AND a.state = 'intent' AND a.error_class IS NULL
        RETURNING a.id, a.post_id, a.part_id, a.container_id, a.result_id, a.sent_at, a.settled_at AS now,
                  post.account_id
    ), place AS (
        UPDATE quota_entries q
           SET state = 'used', counted_at = least(attempt.now, q.counted_at + %(longest_send)s)
          FROM attempt
         WHERE q.attempt_id = attempt.id AND q.state = 'reserved'
    ), container AS (
        UPDATE containers c SET status_code = 'PUBLISHED' FROM attempt WHERE c.id = attempt.container_id
    ), part AS (
        UPDATE parts t SET media_id = attempt.result_id, published_at = attempt.now
          FROM attempt WHERE t.id = attempt.part_id
    ), medium AS (
        INSERT INTO media (account_id, ig_id, part_id, first_seen_at, last_seen_at)
        SELECT account_id, result_id, part_id, now, now FROM attempt ORDER BY account_id, result_id
        ON CONFLICT (account_id, ig_id) DO UPDATE SET part_id = excluded.part_id
    ), told AS (
        INSERT INTO post_events (post_id, from_state, to_state, reason, message, detail)
        SELECT post_id, 'publishing', 'published', 'publish.succeeded', 'published as media ' || result_id,
               jsonb_build_object('media_id', result_id, 'how', 'answered', 'attempt_id', id)
          FROM attempt
    ), notice AS (
        INSERT INTO notices (kind, account_id, account_name, post_id, message, detail, next_action_at)
        SELECT 'post.published', p.account_id, a.name, p.id, 'published as media ' || attempt.result_id,
               {_SAID}, now()
          FROM attempt JOIN posts p ON p.id = attempt.post_id JOIN accounts a ON a.id = p.account_id
         WHERE EXISTS (SELECT FROM endpoints) AND {_WANTED}  -- where there are none, nothing of it is run
    )
    UPDATE posts p
       SET state = 'published', media_id = attempt.result_id, sent_at = attempt.sent_at, published_at = attempt.now,
           error = NULL, error_class = NULL, wait_reason = NULL, tries = 0, leased_until = NULL,
           next_action_at = attempt.now + CASE WHEN p.first_comment IS NULL THEN %(aftercare_after)s
                                               ELSE interval '0' END,
           updated_at = now()
      FROM attempt
     WHERE p.id = attempt.post_id
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


@dataclass(frozen=True)
class Live:
    """What Instagram said of a post that was sent: the media that it is."""

    begun: Begun
    media_id: str
    sent_at: datetime
    now: datetime


def begin(
    database: Database,
    claims: Sequence[tuple[int, int]],
    *,
    lease_s: float,
    holder: int | None,
    app_id: str | None,
    backlog_after: timedelta,
    waits: bool = True,
) -> list[Begun]:
    """Take posts and commit their intents, in one commit; those that are not plain are left as they were.

    Args:
        claims: number and claim of each post.
        backlog_after: a post that is later than this keeps a distance to others.
        waits: for accounts that somebody holds right now; else their posts are left out as well.

    Raises:
        DBAPIError: as a transaction would. Whether the intents stand is then not known.
    """
    deadline, is_fresh = Deadline.strict(lease_s), Deadline.strict(_FRESH_S)
    values = {
        "ids": [Int8(id_) for id_, _ in claims],
        "claims": [Int8(claim) for _, claim in claims],
        "lease_s": lease_s,
        "holder": holder,
        "app_key": gate.app_key(app_id),
        "backlog": backlog_after,
        "usable_for": USABLE_FOR,
        "longest_send": LONGEST_SEND,
        "total": FALLBACK_TOTAL,
        "duration_s": FALLBACK_DURATION_S,
    }
    lock = _LOCK_IN_TURN if waits else _LOCK_THE_FREE
    rows = database.at_once([(lock, values), (_BEGIN, values)])
    return [_begun(row, deadline, lease_s, is_fresh) for row in rows]


def settle(database: Database, live: Sequence[Live], *, aftercare_after: timedelta) -> set[int]:
    """Keep that posts are live; returns the numbers of those for which that is all there is to it, and is done.

    Args:
        aftercare_after: when what is owed to a post that is live is due, unless a first comment is.
    """
    values = {
        "ids": [Int8(one.begun.lease.id) for one in live],
        "claims": [Int8(one.begun.lease.claim) for one in live],
        "attempt_ids": [Int8(one.begun.attempt.id) for one in live],
        "media_ids": [one.media_id for one in live],
        "sent_at": [one.sent_at for one in live],
        "now": [one.now for one in live],
        "longest_send": LONGEST_SEND,
        "aftercare_after": aftercare_after,
    }
    return {int(row[0]) for row in database.at_once([(_SETTLE, values)])}


def _begun(row: Sequence[Any], deadline: Deadline, lease_s: float, is_fresh: Deadline) -> Begun:
    post_id, claim, tries, account_id, ig_id, login, name, token_sealed, container_ig_id, *rest = row
    attempt_id, part_id, container_id, intent_at, words = rest
    attempt = Attempt(
        id=attempt_id,
        post_id=post_id,
        part_id=part_id,
        container_id=container_id,
        action=Action.PUBLISH.value,
        state=AttemptState.INTENT.value,
        claim=claim,
        intent_at=intent_at,
        words=words,
    )
    account = Account(id=account_id, ig_id=ig_id, login=login, name=name, token_sealed=token_sealed)
    lease = Lease("posts", post_id, claim, deadline, lease_s)
    return Begun(lease, account, attempt, container_ig_id, tries, is_fresh)
