"""From a person's consent, or a token, to the accounts that it leads to: the rows of `connections` up to `asked`.

Each step is one guarded change of the row; who calls Instagram in between is the worker.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts.account import Account, Login
from models.connecting.connection import (
    LIFE,
    Connection,
    ConnectionState,
    context_of,
    next_number,
    settle_ended,
    token_context,
    user_token_context,
)
from models.connecting.joining import NewAccount, check_name, known_account
from models.owed.claims import wake_schedulers
from models.tokens.token import Facts
from pressrun.errors import Conflict, Invalid, NotPossible, RefusedByInstagram, Unknown
from pressrun.instagram import consent
from pressrun.vault import Vault
from pressrun.zones import choose_zone

_MOST_NAMED = 10
_USED = "this answer was taken already, it counts once: connect the account once more if nothing came of it"


@dataclass(frozen=True)
class Wish:
    """What a person wants connected. Raises Invalid when a part cannot be right."""

    login: Login
    name: str | None = None
    """None: as it is called at Instagram."""
    timezone: str | None = None
    accounts: tuple[str, ...] = ()
    """Instagram ids or user names, where it may be one of several."""

    def __post_init__(self) -> None:
        if self.name is not None:
            check_name(self.name)
        if self.timezone is not None:
            object.__setattr__(self, "timezone", choose_zone(self.timezone).key)  # frozen
        object.__setattr__(self, "accounts", normal(self.accounts))


@dataclass(frozen=True)
class Candidate:
    """An account that a token leads to."""

    ig_id: str
    username: str | None = None
    page_id: str | None = None
    page: str | None = None
    may_publish: bool = True
    """On Facebook Login: whether the person's tasks on the Page allow it."""

    @property
    def shown(self) -> str:
        return f"{self.ig_id} (@{self.username})" if self.username else self.ig_id


def await_consent(
    tx: Session, wish: Wish, *, redirect_url: str, scopes: Sequence[str] | None, secret_key: str, now: datetime
) -> tuple[Connection, str]:
    """A row for a consent that is about to be asked for, and the `state` that its answer has to carry."""
    row = _row(tx, wish, now)
    state = consent.seal_state(row.id, expires_at=row.expires_at, secret_key=secret_key)
    row.state, row.redirect_url, row.answer_digest = ConnectionState.WAITING.value, redirect_url, consent.digest(state)
    row.scopes_asked = list(scopes) if scopes is not None else None
    tx.add(row)
    tx.flush()
    return row, state


def take_answer(tx: Session, said: consent.Said, vault: Vault, keys: Sequence[str], *, now: datetime) -> Connection:
    """Take what a consent page led back with, once. A refusal settles the row.

    Raises Invalid for a state that is not ours, NotPossible for one that was used or is over.
    """
    number = consent.open_state(said.state, now=now, secret_keys=keys)
    row = tx.get(Connection, number, with_for_update=True)
    if row is None or row.answer_digest != consent.digest(said.state):
        raise consent.foreign()
    if row.state != ConnectionState.WAITING.value:
        raise NotPossible(_USED, type="consent.used", ids={"connection": row.id})
    if said.code is None:
        why = f" ({said.why})" if said.why else ""
        refusal = f"the consent was not given{why}: nothing was connected; connect it once more and allow what is asked"
        problem = RefusedByInstagram(refusal, type="consent.refused")
        settle_ended(row, ConnectionState.REFUSED, problem, now=now)
    else:
        row.state, row.next_action_at = ConnectionState.ANSWERED.value, now
        row.code_sealed = vault.seal(said.code, context=context_of(row.id, "code"))
        wake_schedulers(tx)
    tx.flush()
    return row


def begin_with_token(tx: Session, wish: Wish, token: str, vault: Vault, *, now: datetime) -> Connection:
    """A row for a token whose accounts are to be found."""
    row = _row(tx, wish, now)
    row.state, row.next_action_at = ConnectionState.GRANTED.value, now
    row.token_sealed = vault.seal(token, context=token_context(row.id))
    tx.add(row)
    tx.flush()
    wake_schedulers(tx)
    return row


def keep_token(row: Connection, state: ConnectionState, token: str, vault: Vault, *, facts: Facts) -> None:
    """The token that came instead of the code, or of the token, that is in the row, and what was said with it."""
    row.state, row.code_sealed, row.tries = state.value, None, 0
    row.facts = replace(facts, scopes=row.facts.scopes if facts.scopes is None else facts.scopes)
    row.token_sealed = vault.seal(token, context=token_context(row.id))


def keep_found(row: Connection, found: Sequence[Candidate], pages: Mapping[str, str], vault: Vault) -> None:
    """The accounts that the token leads to, with the tokens of their Pages, for a person to choose from."""
    row.state, row.next_action_at = ConnectionState.FOUND.value, None
    row.found = [asdict(one) for one in found]
    row.found_sealed = vault.seal(json.dumps(dict(pages)), context=context_of(row.id, "found"))


