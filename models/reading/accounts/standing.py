"""How one account stands: its tokens and what they may, its windows, and when it was last read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models.accounts import quota
from models.accounts.account import Account, Login, version_of_terms
from models.posts.post import Post
from models.posts.states import ACTIVE
from models.publishing import container
from models.reading.accounts.subscriptions import subscription_of
from models.reading.history.harvests import harvest_status
from models.tokens.token import Token, TokenOf
from pressrun.instagram.permissions import Lack, lacking


@dataclass(frozen=True)
class TokenShown:
    """One of the account's tokens. `which`: the account's own, or the person's beside a Page's.

    `expires_at`: None where it never ends (`never_ends`), or where nobody knows.
    """

    which: str
    kind: str | None
    expires_at: datetime | None
    never_ends: bool
    data_access_expires_at: datetime | None
    scopes: list[str] | None
    checked_at: datetime | None
    renewed_at: datetime | None
    renew_at: datetime | None
    refused: str | None
    error: str | None
    """Why the last look or renewal came to nothing."""


@dataclass(frozen=True)
class ReadingShown:
    """When a kind was last read, and how that ended."""

    kind: str
    last_at: datetime | None
    status: str | None
    next_at: datetime | None


@dataclass(frozen=True)
class AccountStanding:
    """All that is known of how an account stands, without its tokens."""

    name: str
    login: str
    ig_id: str
    username: str | None
    state: str
    state_reason: str | None
    state_until: datetime | None
    is_reading_paused: bool
    timezone: str
    max_lateness_s: int | None
    if_late: str | None
    min_spacing_s: int
    posts_waiting: int
    quota_used: int
    quota_total: int
    quota_frees_at: datetime | None
    containers_left: int
    containers_total: int
    tokens: tuple[TokenShown, ...]
    missing_scopes: tuple[Lack, ...]
    """What was not granted; empty as long as no scopes are known."""
    readings: tuple[ReadingShown, ...]
    clock_ahead_ms: int | None
    """How far Instagram's clock was ahead of ours when it was last asked, to half a second."""
    webhook_fields: tuple[str, ...] | None = None
    """What Instagram sends notices of, as it said when it was last asked; None: not known."""
    webhooks_lacking: tuple[str, ...] = ()
    """What it should tell of and does not; empty as long as that is not known."""
    webhooks_refused: Mapping[str, str] = field(default_factory=dict)
    """Of these: what Instagram said when it was asked for one alone."""
    webhooks_read_at: datetime | None = None
    """When Instagram said so."""
    webhooks_next_at: datetime | None = None
    """When they are looked at again, and what is lacking is subscribed."""
    webhooks_error: str | None = None
    """Why the last look at them came to nothing."""

    @property
    def version(self) -> int:
        """Of what its posts inherit."""
        return version_of_terms(self.timezone, self.max_lateness_s, self.if_late, self.min_spacing_s)


@dataclass(frozen=True)
class TokenEnd:
    """Something of a token that is near its end. `what`: `token` or `data access`."""

    account: str
    which: str
    what: str
    ends_at: datetime
    renews: bool
    """It is renewed without a person, and nothing has stood against that so far."""
    error: str | None


def standing(tx: Session, account: Account, *, now: datetime) -> AccountStanding:
    """How it stands now."""
    tokens = tokens_of(tx, account.id)
    window = quota.window(tx, account, now=now)
    left, _ = container.container_budget(tx, account.id, now=now)
    heard = subscription_of(tx, account)
    waiting = select(func.count()).where(Post.account_id == account.id, Post.state.in_([s.value for s in ACTIVE]))
    known = [one.scopes for one in tokens if one.scopes is not None]
    return AccountStanding(
        **{name: getattr(account, name) for name in _OF_ACCOUNT},
        posts_waiting=int(tx.scalar(waiting) or 0),
        quota_used=window.used,
        quota_total=window.total,
        quota_frees_at=window.frees_at,
        containers_left=left,
        containers_total=container.CAP,
        tokens=tuple(_token(one) for one in tokens),
        missing_scopes=lacking(account.login, known),
        readings=tuple(
            ReadingShown(one.kind, one.finished_at or one.started_at, one.status, one.next_action_at)
            for one in harvest_status(tx, account_id=account.id)
        ),
        clock_ahead_ms=next((one.clock_ahead_ms for one in tokens if one.clock_ahead_ms is not None), None),
        webhook_fields=None if heard.read_at is None else heard.fields,
        webhooks_lacking=() if heard.read_at is None else heard.lacking,
        webhooks_refused={name: why for name, why in heard.refused.items() if name in heard.lacking},
        webhooks_read_at=heard.read_at,
        webhooks_next_at=heard.next_at,
        webhooks_error=heard.error,
    )


def tokens_of(tx: Session, account_id: int) -> Sequence[Token]:
    """What is known of its tokens, its own first."""
    query = select(Token).where(Token.account_id == account_id).order_by(Token.which)
    return tx.scalars(query.execution_options(populate_existing=True)).all()


_ENDS = text("""
    SELECT a.name AS account, t.which, e.what, e.ends_at,
           coalesce(e.what = 'token' AND t.renew_at IS NOT NULL AND t.failing_since IS NULL, false) AS renews, t.error
      FROM tokens t
      JOIN accounts a ON a.id = t.account_id
     CROSS JOIN LATERAL (VALUES ('token', t.expires_at), ('data access', t.data_access_expires_at)) AS e(what, ends_at)
     WHERE e.ends_at <= :until AND a.token_refused IS NULL AND t.refused IS NULL
     ORDER BY e.ends_at, a.name, t.which
""")


def ending_tokens(tx: Session, *, now: datetime, within: timedelta) -> list[TokenEnd]:
    """Tokens and consents that end within that time, of accounts that are not broken; the nearest first."""
    return [TokenEnd(**row._mapping) for row in tx.execute(_ENDS, {"until": now + within})]


def accounts_of_unknown_end(tx: Session) -> list[str]:
    """Accounts on Facebook Login of whose tokens nobody knows when they end, though they have been looked at."""
    query = (
        select(Account.name)
        .join(Token, Token.account_id == Account.id)
        .where(Account.login == Login.FACEBOOK.value, Token.examined_at.is_not(None))
        .where(Token.expires_at.is_(None), Token.never_ends.is_(False), Token.refused.is_(None))
    )
    return list(tx.scalars(query.distinct().order_by(Account.name)))


_OF_ACCOUNT = (
    *("name", "login", "ig_id", "username", "state", "state_reason", "state_until", "is_reading_paused"),
    *("timezone", "max_lateness_s", "if_late", "min_spacing_s"),
)


def _token(one: Token) -> TokenShown:
    return TokenShown(
        which=TokenOf(one.which).value,
        kind=one.kind,
        expires_at=one.expires_at,
        never_ends=one.never_ends,
        data_access_expires_at=one.data_access_expires_at,
        scopes=one.scopes,
        checked_at=one.examined_at,
        renewed_at=one.renewed_at,
        renew_at=one.renew_at,
        refused=one.refused,
        error=one.error,
    )
