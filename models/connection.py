"""Connections: accounts that somebody wants connected, each asked of Instagram by a worker.

    asked → done | refused | failed

The row holds the token sealed until it is settled; by then it is sealed on the account, or nobody needs it. What is not
settled in time ends by itself, so that no token lies around.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.account import Login
from models.base import Base
from models.claims import wake_schedulers
from models.joining import Joined, NewAccount
from models.types import Id, Instant, InstantNow, Str, one_of
from pressrun.errors import Kind, PressrunError
from pressrun.log import redact
from pressrun.vault import Vault

LIFE = timedelta(hours=1)
"""How long somebody may take to ask Instagram; a person who waits has left long before."""
_TOO_LATE = "nobody asked Instagram in time: is a worker running? Connect the account once more"


class ConnectionState(StrEnum):
    ASKED = "asked"
    DONE = "done"
    REFUSED = "refused"
    """Instagram says that this token is not the account's."""
    FAILED = "failed"
    """Instagram could not be asked, or the account cannot be kept under this name."""


class Connection(Base):
    __tablename__ = "connections"
    __table_args__ = (
        one_of("login", Login),
        one_of("state", ConnectionState),
        one_of("error_kind", Kind),
        CheckConstraint(
            "state <> 'asked' OR next_action_at IS NOT NULL AND token_sealed IS NOT NULL", name="asked_is_owed"
        ),
        CheckConstraint(
            "state = 'asked' OR token_sealed IS NULL AND user_token_sealed IS NULL AND settled_at IS NOT NULL",
            name="settled_is_bare",
        ),
        CheckConstraint("state <> 'done' OR account_id IS NOT NULL AND is_new IS NOT NULL", name="done_has_account"),
        CheckConstraint("state NOT IN ('refused', 'failed') OR error IS NOT NULL", name="ended_says_why"),
        Index("ix_connections_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_connections_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
    )

    id: Mapped[Id]
    login: Mapped[Str]
    ig_id: Mapped[Str]
    name: Mapped[Str]
    timezone: Mapped[Str | None]
    """The zone that was asked for; null keeps the one that the account has."""
    username: Mapped[Str | None]
    """As Instagram told it."""
    token_sealed: Mapped[Str | None]
    """Ciphertext of `pressrun.vault`, context `connection:<id>:token`; wiped when the row is settled."""
    user_token_sealed: Mapped[Str | None]
    """The person's token beside the Page's, context `connection:<id>:user_token`; wiped alike."""
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


def token_context(connection_id: int) -> str:
    """What binds a sealed token to its row."""
    return f"connection:{connection_id}:token"


def user_token_context(connection_id: int) -> str:
    """What binds the second token to its row."""
    return f"connection:{connection_id}:user_token"


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
    """End those that nobody took up in time, token and all; what a worker holds is its own. Returns how many."""
    problem = too_late()
    rows = tx.execute(
        text("""
            UPDATE connections
               SET state = 'failed', error = :error, error_kind = :kind, error_type = :type, token_sealed = NULL,
                   user_token_sealed = NULL, settled_at = :now, next_action_at = NULL, leased_until = NULL,
                   claim = claim + 1
             WHERE state = 'asked' AND expires_at <= :now AND (leased_until IS NULL OR leased_until <= :now)
            RETURNING id
        """),
        {"error": str(problem), "kind": problem.kind.value, "type": problem.type, "now": now},
    )
    return len(rows.all())


def _row_of(tx: Session, new: NewAccount, now: datetime) -> Connection:
    # The row's number before the row: the seal is bound to it.
    number = tx.execute(text("SELECT nextval(pg_get_serial_sequence('connections', 'id'))")).scalar_one()
    return Connection(
        id=int(number),
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
