"""Connects an account: asks Instagram whose token it is, then keeps it sealed. Used by `account add` and `demo`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from graph.client import Credentials, GraphClient
from graph.client import Login as GraphLogin
from graph.errors import ErrorClass, GraphError
from graph.transport import Transport
from graph.users import Profile
from machine.runtime import Runtime
from models import gate
from models.account import Account, AccountState, Login, lock_account, token_context
from models.claims import wake_schedulers
from models.gate import Purpose
from models.harvest import add_harvests
from pressrun import clock, zones
from pressrun.errors import PressrunError, UsageError
from scheduler.harvests.planning import STANDING_CRONS

_IG_ID = re.compile(r"\d{1,30}", re.ASCII)
_LONGEST_NAME = 100
_PROFILE = ("id", "username")
_NO_ACCOUNT = 0


@dataclass(frozen=True)
class NewAccount:
    """An account as a person names it. Raises UsageError when a part cannot be right."""

    login: Login
    ig_id: str
    name: str
    token: str = field(repr=False)
    timezone: str | None = None

    def __post_init__(self) -> None:
        if not _IG_ID.fullmatch(self.ig_id):
            raise UsageError(f"--ig-id {self.ig_id!r} is not an account's id: it has digits only")
        if not self.token:
            raise UsageError("the token is empty: give it on stdin or with --token-file")
        if not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise UsageError("the token holds spaces, line breaks or other characters that no token has")
        if self.timezone is not None:
            zones.choose_zone(self.timezone)
        _check_name(self.name)


@dataclass(frozen=True)
class Connected:
    """What came of it."""

    account: Account
    is_new: bool
    posts_woken: int
    """Waiting posts that are due again because the token was renewed."""


def connect(here: Runtime, new: NewAccount, *, check: bool = True) -> Connected:
    """Add the account, or renew the token, name and zone of the one with this Instagram id.

    Raises:
        UsageError: the name belongs to another account.
        PressrunError: Instagram refuses the token, or it is another account's. Nothing is stored then.
    """
    vault = here.vault()
    with here.database.transaction() as tx:
        known = _find(tx, new)
        account_id = known.id if known is not None else None
    username = _ask(here, new, account_id) if check else None
    try:
        with here.database.transaction() as tx:
            known = _find(tx, new)
            if known is None:
                account = Account(id=_next_id(tx), ig_id=new.ig_id, timezone=new.timezone or "UTC")
            else:
                account = lock_account(tx, known.id)
            account.login, account.name = new.login.value, new.name
            account.timezone = new.timezone or account.timezone
            account.username = username or account.username
            account.token_sealed = vault.seal(new.token, context=token_context(account.id))
            tx.add(account)
            woken = _revive(tx, account)
            tx.flush()
            add_harvests(tx, account.id, STANDING_CRONS)
            wake_schedulers(tx)
    except IntegrityError:
        raise PressrunError(f"another command added {new.name} at the same moment: run this one again") from None
    return Connected(account, is_new=known is None, posts_woken=woken)


def _check_name(name: str) -> None:
    if not name or name != name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise UsageError(f"--name {name!r} must have 1 to {_LONGEST_NAME} characters and no spaces at its ends")
    if "," in name or "|" in name:
        raise UsageError(f"--name {name!r} must not hold a comma or |: it stands in CSV files")
    if name.isdigit():
        raise UsageError(f"--name {name!r} needs a letter: digits alone would be taken for an Instagram id")


def _find(tx: Session, new: NewAccount) -> Account | None:
    found = list(tx.scalars(select(Account).where((Account.ig_id == new.ig_id) | (Account.name == new.name))))
    for account in found:
        if account.ig_id != new.ig_id:
            raise UsageError(f"the name {new.name!r} belongs to the account with the Instagram id {account.ig_id}")
    return found[0] if found else None


def _ask(here: Runtime, new: NewAccount, account_id: int | None) -> str | None:
    """The account's user name, once Instagram has confirmed that the token is this account's."""
    settings = here.settings
    with here.database.transaction() as tx:
        shut = gate.barrier(tx, settings.app_id, account_id or _NO_ACCOUNT, Purpose.PUBLISH, now=clock.now())
    if shut is not None:
        raise PressrunError(
            f"Instagram wants no call before {shut.until:%Y-%m-%d %H:%M:%S} UTC ({shut.reason}): "
            "wait until then, or add the account unchecked with --no-check"
        )
    try:
        profile = _profile(here, new)
    except GraphError as problem:
        raise PressrunError(_refusal(new, problem)) from None
    found = profile.id if new.login is Login.FACEBOOK else profile.user_id or profile.id
    if found != new.ig_id:
        name = f" (@{profile.username})" if profile.username else ""
        raise PressrunError(f"this token belongs to the account {found}{name}, not to {new.ig_id}: nothing was stored")
    return profile.username


def _profile(here: Runtime, new: NewAccount) -> Profile:
    settings = here.settings
    secret = settings.app_secret
    with Transport() as transport:
        client = GraphClient(
            Credentials(GraphLogin(new.login.value), new.ig_id, new.token),
            transport,
            version=settings.graph_version,
            graph_url=settings.graph_url,
            app_secret=secret.get_secret_value() if secret else None,
            app_id=settings.app_id,
            call_deadline_s=settings.call_deadline.total_seconds(),
        )
        if new.login is Login.INSTAGRAM:
            return client.users.me((*_PROFILE, "user_id"))
        return client.users.profile(_PROFILE)


def _refusal(new: NewAccount, problem: GraphError) -> str:
    if problem.http_status is None:
        return f"the token could not be checked: {problem} Run it again, or add the account unchecked with --no-check"
    if problem.error_class is ErrorClass.AUTH:
        return f"Instagram refuses the token of {new.name}: {problem}"
    return f"Instagram does not confirm that the token belongs to {new.ig_id}: {problem}"


def _next_id(tx: Session) -> int:
    """The row's number before the row: the seal is bound to it."""
    return int(tx.execute(text("SELECT nextval(pg_get_serial_sequence('accounts', 'id'))")).scalar_one())


def _revive(tx: Session, account: Account) -> int:
    """End what only the old token was to blame for. A person's pause and Instagram's block stay."""
    if account.state != AccountState.BROKEN.value:
        return 0
    account.state, account.state_reason, account.state_until = AccountState.ACTIVE.value, None, None
    owner = {"account_id": account.id}
    tx.execute(_WAKE_HARVESTS, owner)
    return len(tx.execute(_WAKE_POSTS, owner).all())


# What somebody works on right now stays theirs; it sees the new token with its next step.
_WAKE_POSTS = text("""
    UPDATE posts SET next_action_at = now(), wait_reason = NULLIF(wait_reason, 'account')
     WHERE account_id = :account_id AND next_action_at IS NOT NULL
       AND (leased_until IS NULL OR leased_until <= now())
       AND (wait_reason = 'account' OR state = 'uncertain')
    RETURNING id
""")
_WAKE_HARVESTS = text("""
    UPDATE harvests SET next_action_at = now()
     WHERE account_id = :account_id AND slot_at <= now() AND (leased_until IS NULL OR leased_until <= now())
""")
