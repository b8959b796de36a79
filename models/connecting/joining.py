"""How an account joins: it is added, or its token, name and zone are renewed, and what waited for it goes on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.access.bound import seen_accounts
from models.accounts.account import Account, AccountState, Login, lock_account, token_context, user_token_context
from models.accounts.account_name import record_name
from models.accounts.block import reactivate
from models.harvests.backfill import heal
from models.harvests.crons import STANDING_CRONS
from models.harvests.harvest import HarvestKind, add_harvests, resume_harvests
from models.harvests.keeping import ACCOUNT_KEPT
from models.hooks.subscription import owe_subscription
from models.owed.claims import wake_schedulers
from models.tokens.care import begin_care, end_care
from models.tokens.token import Facts, TokenOf
from pressrun import clock
from pressrun.errors import Conflict, Invalid
from pressrun.vault import Vault
from pressrun.zones import choose_zone

_IG_ID = re.compile(r"\d{1,30}", re.ASCII)
_LONGEST_NAME = 100
_LOCK = 7_303_021  # any constant: accounts join one at a time


@dataclass(frozen=True)
class NewAccount:
    """An account as a person names it. Raises Invalid when a part cannot be right."""

    login: Login
    ig_id: str
    name: str
    token: str = field(repr=False)
    timezone: str | None = None
    user_token: str | None = field(default=None, repr=False)
    """Of Facebook Login: the token of the person, where `token` is the Page's. None keeps the one that is known."""

    def __post_init__(self) -> None:
        if not _IG_ID.fullmatch(self.ig_id):
            raise Invalid(f"{self.ig_id!r} is not an account's id: it has digits only", field="ig_id")
        check_token(self.token, "token")
        if self.user_token is not None:
            if self.login is not Login.FACEBOOK:
                said = "on Instagram Login there is one token, and no other beside it"
                raise Invalid(said, type="token.superfluous", field="user_token")
            check_token(self.user_token, "user_token")
        if self.timezone is not None:
            object.__setattr__(self, "timezone", choose_zone(self.timezone).key)  # frozen: its name, without spaces
        check_name(self.name)


@dataclass(frozen=True)
class Joined:
    """What came of it."""

    account_id: int
    is_new: bool
    posts_woken: int
    """Waiting posts that are due again because the token was renewed."""


def known_account(tx: Session, new: NewAccount) -> Account | None:
    """The account that would be renewed. Raises Conflict when the name belongs to another one."""
    found = list(tx.scalars(select(Account).where((Account.ig_id == new.ig_id) | (Account.name == new.name))))
    for account in found:
        if account.ig_id != new.ig_id:
            raise Conflict(
                f"the name {new.name!r} belongs to the account with the Instagram id {account.ig_id}",
                type="account.name_taken",
                field="name",
                ids={"account": account.id},
            )
    return found[0] if found else None


def join_account(
    tx: Session,
    new: NewAccount,
    vault: Vault,
    *,
    username: str | None = None,
    facts: Facts | None = None,
    of_persons: Facts | None = None,
) -> Joined:
    """Add the account, or renew the one with this Instagram id. Raises Conflict: the name belongs to another one.

    A broken account goes on with what waited for it, one that was removed with its history. A person's pause and
    Instagram's block stay.

    Args:
        facts: what is known of its token: on Instagram Login nobody can be asked for all of it later.
        of_persons: the same of the person's beside it.
    """
    # One at a time: of two that add the same account or name at one moment, the second sees what the first has made.
    tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    known = known_account(tx, new)
    account = _new_account(tx, new) if known is None else lock_account(tx, known.id)
    is_mended = account.state == AccountState.BROKEN.value
    was_removed = account.state == AccountState.REMOVED.value
    if was_removed:  # it is there again, and goes on with the history it has
        account.state = AccountState.ACTIVE.value
    account.token_refused = None
    account.login, account.name = new.login.value, new.name
    account.timezone = new.timezone or account.timezone
    _store_tokens(tx, account, new, vault, {TokenOf.ACCOUNT: facts, TokenOf.PERSON: of_persons})
    if username is not None:
        record_name(tx, account.id, username)
    _owe(tx, account.id, is_new=known is None)
    if was_removed:
        resume_harvests(tx, account.id)
    woken = reactivate(tx, account.id, now=clock.now()) if is_mended else 0
    wake_schedulers(tx)
    return Joined(account.id, is_new=known is None, posts_woken=woken)


