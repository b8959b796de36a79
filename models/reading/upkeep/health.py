"""What `doctor` looks for among the rows: accounts that do not work, posts that did not go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.access.user import User, totp_context
from models.accounts.account import Account, AccountState, token_context, user_token_context
from models.telling.endpoint import Endpoint, EndpointState, address_context, secret_context


@dataclass(frozen=True)
class SealedToken:
    account: str
    """Or endpoint."""
    context: str
    """What binds it to its row."""
    sealed: str = field(repr=False)


@dataclass(frozen=True)
class Trouble:
    """An account that is not active. `is_broken`: it stays so until a person renews its token."""

    account: str
    state: str
    reason: str | None
    until: datetime | None
    is_broken: bool


def sealed_tokens(tx: Session) -> list[SealedToken]:
    """Every account's tokens, unopened, by the account's name; then what opens endpoints, and second factors."""
    query = select(Account.id, Account.name, Account.token_sealed, Account.user_token_sealed)
    query = query.where(Account.token_sealed.is_not(None)).order_by(Account.name)
    tokens = []
    for row in tx.execute(query):
        tokens.append(SealedToken(row.name, token_context(row.id), row.token_sealed))
        if row.user_token_sealed is not None:
            tokens.append(SealedToken(row.name, user_token_context(row.id), row.user_token_sealed))
    return tokens + _sealed_endpoints(tx) + _sealed_factors(tx)


def _sealed_endpoints(tx: Session) -> list[SealedToken]:
    """What opens endpoints; a secret that signs no more is not missed."""
    query = select(Endpoint).where(Endpoint.state != EndpointState.REMOVED.value).order_by(Endpoint.name)
    sealed = []
    for one in tx.scalars(query):
        for context, secret in (
            (address_context(one.id), one.address_sealed),
            (secret_context(one.id), one.secret_sealed),
        ):
            if secret is not None:
                sealed.append(SealedToken(one.name, context, secret))
    return sealed


def _sealed_factors(tx: Session) -> list[SealedToken]:
    query = select(User.id, User.name, User.totp_sealed).where(User.totp_sealed.is_not(None)).order_by(User.name)
    return [
        SealedToken(f"second factor of {row.name}", totp_context(row.id), row.totp_sealed) for row in tx.execute(query)
    ]


def troubled_accounts(tx: Session) -> list[Trouble]:
    """Accounts that are not active, by name; not those that were removed."""
    query = (
        select(
            Account.name, Account.state, Account.state_reason, Account.state_until, Account.token_refused.is_not(None)
        )
        .where(Account.state.not_in([AccountState.ACTIVE.value, AccountState.REMOVED.value]))
        .order_by(Account.name)
    )
    return [
        Trouble(name, state, reason, until, is_broken=is_refused or state == AccountState.BROKEN.value)
        for name, state, reason, until, is_refused in tx.execute(query)
    ]


_NEVER_IN_TIME = text("""
    WITH queued AS (
        SELECT account_id, count(*) AS posts FROM posts
         WHERE state IN ('draft', 'scheduled', 'staging', 'staged') AND max_lateness_s < 1 AND if_late <> 'publish'
         GROUP BY 1
    )
    SELECT a.name, coalesce(a.max_lateness_s < 1 AND a.if_late IS DISTINCT FROM 'publish', false) AS is_inherited,
           coalesce(q.posts, 0) AS posts
      FROM accounts a LEFT JOIN queued q ON q.account_id = a.id
     WHERE a.state <> 'removed' AND (q.posts > 0 OR a.max_lateness_s < 1 AND a.if_late IS DISTINCT FROM 'publish')
     ORDER BY 1
""")


def never_in_time(tx: Session) -> list[tuple[str, bool, int]]:
    """Accounts with posts that may not be late at all: whether they inherit it, and how many of those are queued."""
    return [(row.name, row.is_inherited, row.posts) for row in tx.execute(_NEVER_IN_TIME)]


def unpublished_posts(tx: Session) -> Mapping[str, int]:
    """How many posts wait for a person, and how many of the last 7 days did not go out, by state."""
    return {row.state: row.posts for row in tx.execute(_UNPUBLISHED)}


def posts_held_by_a_clock(tx: Session) -> int:
    """How many posts were due and not sent, because the clock of the worker that had them is wrong."""
    query = "SELECT count(*) FROM posts WHERE wait_reason = 'clock' AND next_action_at IS NOT NULL"
    return int(tx.execute(text(query)).scalar_one())


_STUCK_MEDIA = text("""
    SELECT CASE state WHEN 'leaving' THEN 'taken out of' ELSE 'put into' END AS what, count(*) AS objects,
           max(error) AS error
      FROM bucket_objects WHERE next_action_at IS NOT NULL AND tries >= 3 AND error IS NOT NULL
     GROUP BY 1 ORDER BY 1
