"""Endpoints: where people are told, and the rules of what each is told and how.

    active → parked (it did not take anything for days) → active (a person has what it missed sent again) | removed

What opens an endpoint (its address, the secret it signs with) is sealed, each bound to its row and its purpose.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Time, delete, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, Str, one_of
from models.telling.notice import NoticeKind
from pressrun.errors import Conflict, NotPossible, Unknown
from pressrun.vault import Vault


class Way(StrEnum):
    """How an endpoint is reached."""

    WEBHOOK = "webhook"
    APPRISE = "apprise"


class EndpointState(StrEnum):
    ACTIVE = "active"
    PARKED = "parked"
    """Nothing is sent to it; what is for it is kept."""
    REMOVED = "removed"


class How(StrEnum):
    """How soon a notice is told."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    """With others, once a day."""
    NEVER = "never"


class Endpoint(Base):
    __tablename__ = "endpoints"
    __table_args__ = (
        one_of("way", Way),
        one_of("state", EndpointState),
        CheckConstraint("state = 'removed' OR address_sealed IS NOT NULL", name="has_address"),
        CheckConstraint("num_nonnulls(quiet_from, quiet_to) <> 1", name="quiet_is_whole"),
        Index("uq_endpoints_name", "name", unique=True, postgresql_where=text("state <> 'removed'")),
    )

    id: Mapped[Id]
    name: Mapped[Str]
    way: Mapped[Str]
    place: Mapped[Str]
    """What may be shown of the address: scheme and host of a webhook, the service of an apprise address."""
    address_sealed: Mapped[Str | None]
    """Ciphertext of `pressrun.vault`, context `endpoint:<id>:address`; wiped when it is removed, as are the secrets."""
    secret_sealed: Mapped[Str | None]
    """Of a webhook: context `endpoint:<id>:secret`."""
    old_secret_sealed: Mapped[Str | None]
    """The one before, context `endpoint:<id>:old_secret`: signs as well until `old_secret_until`."""
    old_secret_until: Mapped[Instant | None]
    state: Mapped[Str] = mapped_column(server_default=text("'active'"))
    state_reason: Mapped[Str | None]
    failing_since: Mapped[Instant | None]
    """Since when it has taken nothing; null when the last delivery arrived."""
    retry_at: Mapped[Instant | None]
    """When that is looked at next: other deliveries wait until then."""
    timezone: Mapped[Str] = mapped_column(server_default=text("'UTC'"))
    """The zone of the times below."""
    digest_at: Mapped[time] = mapped_column(Time, server_default=text("'08:00'"))
    quiet_from: Mapped[time | None] = mapped_column(Time)
    quiet_to: Mapped[time | None] = mapped_column(Time)
    """What would be told between the two waits, and comes as a digest at its end."""
    created_at: Mapped[InstantNow]
    updated_at: Mapped[InstantNow]


class NoticeRule(Base):
    __tablename__ = "notice_rules"
    __table_args__ = (
        one_of("how", How),
        one_of("kind", NoticeKind),
        Index(
            "uq_notice_rules_of",
            "endpoint_id",
            text("coalesce(account_id, 0)"),
            text("coalesce(kind, '')"),
            unique=True,
        ),
    )

    id: Mapped[Id]
    endpoint_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("endpoints.id"))
    account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    """Null: of every account, and of what concerns none."""
    kind: Mapped[Str | None]
    """Null: of every kind."""
    how: Mapped[Str]


def address_context(endpoint_id: int) -> str:
    """What binds a sealed address to its row."""
    return f"endpoint:{endpoint_id}:address"


def secret_context(endpoint_id: int) -> str:
    """What binds the secret that signs to its row."""
    return f"endpoint:{endpoint_id}:secret"


def old_secret_context(endpoint_id: int) -> str:
    """What binds the secret that signed before to its row."""
    return f"endpoint:{endpoint_id}:old_secret"


def new_secret() -> str:
    """A secret in the form of Standard Webhooks: `whsec_` and 32 random bytes in base64."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


def add_endpoint(
    tx: Session, name: str, way: Way, place: str, address: str, vault: Vault
) -> tuple[Endpoint, str | None]:
    """A new endpoint, and the secret it signs with, which is shown this once. Raises Conflict: the name is taken."""
    taken = tx.scalar(select(Endpoint.id).where(Endpoint.name == name, Endpoint.state != EndpointState.REMOVED.value))
    if taken is not None:
        raise Conflict(f"there is an endpoint called {name!r} already", type="endpoint.taken", field="name")
    # The row's number before the row: the seals are bound to it.
    number = int(tx.execute(text("SELECT nextval(pg_get_serial_sequence('endpoints', 'id'))")).scalar_one())
    secret = new_secret() if way is Way.WEBHOOK else None
    endpoint = Endpoint(
        id=number,
        name=name,
        way=way.value,
        place=place,
        address_sealed=vault.seal(address, context=address_context(number)),
        secret_sealed=None if secret is None else vault.seal(secret, context=secret_context(number)),
    )
    tx.add(endpoint)
    tx.flush()
    return endpoint, secret