def _new_account(tx: Session, new: NewAccount) -> Account:
    """The row's number before the row: the seal is bound to it."""
    number = tx.execute(text("SELECT nextval(pg_get_serial_sequence('accounts', 'id'))")).scalar_one()
    return Account(id=int(number), ig_id=new.ig_id, timezone=new.timezone or "UTC")


def rename_account(tx: Session, account: Account, name: str) -> None:
    """Give it another name. Raises Invalid; Conflict: another one has it."""
    check_name(name)
    tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})  # nobody joins under that name meanwhile
    # Written out: names are one for all accounts, whoever asks; which account has it is for those who see it.
    taken = tx.scalar(
        text("SELECT id FROM accounts WHERE name = :name AND id <> :id"), {"name": name, "id": account.id}
    )
    if taken is not None:
        seen = seen_accounts(tx)
        ids = {"account": taken} if seen is None or taken in seen else {}
        said = f"the name {name!r} belongs to another account"
        raise Conflict(said, type="account.name_taken", field="name", ids=ids)
    locked = lock_account(tx, account.id)
    locked.name = name
    tx.flush()


def _store_tokens(
    tx: Session, account: Account, new: NewAccount, vault: Vault, facts: Mapping[TokenOf, Facts | None]
) -> None:
    """The tokens take the place of those before, and are looked after from now on."""
    account.token_sealed = vault.seal(new.token, context=token_context(account.id))
    if new.user_token is not None:
        account.user_token_sealed = vault.seal(new.user_token, context=user_token_context(account.id))
    elif new.login is not Login.FACEBOOK:
        account.user_token_sealed = None
    tx.add(account)
    tx.flush()
    now = clock.now()
    begin_care(tx, account.id, TokenOf.ACCOUNT, now=now, facts=facts[TokenOf.ACCOUNT])
    if new.user_token is not None:
        begin_care(tx, account.id, TokenOf.PERSON, now=now, facts=facts[TokenOf.PERSON])
    elif account.user_token_sealed is None:
        end_care(tx, account.id, TokenOf.PERSON)


def _owe(tx: Session, account_id: int, *, is_new: bool) -> None:
    """Have it read, and hear what Instagram tells of it."""
    add_harvests(tx, account_id, STANDING_CRONS)
    if is_new:
        # The first runs of the other kinds read all that Instagram tells; of the days of an account one reads a few.
        heal(tx, account_id, HarvestKind.ACCOUNT, clock.now() - ACCOUNT_KEPT)
    owe_subscription(tx, account_id, now=clock.now(), is_new_token=True)


def check_token(token: str, field_: str) -> None:
    """Raises Invalid for what cannot be a token."""
    if not token:
        raise Invalid("the token is empty", type="token.empty", field=field_)
    if not token.isascii() or not token.isprintable() or " " in token:
        said = "the token holds spaces, line breaks or other characters that no token has"
        raise Invalid(said, type="token.malformed", field=field_)


def check_name(name: str) -> None:
    """Raises Invalid for what cannot be an account's name."""
    if not name or name != name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        said = f"{name!r} must have 1 to {_LONGEST_NAME} characters and no spaces at its ends"
    elif "," in name or "|" in name:
        said = f"{name!r} must not hold a comma or |: it stands in CSV files"
    elif name.isdigit():
        said = f"{name!r} needs a letter: digits alone would be taken for an Instagram id"
    else:
        return
    raise Invalid(said, field="name")