""")


def stuck_media(tx: Session) -> list[tuple[str, int, str]]:
    """Objects that could not be put into the bucket, or taken out of it, in several tries: which, how many, and why."""
    return [(row.what, row.objects, row.error) for row in tx.execute(_STUCK_MEDIA)]


def incomplete_posts(tx: Session) -> Mapping[str, int]:
    """How many published posts lack what, for good: `comment`, `permalink`."""
    return {row.what: row.posts for row in tx.execute(_INCOMPLETE)}


@dataclass(frozen=True)
class Fruitless:
    """A harvest of which the last runs have all brought nothing. `why`: what the newest says."""

    account: str
    kind: str
    why: str
    have_failed: bool
    """All of them failed; else some found only what Instagram refuses."""


def fruitless_harvests(tx: Session) -> list[Fruitless]:
    """Harvests of which the last five runs by schedule ended without a result."""
    return [Fruitless(**row._mapping) for row in tx.execute(_FRUITLESS, {"runs": FRUITLESS_RUNS})]


FRUITLESS_RUNS = 5


def answering_version(tx: Session) -> str | None:
    """The version of the Graph API that the newest run was answered by; None where none has called lately."""
    found: str | None = tx.scalar(_ANSWERING)
    return found


_ANSWERING = text("""
    SELECT r.api_version
      FROM harvests h JOIN harvest_runs r ON r.id = h.last_run_id
     WHERE r.calls > 0 AND r.finished_at > now() - interval '7 days'
     ORDER BY r.finished_at DESC LIMIT 1
""")


def unread_media(tx: Session) -> Mapping[str, int]:
    """How many media that Pressrun published one to seven days ago have no numbers yet, by account."""
    return {row.account: row.media for row in tx.execute(_UNREAD)}


# A run without an error may find nothing new; one of which nothing was answered says so in its last error. What is
# laid aside (neither slot nor date) is not read at all.
# Only where the newest run brought nothing, or is not over, are the five looked for: they may lie in any month.
_FRUITLESS = text("""
    SELECT a.name AS account, h.kind, last.why, last.have_failed
      FROM harvests h
      JOIN accounts a ON a.id = h.account_id
      JOIN harvest_runs l ON l.harvest_id = h.id AND l.slot_at = h.last_slot_at
                         AND (l.status IN ('failed', 'running') OR l.rows = 0 AND l.errors @> '[{"unanswered": true}]')
     CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE status = 'failed'
                                       OR rows = 0 AND errors @> '[{"unanswered": true}]') AS empty,
                   bool_and(status = 'failed') AS have_failed,
                   (array_agg(errors -> -1 ->> 'error' ORDER BY slot_at DESC))[1] AS why
              FROM (SELECT * FROM harvest_runs r
                     WHERE r.harvest_id = h.id AND r.backfill_id IS NULL AND r.finished_at IS NOT NULL
                     ORDER BY r.slot_at DESC LIMIT :runs) newest) last
     WHERE last.empty = :runs AND (h.slot_at IS NOT NULL OR h.next_action_at IS NOT NULL)
     ORDER BY 1, 2
""")
_INCOMPLETE = text("""
    SELECT what, count(*) AS posts FROM posts, jsonb_object_keys(missing) AS what
     WHERE missing IS NOT NULL GROUP BY what
""")
_UNREAD = text("""
    SELECT a.name AS account, count(*) AS media
      FROM posts p
      JOIN accounts a ON a.id = p.account_id AND a.state = 'active'
      JOIN parts t ON t.post_id = p.id AND t.dropped_at IS NULL
      JOIN media m ON m.account_id = p.account_id AND m.ig_id = t.media_id
     WHERE p.state = 'published' AND p.publish_at > now() - interval '8 days'
       AND t.published_at BETWEEN now() - interval '7 days' AND now() - interval '1 day'
       AND NOT EXISTS (SELECT FROM media_latest l WHERE l.media_id = m.id)
     GROUP BY a.name
""")
_UNPUBLISHED = text("""
    SELECT state, count(*) AS posts FROM posts
     WHERE state = 'needs_review' OR (state IN ('failed', 'expired') AND publish_at > now() - interval '7 days')
     GROUP BY state
""")
