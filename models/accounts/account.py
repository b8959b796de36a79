"""An Instagram professional account that Pressrun publishes to and harvests."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import LiteralString

from sqlalchemy import Boolean, CheckConstraint, ColumnElement, Integer, UniqueConstraint, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.driver import rows_of
from models.store.seeing import SEEN_BY_DRIVER, seen_accounts
from models.store.types import Id, Instant, InstantNow, Str, one_of
from models.telling.notice import News, NoticeKind, tell
from pressrun.errors import NotPossible, Unknown
from pressrun.versions import version_by_content

_SOME = 6
_RECONNECT = "Its posts wait, by their lateness policy, until it is connected again"


class Login(StrEnum):
    """How the account's owner signed in; decides host and endpoints (graph-api.md §1.2)."""

    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"


class AccountState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    """A person stopped it: posts and replies wait."""
    BROKEN = "broken"
    """Instagram refuses its token or permissions; all waits until the token is renewed."""
    BLOCKED = "blocked"
    """Instagram suspects it: posts and replies wait until `state_until` (`models.accounts.block`)."""
    REMOVED = "removed"
    """A person took it away: its token is gone and nothing is owed it; only its history is kept."""


class Account(Base):
    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("ig_id"),
        UniqueConstraint("name"),
        one_of("login", Login),
        one_of("state", AccountState),
        CheckConstraint("quota_total IS NULL OR quota_total >= 0", name="quota_total"),
        CheckConstraint("min_spacing_s >= 0", name="min_spacing_s"),
        CheckConstraint(
            "CASE WHEN state = 'removed' THEN num_nonnulls(token_sealed, user_token_sealed) = 0 "
            "ELSE token_sealed IS NOT NULL END",
            name="removed_is_bare",
        ),
    )

    id: Mapped[Id]
    ig_id: Mapped[Str]
    login: Mapped[Str]
    name: Mapped[Str]
    """The name people use for it: in CSV files, commands and pages."""
    username: Mapped[Str | None]
    timezone: Mapped[Str] = mapped_column(server_default=text("'UTC'"))
    token_sealed: Mapped[Str | None]
    """Ciphertext of `pressrun.vault`, context `account:<id>:token`. Loading the row never decrypts. Null: removed."""
    user_token_sealed: Mapped[Str | None]
    """Of Facebook Login: the person's token beside the Page's; what the one is refused may be read with the other."""
    state: Mapped[Str] = mapped_column(server_default=text("'active'"))
    state_reason: Mapped[Str | None]
    state_until: Mapped[Instant | None]
    token_refused: Mapped[Str | None]
    """What Instagram said when it refused the token; null once there is another, or a person had it tried again."""
    is_reading_paused: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """A person stopped reading it, too."""
    max_lateness_s: Mapped[int | None] = mapped_column(Integer)
    if_late: Mapped[Str | None]
    min_spacing_s: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    quota_total: Mapped[int | None] = mapped_column(Integer)
    """What Instagram said of the account: publishes per window. Null = not read yet."""
    quota_usage: Mapped[int | None] = mapped_column(Integer)
    quota_duration_s: Mapped[int | None] = mapped_column(Integer)
    quota_read_at: Mapped[Instant | None]
    created_at: Mapped[InstantNow]
    updated_at: Mapped[InstantNow]


def version_of_terms(timezone: str, max_lateness_s: int | None, if_late: str | None, min_spacing_s: int) -> int:
    """Of what posts of an account inherit: the same terms are the same version."""
    return version_by_content(timezone, max_lateness_s, if_late, min_spacing_s)


def token_context(account_id: int) -> str:
    """What binds a sealed token to its row."""
    return f"account:{account_id}:token"


def user_token_context(account_id: int) -> str:
    """What binds the second token to its row."""
    return f"account:{account_id}:user_token"


def get_account(tx: Session, account_id: int) -> Account:
    return tx.get_one(Account, account_id)


def find_account(tx: Session, name: str, *, removed: bool = False) -> Account:
    """The account of that name or Instagram id. Raises Unknown naming known ones.

    Args:
        removed: it may be one that was removed, whose history is all there is. Otherwise raises NotPossible for it.
    """
    found = tx.scalar(select(Account).where(is_called(name)))
    if found is None:
        raise unknown_account(name, some_names(tx))
    if found.state == AccountState.REMOVED.value and not removed:
        raise NotPossible(
            f"account {found.name} was removed: only its history is there",
            type="account.removed",
            field="account",
            ids={"account": found.id},
        )
    return found


def find_accounts(tx: Session, names: Collection[str]) -> list[Account]:
    """The accounts of these names or Instagram ids, each once, in that order, removed ones too. Raises Unknown."""
    called = or_(Account.name.in_(names), Account.ig_id.in_(names))
    known = {told: one for one in tx.scalars(select(Account).where(called)) for told in (one.ig_id, one.name)}
    found = {known[name].id: known[name] for name in names if name in known}
    for name in names:
        if name not in known:
            raise unknown_account(name, some_names(tx))
    return list(found.values())