def normal(accounts: Sequence[str]) -> tuple[str, ...]:
    """Accounts as they are compared. Raises Invalid for one that is named by nothing."""
    said = tuple(one.strip().removeprefix("@").lower() for one in accounts)
    if not all(said):
        raise Invalid("an account is named by its Instagram id or its user name", field="account")
    return said


def found_of(row: Connection) -> list[Candidate]:
    """What `keep_found` kept."""
    return [Candidate(**one) for one in row.found or ()]


def pick(found: Sequence[Candidate], wanted: Sequence[str]) -> list[Candidate] | None:
    """Those that are wanted, or the only one there is; None when a person has to choose.

    Raises Unknown for one that is not there, NotPossible for one to which the person may not publish.
    """
    if not wanted and len(found) != 1:
        return None
    chosen = list(found) if not wanted else [_one_of(found, one) for one in dict.fromkeys(wanted)]
    for one in chosen:
        if not one.may_publish:
            raise NotPossible(
                f"the person may not publish on the Page {one.page} of {one.shown}: have them given the task "
                "to create content there (MANAGE or CREATE_CONTENT), and connect it once more",
                type="page.role_missing",
            )
    return list({one.ig_id: one for one in chosen}.values())


def choose(
    tx: Session, row: Connection, chosen: Sequence[Candidate], vault: Vault, *, now: datetime
) -> list[Connection]:
    """Have a worker ask about each of them, and keep it: the row is the first's, each other gets a row of its own.

    Raises Conflict: a name belongs to another account.
    """
    person = vault.open(row.token_sealed or "", context=token_context(row.id))
    pages = json.loads(vault.open(row.found_sealed or "", context=context_of(row.id, "found")))
    login, wanted, rows = Login(row.login), row.name, []
    for place, one in enumerate(chosen):
        page = pages.get(one.ig_id)
        name = wanted if wanted and len(chosen) == 1 else _name_of(tx, wanted, one)
        new = NewAccount(login, one.ig_id, name, page or person, row.timezone, person if page else None)
        _check_free(tx, new, one)
        rows.append(_ask_about(tx, row if place == 0 else _beside(tx, row, now), new, one, vault, now))
    tx.flush()
    wake_schedulers(tx)
    return rows


def _check_free(tx: Session, new: NewAccount, one: Candidate) -> None:
    try:
        known_account(tx, new)
    except Conflict as taken:
        raise Conflict(
            f"{taken}, and the person has signed in as {one.shown}: sign in as the other one, or choose another name",
            type=taken.type,
            field="name",
            ids=taken.ids,
        ) from None


def _ask_about(
    tx: Session, row: Connection, new: NewAccount, one: Candidate, vault: Vault, now: datetime
) -> Connection:
    row.state, row.next_action_at, row.tries = ConnectionState.ASKED.value, now, 0
    row.ig_id, row.name, row.username = new.ig_id, new.name, one.username
    row.found_sealed = row.found = None
    row.token_sealed = vault.seal(new.token, context=token_context(row.id))
    if new.user_token is not None:
        row.user_token_sealed = vault.seal(new.user_token, context=user_token_context(row.id))
    tx.add(row)
    return row


def _beside(tx: Session, row: Connection, now: datetime) -> Connection:
    return Connection(
        id=next_number(tx),
        login=row.login,
        timezone=row.timezone,
        redirect_url=row.redirect_url,
        scopes_asked=row.scopes_asked,
        facts=row.facts,
        origin_id=row.id,
        created_at=now,
        expires_at=now + LIFE,
    )


def _name_of(tx: Session, name: str, one: Candidate) -> str:
    """Of one of several that are connected under one name, or under none: that which it has, else one of its own."""
    known = tx.scalar(select(Account.name).where(Account.ig_id == one.ig_id))
    own = one.username if one.username and not one.username.isdigit() else f"ig-{one.ig_id}"
    return known or (f"{name}-{own}" if name else own)


def _one_of(found: Sequence[Candidate], wanted: str) -> Candidate:
    for one in found:
        if wanted in (one.ig_id, (one.username or "").lower()):
            return one
    raise unknown_among(found, wanted)


def unknown_among(found: Sequence[Candidate], wanted: str) -> Unknown:
    """The error of an account to which the consent does not lead."""
    there = ", ".join(one.shown for one in found[:_MOST_NAMED])
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return Unknown(
        f"{wanted!r} is none of the accounts that this person let Pressrun see ({there}{more}): "
        "sign in as whoever manages it, and tick it and its Page",
        type="account.not_granted",
        field="account",
    )


def _row(tx: Session, wish: Wish, now: datetime) -> Connection:
    return Connection(
        id=next_number(tx),
        login=wish.login.value,
        name=wish.name or "",
        timezone=wish.timezone,
        wanted=list(wish.accounts) or None,
        created_at=now,
        expires_at=now + LIFE,
    )
