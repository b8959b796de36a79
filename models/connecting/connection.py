"""Connections: accounts that somebody wants connected, each asked of Instagram by a worker.

    waiting ──▶ answered ──▶ granted ──▶ prolonged ──▶ asked ──▶ done | refused | failed
    a person    a code       a token     a long one      ▲
    consents                                  └▶ found ──┘ a person chooses

`account add` begins at `asked`, `account discover` at `granted`; `models/connecting/consenting.py` has the way up to
there. A row holds code and tokens sealed until it is settled; by then they are sealed on the account, or nobody needs
them. What is not settled in time ends by itself, so that no token lies around.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.accounts.account import Login
from models.connecting.joining import Joined, NewAccount
from models.owed.claims import wake_schedulers
from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, Str, one_of
from models.tokens.token import Facts
from pressrun.errors import Kind, PressrunError
from pressrun.log import redact
from pressrun.vault import Vault

LIFE = timedelta(hours=1)
"""How long somebody may take to ask Instagram; a person who waits has left long before."""
_TOO_LATE = "nobody asked Instagram in time: is a worker running? Connect the account once more"
_NO_ANSWER = "the consent page sent no answer in time: connect the account once more"
_NO_CHOICE = "nobody chose an account in time: connect it once more"


BARE = """token_sealed = NULL, user_token_sealed = NULL, code_sealed = NULL, found_sealed = NULL, found = NULL,
       settled_at = :now, next_action_at = NULL, leased_until = NULL"""
"""What settling a row takes off it, in SQL."""


class ConnectionState(StrEnum):
    WAITING = "waiting"
    """For a person's answer on the consent page; owed to nobody."""
    ANSWERED = "answered"
    """With a code, which is good for one exchange."""
    GRANTED = "granted"
    """The code is a token by now, or somebody has given one."""
    PROLONGED = "prolonged"
    """The token is a long-lived one."""
    FOUND = "found"
    """It leads to several accounts, and a person is to choose; owed to nobody."""
    ASKED = "asked"
    DONE = "done"
    REFUSED = "refused"
    """Instagram says that this token is not the account's."""
    FAILED = "failed"
    """Instagram could not be asked, or the account cannot be kept under this name."""


OWED = ("answered", "granted", "prolonged", "asked")
"""In these states a worker has a step to do."""
OPEN = ("waiting", "found", *OWED)
"""In these it is not settled."""


def _listed(states: tuple[str, ...]) -> str:
    return ", ".join(f"'{state}'" for state in states)


