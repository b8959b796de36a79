"""Subscriptions: which webhooks each account has sent to the app, one row per account, looked at every week.

    owed at connect → looked at → next week (or as soon as what failed may work)

Instagram takes a subscription whole or not at all, and may let it replace the one before (graph-api.md §7). So what is
to stand in the end is written down (`intended`) before the first call that may narrow it: a worker that dies in between
is followed by one that restores it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.owed.claims import wake_schedulers
from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, JsonObject, Str, one_of

WANTED: Final = ("comments", "live_comments", "mentions", "story_insights")
"""Fields that Pressrun understands. Which of them a login has is contradicted (§7): each account is asked."""
EVERY: Final = timedelta(days=7)
_SPREAD_S = 3600
"""Over how long the accounts of an upgrade are dealt out, at most."""


class Way(StrEnum):
    """Through what an account is subscribed."""

    ACCOUNT = "account"
    PAGE = "page"
    """Its Facebook Page: then the fields are those that the app's dashboard names."""


class Subscription(Base):
    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("account_id"),
        one_of("way", Way),
        CheckConstraint("(lacking_since IS NULL) = (lacking = '[]'::jsonb)", name="lacks_since"),
        Index("ix_subscriptions_owner_id", "owner_id", postgresql_where=text("owner_id IS NOT NULL")),
        Index("ix_subscriptions_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_subscriptions_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    way: Mapped[Str | None]
    """Null: not known yet."""
    fields: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """What Instagram said is subscribed, when it was read last."""
    intended: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What is to be subscribed; null when nothing is being changed."""
    refused: Mapped[JsonObject]
    """Field → what Instagram said when it was asked for alone."""
    lacking: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    """Wanted and not subscribed."""
    lacking_since: Mapped[Instant | None]
    read_at: Mapped[Instant | None]
    """When Instagram told last what is subscribed."""
    mended_at: Mapped[Instant | None]
    """When it was last seen to that nothing is lacking which Instagram gives; reading alone does not do that."""
    asked_at: Mapped[Instant | None]
    """Somebody waits for a reading, since then."""
    owner_id: Mapped[Str | None]
    """Who connected the account, as Meta's callbacks name them (`models.hooks.owner`)."""
    owner_read_at: Mapped[Instant | None]
    """Null: its token is another one since."""
    error: Mapped[Str | None]
    """Why the last look came to nothing; null when it did not."""
    error_at: Mapped[Instant | None]
    created_at: Mapped[InstantNow]
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """Looks in a row that came to nothing."""


# What a worker holds stays its own: it reads what is subscribed anyway.
_OWE = text("""
    INSERT INTO subscriptions AS s (account_id, next_action_at) VALUES (:account_id, :now)
    ON CONFLICT (account_id) DO UPDATE
       SET next_action_at = :now, tries = 0, mended_at = NULL,
           owner_read_at = CASE WHEN NOT :is_new_token THEN s.owner_read_at END
     WHERE s.leased_until IS NULL OR s.leased_until <= :now
""")
# A leased row belongs to a worker that may have read before it was asked: it sees that somebody waits, and reads again.
_REQUEST = text("""
    INSERT INTO subscriptions AS s (account_id, asked_at, next_action_at) VALUES (:account_id, now(), now())
    ON CONFLICT (account_id) DO UPDATE
       SET asked_at = coalesce(s.asked_at, now()),
           next_action_at = CASE WHEN s.leased_until > now() THEN s.next_action_at ELSE now() END
    RETURNING id
""")
_ADD_MISSING = text("""
    INSERT INTO subscriptions (account_id, next_action_at)
    SELECT a.id, :now + make_interval(secs => least(:spread_s, 2.0 * (row_number() OVER (ORDER BY a.id) - 1)))
      FROM accounts a
     WHERE a.state <> 'removed' AND NOT EXISTS (SELECT FROM subscriptions s WHERE s.account_id = a.id)
    ON CONFLICT DO NOTHING
""")


def owe_subscription(tx: Session, account_id: int, *, now: datetime, is_new_token: bool = False) -> int:
    """Have a worker look at once, and mend what is lacking; returns the row's id."""
    tx.execute(_OWE, {"account_id": account_id, "now": now, "is_new_token": is_new_token})
    wake_schedulers(tx)
    return int(tx.execute(text("SELECT id FROM subscriptions WHERE account_id = :id"), {"id": account_id}).scalar_one())


def request_reading(tx: Session, account_id: int) -> int:
    """Have a worker read what is subscribed, and change nothing; returns the row's id."""
    found = int(tx.execute(_REQUEST, {"account_id": account_id}).scalar_one())
    wake_schedulers(tx)
    return found


def add_missing_subscriptions(tx: Session, *, now: datetime) -> int:
    """Take up accounts that came before there were subscriptions, a few at a time; returns how many that were."""
    added: Any = tx.execute(_ADD_MISSING, {"now": now, "spread_s": _SPREAD_S})
    return int(added.rowcount)


def intend(subscription: Subscription, found: Collection[str]) -> list[str]:
    """Write down what is to stand in the end, before a call that may narrow it: all that stood, and what is wanted."""
    intended = sorted({*(subscription.intended or ()), *found, *WANTED})
    subscription.intended = intended
    return intended


def record_reading(
    subscription: Subscription,
    found: Collection[str] | None,
    *,
    way: Way,
    refused: Mapping[str, str] | None,
    now: datetime,
) -> None:
    """Keep what is subscribed now (None: the app hears nothing), and since when what is lacking.

    Of a Page nobody can read which fields of Instagram the dashboard has chosen: being subscribed is all there is.

    Args:
        refused: what was said against what was asked for; None: it was only read, and what was said before stands.
    """
    is_there = found is not None and way is Way.PAGE
    missing = [] if is_there else [name for name in WANTED if name not in (found or ())]
    subscription.fields, subscription.lacking = sorted(found or ()), missing
    subscription.lacking_since = (subscription.lacking_since or now) if missing else None
    subscription.way, subscription.read_at = way.value, now
    if refused is None:
        said = subscription.refused or {}
        subscription.refused = {name: why for name, why in said.items() if name in missing}
    else:
        subscription.refused, subscription.intended, subscription.mended_at = dict(refused), None, now
    subscription.error = subscription.error_at = None
    subscription.tries = 0


def record_failure(subscription: Subscription, error: str, *, now: datetime) -> None:
    """Keep why a look came to nothing; what was read before stands."""
    subscription.error, subscription.error_at = error, now