def is_called(name: str) -> ColumnElement[bool]:
    """That it is the account of that name or Instagram id."""
    return (Account.name == name) | (Account.ig_id == name)


def some_names(tx: Session) -> list[str]:
    """The first names of accounts: enough to see what such a name looks like."""
    is_there = Account.state != AccountState.REMOVED.value
    return list(tx.scalars(select(Account.name).where(is_there).order_by(Account.name).limit(_SOME)))


def unknown_account(name: str, known: Sequence[str]) -> Unknown:
    """The error of a name that no account has; where there is no account at all, its type is another."""
    message = f"unknown account {name!r}; known: {', '.join(known) or 'none yet'}"
    return Unknown(message, type="account.unknown" if known else "account.none_yet", field="account")


def ids_of(tx: Session, ig_ids: Collection[str]) -> dict[str, int]:
    """Our numbers of the accounts with these Instagram ids, by Instagram id; those that are not there are left out."""
    rows = tx.execute(select(Account.ig_id, Account.id).where(Account.ig_id.in_(ig_ids)))
    return {row.ig_id: row.id for row in rows}


@dataclass(frozen=True)
class Terms:
    """What a post takes over from its account when it is queued, and the window its account publishes in."""

    id: int
    name: str
    login: str
    timezone: str
    max_lateness_s: int | None
    if_late: str | None
    quota_total: int | None
    quota_duration_s: int | None


_TERMS: LiteralString = f"""
    SELECT {", ".join(one.name for one in fields(Terms))} FROM accounts
     WHERE name = ANY(%(names)s) AND state <> '{AccountState.REMOVED.value}' AND {SEEN_BY_DRIVER.format(column="id")}
"""  # noqa: S608 - constants


def terms_of(tx: Session, names: Collection[str]) -> dict[str, Terms]:
    """The terms of the accounts of these names, by name; those that are not there are left out."""
    rows = rows_of(tx, _TERMS, {"names": list(names), "seen": seen_accounts(tx)})
    return {terms.name: terms for terms in (Terms(*row) for row in rows)}


def lock_account(tx: Session, account_id: int) -> Account:
    """The account under its row lock: quota, spacing and gate of one account are decided one at a time.

    Taken before the locks of its posts and of any other work (`models/__init__.py` has the order).
    """
    return tx.scalars(
        select(Account)
        .where(Account.id == account_id)
        .with_for_update(key_share=True)  # FOR NO KEY UPDATE: inserts that refer to the account go on
        .execution_options(populate_existing=True)
    ).one()


def set_state(
    tx: Session, account_id: int, state: AccountState, *, reason: str | None, until: datetime | None = None
) -> None:
    """Pause, break, block or reactivate an account. A person's pause is never lifted or changed by the system,
    and nothing brings a removed account back but a new token.

    That the token is refused is kept beside a pause, until the account is active again: reading stops for it.
    """
    tx.execute(
        text("""
            UPDATE accounts
               SET state         = CASE WHEN stays THEN state ELSE :state END,
                   state_reason  = CASE WHEN stays THEN state_reason ELSE :reason END,
                   state_until   = CASE WHEN stays THEN state_until ELSE :until END,
                   token_refused = CASE :state WHEN 'broken' THEN coalesce(:reason, '')
                                               WHEN 'active' THEN NULL ELSE token_refused END,
                   updated_at    = now()
              FROM (SELECT state = 'removed' OR state = 'paused' AND NOT :by_person AS stays
                      FROM accounts WHERE id = :id FOR NO KEY UPDATE) held
             WHERE id = :id
        """),
        {
            "id": account_id,
            "state": state.value,
            "reason": reason,
            "until": until,
            "by_person": state in (AccountState.PAUSED, AccountState.ACTIVE),
        },
    )


def break_account(tx: Session, account_id: int, *, token_seen: str | None, reason: str | None) -> bool:
    """Hold an account whose token Instagram refused until that is renewed.

    Args:
        token_seen: the sealed token that was refused.

    Returns:
        False when another one is in force by now: the refusal says nothing of it, and the call is to be made again.
    """
    account = lock_account(tx, account_id)
    if account.token_sealed != token_seen:
        return False
    is_known = account.token_refused is not None  # others whose calls were under way found it out as well
    set_state(tx, account_id, AccountState.BROKEN, reason=reason)
    if not is_known:
        said = f"Instagram refuses the token of {account.name}: {reason or 'no reason given'}. {_RECONNECT}"
        tell(tx, News(NoticeKind.ACCOUNT_BROKEN, said, account_id))
    return True


def lift_block(tx: Session, account_id: int, *, now: datetime) -> None:
    """Reactivate an account whose block has passed. What a person decided since it was read stands.

    Waits for nobody, so it may be done under other locks: whoever holds the account finds the block passed as well.
    """
    tx.execute(
        text("""
            UPDATE accounts
               SET state = 'active', state_reason = NULL, state_until = NULL, updated_at = now()
             WHERE id = (SELECT id FROM accounts
                          WHERE id = :id AND state = 'blocked' AND state_until <= :now
                            FOR NO KEY UPDATE SKIP LOCKED)
        """),
        {"id": account_id, "now": now},
    )