class Connection(Base):
    __tablename__ = "connections"
    __table_args__ = (
        one_of("login", Login),
        one_of("state", ConnectionState),
        one_of("error_kind", Kind),
        CheckConstraint(
            f"(state IN ({_listed(OWED)})) = (next_action_at IS NOT NULL)"
            " AND (state NOT IN ('asked', 'done') OR ig_id IS NOT NULL)"
            " AND (state <> 'answered' OR code_sealed IS NOT NULL)"
            " AND (state NOT IN ('granted', 'prolonged', 'found', 'asked') OR token_sealed IS NOT NULL)",
            name="asked_is_owed",
        ),
        CheckConstraint(
            f"state IN ({_listed(OPEN)}) OR settled_at IS NOT NULL"
            " AND num_nonnulls(token_sealed, user_token_sealed, code_sealed, found_sealed) = 0",
            name="settled_is_bare",
        ),
        CheckConstraint("state <> 'done' OR account_id IS NOT NULL AND is_new IS NOT NULL", name="done_has_account"),
        CheckConstraint("state NOT IN ('refused', 'failed') OR error IS NOT NULL", name="ended_says_why"),
        Index("ix_connections_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_connections_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
    )

    id: Mapped[Id]
    login: Mapped[Str]
    ig_id: Mapped[Str | None]
    """Null while nobody has said or found which account it is."""
    name: Mapped[Str]
    timezone: Mapped[Str | None]
    """The zone that was asked for; null keeps the one that the account has."""
    username: Mapped[Str | None]
    """As Instagram told it."""
    token_sealed: Mapped[Str | None]
    """Ciphertext of `pressrun.vault`, context `connection:<id>:token`; wiped when the row is settled."""
    user_token_sealed: Mapped[Str | None]
    """The person's token beside the Page's, context `connection:<id>:user_token`; wiped alike."""
    code_sealed: Mapped[Str | None]
    """What the consent page sent, context `connection:<id>:code`; wiped once it is exchanged."""
    redirect_url: Mapped[Str | None]
    """Where the consent leads back to, as it was asked for; null: there is no consent, somebody gave a token."""
    answer_digest: Mapped[Str | None]
    """SHA-256 of the `state` that the answer has to carry."""
    wanted: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    """Accounts that were named beforehand: Instagram ids or user names."""
    scopes_asked: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    """Permissions that the person was asked for; null: nobody asked, or the app's dashboard says which."""
    scopes: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    """Permissions that the token has, as Instagram told; null: it did not."""
    token_kind: Mapped[Str | None]
    """What is known of the token that was granted (`Facts`): the person's, where it leads to a Page's."""
    token_expires_at: Mapped[Instant | None]
    token_never_ends: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    data_access_expires_at: Mapped[Instant | None]
    found: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    """The accounts that the token leads to (`models.connecting.consenting.Candidate`)."""
    found_sealed: Mapped[Str | None]
    """The Pages' tokens as JSON by Instagram id, context `connection:<id>:found`; wiped once it is chosen."""
    origin_id: Mapped[int | None] = mapped_column(BigInteger)
    """The connection whose consent led to this one too."""
    state: Mapped[Str] = mapped_column(server_default=text("'asked'"))
    error: Mapped[Str | None]
    error_kind: Mapped[Str | None]
    error_type: Mapped[Str | None]
    error_field: Mapped[Str | None]
    account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    """The account that came of it."""
    is_new: Mapped[bool | None] = mapped_column(Boolean)
    posts_woken: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_at: Mapped[InstantNow]
    expires_at: Mapped[Instant]
    """When it ends by itself."""
    settled_at: Mapped[Instant | None]
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """Times that a worker began to ask."""

    @property
    def facts(self) -> Facts:
        """What Instagram has said of the token that was granted."""
        scopes = None if self.scopes is None else tuple(self.scopes)
        end, never_ends = self.token_expires_at, bool(self.token_never_ends)
        return Facts(self.token_kind, end, never_ends, self.data_access_expires_at, scopes)

    @facts.setter
    def facts(self, facts: Facts) -> None:
        self.token_kind, self.token_expires_at, self.token_never_ends = facts.kind, facts.expires_at, facts.never_ends
        self.data_access_expires_at = facts.data_access_expires_at
        self.scopes = None if facts.scopes is None else list(facts.scopes)


def context_of(connection_id: int, what: str) -> str:
    """What binds a sealed secret to its row."""
    return f"connection:{connection_id}:{what}"


def token_context(connection_id: int) -> str:
    """What binds a sealed token to its row."""
    return context_of(connection_id, "token")


def user_token_context(connection_id: int) -> str:
    """What binds the second token to its row."""
    return context_of(connection_id, "user_token")


def ask(tx: Session, new: NewAccount, vault: Vault, *, now: datetime) -> Connection:
    """Have a worker ask Instagram whose token it is."""
    connection = _row_of(tx, new, now)
    connection.token_sealed = vault.seal(new.token, context=token_context(connection.id))
    if new.user_token is not None:
        connection.user_token_sealed = vault.seal(new.user_token, context=user_token_context(connection.id))
    connection.next_action_at = now
    tx.add(connection)
    tx.flush()
    wake_schedulers(tx)
    return connection


def record_unasked(tx: Session, new: NewAccount, joined: Joined, *, now: datetime) -> Connection:
    """Keep on record that the account was connected without asking Instagram."""
    connection = _row_of(tx, new, now)
    settle_done(connection, joined, username=None, now=now)
    tx.add(connection)
    tx.flush()
    return connection


def settle_done(connection: Connection, joined: Joined, *, username: str | None, now: datetime) -> None:
    """The account is connected. The caller ends the claim in the same transaction."""
    _settle(connection, ConnectionState.DONE, now)
    connection.username = username
    connection.account_id, connection.is_new = joined.account_id, joined.is_new
    connection.posts_woken = joined.posts_woken


def settle_ended(connection: Connection, state: ConnectionState, problem: PressrunError, *, now: datetime) -> None:
    """It comes to nothing, and why. The caller ends the claim in the same transaction."""
    _settle(connection, state, now)
    connection.error = redact(str(problem))
    connection.error_kind, connection.error_type = problem.kind.value, problem.type
    connection.error_field = problem.field


def too_late() -> PressrunError:
    """Why a connection ended by itself."""
    return PressrunError(_TOO_LATE, type="connection.expired")


def expire_connections(tx: Session, *, now: datetime) -> int:
    """End those that nobody took up in time, tokens and all; what a worker holds is its own. Returns how many."""
    problem = too_late()
    told = {"kind": problem.kind.value, "type": problem.type, "now": now, "open": list(OPEN)}
    rows = tx.execute(
        text(f"""
            UPDATE connections
               SET state = 'failed', error_kind = :kind, error_type = :type, {BARE}, claim = claim + 1,
                   error = CASE state WHEN 'waiting' THEN :no_answer WHEN 'found' THEN :no_choice ELSE :too_late END
             WHERE state = ANY (:open) AND expires_at <= :now AND (leased_until IS NULL OR leased_until <= :now)
            RETURNING id
        """),  # noqa: S608 - a constant
        told | {"too_late": _TOO_LATE, "no_answer": _NO_ANSWER, "no_choice": _NO_CHOICE},
    )
    return len(rows.all())


def next_number(tx: Session) -> int:
    """The number of a row that is still to be made: seals are bound to it."""
    return int(tx.execute(text("SELECT nextval(pg_get_serial_sequence('connections', 'id'))")).scalar_one())


def _row_of(tx: Session, new: NewAccount, now: datetime) -> Connection:
    return Connection(
        id=next_number(tx),
        login=new.login.value,
        ig_id=new.ig_id,
        name=new.name,
        timezone=new.timezone,
        created_at=now,
        expires_at=now + LIFE,
    )


def _settle(connection: Connection, state: ConnectionState, now: datetime) -> None:
    connection.state, connection.settled_at, connection.next_action_at = state.value, now, None
    connection.token_sealed = connection.user_token_sealed = None
    connection.code_sealed = connection.found_sealed = connection.found = None