def find_endpoint(tx: Session, name: str, *, lock: bool = False) -> Endpoint:
    """The endpoint of that name that is not removed. Raises Unknown."""
    query = select(Endpoint).where(Endpoint.name == name, Endpoint.state != EndpointState.REMOVED.value)
    if lock:
        query = query.with_for_update(key_share=True)
    found = tx.scalar(query)
    if found is None:
        raise Unknown(f"no endpoint is called {name!r}", type="endpoint.unknown", field="name")
    return found


def lock_endpoint(tx: Session, endpoint_id: int) -> Endpoint:
    """The endpoint under its row lock, which comes after that of any row of work."""
    query = select(Endpoint).where(Endpoint.id == endpoint_id).with_for_update(key_share=True)
    return tx.scalars(query.execution_options(populate_existing=True)).one()


def rotate_secret(tx: Session, endpoint: Endpoint, vault: Vault, *, old_until: datetime) -> str:
    """A new secret, shown this once; the one before signs as well until then. Raises NotPossible."""
    if endpoint.secret_sealed is None:
        raise NotPossible(
            f"{endpoint.name} is no webhook: it signs nothing", type="endpoint.signs_nothing", field="name"
        )
    old = vault.open(endpoint.secret_sealed, context=secret_context(endpoint.id))
    secret = new_secret()
    endpoint.old_secret_sealed = vault.seal(old, context=old_secret_context(endpoint.id))
    endpoint.old_secret_until = old_until
    if endpoint.address_sealed is not None:  # under the newest key as well, like the secrets
        address = vault.open(endpoint.address_sealed, context=address_context(endpoint.id))
        endpoint.address_sealed = vault.seal(address, context=address_context(endpoint.id))
    endpoint.secret_sealed = vault.seal(secret, context=secret_context(endpoint.id))
    tx.flush()
    return secret


def remove_endpoint(tx: Session, endpoint: Endpoint) -> None:
    """Nothing is sent to it any more, and what opened it is wiped. What was sent stays on record."""
    endpoint.state, endpoint.state_reason = EndpointState.REMOVED.value, None
    endpoint.address_sealed = endpoint.secret_sealed = endpoint.old_secret_sealed = None
    endpoint.old_secret_until = endpoint.failing_since = endpoint.retry_at = None
    tx.flush()


def set_rule(
    tx: Session, endpoint_id: int, *, account_id: int | None, kind: NoticeKind | None, how: How | None
) -> None:
    """Make, change or (None) take away the rule of that account and kind."""
    of = [
        NoticeRule.endpoint_id == endpoint_id,
        NoticeRule.account_id.is_not_distinct_from(account_id),
        NoticeRule.kind.is_not_distinct_from(None if kind is None else kind.value),
    ]
    tx.execute(delete(NoticeRule).where(*of))
    if how is not None:
        tx.add(NoticeRule(endpoint_id=endpoint_id, account_id=account_id, kind=kind, how=how.value))
    tx.flush()


@dataclass(frozen=True)
class Wish:
    """An endpoint that wants a notice, and how."""

    endpoint_id: int
    how: How


# As `models.telling.notice.WANTED` judges.
_WISHES = text("""
    SELECT e.id, coalesce(r.how, 'at_once') AS how
      FROM endpoints e
      LEFT JOIN LATERAL (
            SELECT r.how FROM notice_rules r
             WHERE r.endpoint_id = e.id AND coalesce(r.account_id, :account_id) = :account_id
               AND coalesce(r.kind, :kind) = :kind
             ORDER BY (r.account_id IS NOT NULL) DESC, (r.kind IS NOT NULL) DESC LIMIT 1) r ON true
     WHERE e.state <> 'removed' AND coalesce(r.how, 'at_once') <> 'never' AND e.created_at <= :at
     ORDER BY e.id
""")


def wishes(tx: Session, kind: NoticeKind, account_id: int | None, *, at: datetime) -> list[Wish]:
    """The endpoints that want a notice of that kind, which is of that instant, by their numbers."""
    rows = tx.execute(_WISHES, {"kind": kind.value, "account_id": account_id or 0, "at": at})
    return [Wish(row.id, How(row.how)) for row in rows]
