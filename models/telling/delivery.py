"""Deliveries: what is sent to one endpoint, a notice or a digest of several, each one row of owed work.

    owed → delivered | failed (tried for days or refused) | parked (its endpoint is) | canceled (that is removed)

A delivery has one id, whatever becomes of its tries: receivers know by it what they have seen. A digest is open for
more notices until it is tried for the first time; then it holds what it holds.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    UniqueConstraint,
    Uuid,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.owed.claims import wake_schedulers
from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, Str, one_of
from models.telling.endpoint import Endpoint, EndpointState, How, lock_endpoint, wishes
from models.telling.notice import Notice, NoticeKind
from pressrun import clock

FLOOD: Final = 20
FLOOD_IN: Final = timedelta(minutes=10)
"""After that many notices in that time an endpoint is told the rest in digests, each after such a time."""
MOST_IN_DIGEST: Final = 200


class DeliveryState(StrEnum):
    OWED = "owed"
    DELIVERED = "delivered"
    FAILED = "failed"
    PARKED = "parked"
    CANCELED = "canceled"


class Delivery(Base):
    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("uid"),
        one_of("state", DeliveryState),
        CheckConstraint("state <> 'owed' OR next_action_at IS NOT NULL", name="owed_is_due"),
        CheckConstraint("(state = 'delivered') = (delivered_at IS NOT NULL)", name="delivered_at"),
        Index("ix_deliveries_due", "next_action_at", "id", postgresql_where=text("next_action_at IS NOT NULL")),
        Index("ix_deliveries_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
        Index("ix_deliveries_endpoint_id_created_at", "endpoint_id", "created_at"),
    )

    id: Mapped[Id]
    uid: Mapped[UUID] = mapped_column(Uuid, server_default=text("gen_random_uuid()"))
    endpoint_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("endpoints.id"))
    is_digest: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    size: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    """How many notices it holds."""
    state: Mapped[Str] = mapped_column(server_default=text("'owed'"))
    error: Mapped[Str | None]
    """What went wrong last."""
    created_at: Mapped[InstantNow]
    first_tried_at: Mapped[Instant | None]
    delivered_at: Mapped[Instant | None]
    next_action_at: Mapped[Instant | None]
    leased_until: Mapped[Instant | None]
    claim: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    holder: Mapped[int | None] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class DeliveryNotice(Base):
    __tablename__ = "delivery_notices"
    __table_args__ = (Index("ix_delivery_notices_notice_id", "notice_id"),)

    delivery_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("deliveries.id"), primary_key=True)
    notice_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("notices.id"), primary_key=True)


def deal(tx: Session, notice: Notice, *, now: datetime) -> int:
    """Give each endpoint that wants the notice its delivery, by its rules; returns how many do.

    The caller holds the notice's claim and ends it in the same transaction: no endpoint gets it twice.
    """
    dealt = 0
    for wish in wishes(tx, NoticeKind(notice.kind), notice.account_id, at=notice.at):
        endpoint = lock_endpoint(tx, wish.endpoint_id)
        if endpoint.state == EndpointState.REMOVED.value:
            continue
        due_at = _waits_until(tx, endpoint, wish.how, now)
        delivery_id = None if due_at is None else _open_digest(tx, endpoint.id, due_at)
        if delivery_id is None:
            delivery_id = _new(tx, endpoint.id, due_at=due_at or now, is_digest=due_at is not None)
        tx.add(DeliveryNotice(delivery_id=delivery_id, notice_id=notice.id))
        dealt += 1
    if dealt:
        tx.flush()
        wake_schedulers(tx)
    return dealt


def send_test(tx: Session, endpoint: Endpoint, *, now: datetime) -> int:
    """Owe the endpoint a notice that says nothing but that it works; returns the number of the delivery."""
    said = f"Pressrun reaches {endpoint.name}"
    notice = Notice(kind=NoticeKind.TEST.value, message=said, detail={"endpoint": endpoint.name})
    tx.add(notice)
    tx.flush()
    delivery_id = _new(tx, endpoint.id, due_at=now, is_digest=False)
    tx.add(DeliveryNotice(delivery_id=delivery_id, notice_id=notice.id))
    tx.flush()
    wake_schedulers(tx)
    return delivery_id


def contents(tx: Session, delivery_id: int) -> list[Notice]:
    """What a delivery holds, oldest first."""
    query = select(Notice).join(DeliveryNotice, DeliveryNotice.notice_id == Notice.id)
    return list(tx.scalars(query.where(DeliveryNotice.delivery_id == delivery_id).order_by(Notice.id)))


def is_test(tx: Session, delivery_id: int) -> bool:
    """Whether a person waits for it: it is tried once, whatever became of others."""
    return any(notice.kind == NoticeKind.TEST.value for notice in contents(tx, delivery_id))


MISSED: Final = f"""
    (d.state IN ('failed', 'parked') AND NOT EXISTS (
        SELECT FROM delivery_notices c JOIN notices n ON n.id = c.notice_id
         WHERE c.delivery_id = d.id AND n.kind = '{NoticeKind.TEST.value}'))
"""
"""Of deliveries `d`, those that their endpoint missed. A test that failed was told to whoever waited for it."""

_REPLAY = text(f"""
    UPDATE deliveries d
       SET state = 'owed', next_action_at = now(), leased_until = NULL, claim = claim + 1, tries = 0, error = NULL,
           first_tried_at = CASE WHEN first_tried_at IS NULL THEN NULL ELSE CAST(:now AS timestamptz) END,
           delivered_at = NULL
     WHERE endpoint_id = :endpoint_id
       AND CASE WHEN CAST(:delivery_id AS bigint) IS NULL THEN {MISSED}
                ELSE id = :delivery_id AND state <> 'canceled' END
    RETURNING id
""")  # noqa: S608 - a constant


def replay(tx: Session, endpoint: Endpoint, *, now: datetime, delivery_id: int | None = None) -> int:
    """Have what did not arrive sent again under the ids it had, or that one delivery; returns how many those are.

    A parked endpoint is active again.
    """
    found = tx.execute(_REPLAY, {"endpoint_id": endpoint.id, "delivery_id": delivery_id, "now": now}).all()
    lock_endpoint(tx, endpoint.id)
    endpoint.state, endpoint.state_reason = EndpointState.ACTIVE.value, None
    endpoint.failing_since = endpoint.retry_at = None
    tx.flush()
    if found:
        wake_schedulers(tx)
    return len(found)


def quiet_until(endpoint: Endpoint, now: datetime) -> datetime | None:
    """The end of the quiet hours that `now` is in; None outside of them."""
    if endpoint.quiet_from is None or endpoint.quiet_to is None or endpoint.quiet_from == endpoint.quiet_to:
        return None
    wall = now.astimezone(clock.zone(endpoint.timezone)).time()
    begins, ends = endpoint.quiet_from, endpoint.quiet_to
    is_quiet = begins <= wall < ends if begins < ends else wall >= begins or wall < ends
    return _next_end(endpoint.timezone, ends, now) if is_quiet else None


def _next_end(timezone: str, wall: time, now: datetime) -> datetime:
    """The same as `next_at`; where clocks go back and show that time twice, the second counts, too: an end of hours
    that has come once and is followed by them again is not that of the day after.
    """
    first, zone = next_at(timezone, wall, now), clock.zone(timezone)
    again = datetime.combine(now.astimezone(zone).date(), wall, zone).replace(fold=1).astimezone(UTC)
    is_one = again.astimezone(zone).time() == wall  # in a gap there is no such time
    return again if is_one and now < again < first else first


def next_at(timezone: str, wall: time, now: datetime) -> datetime:
    """When the clocks of that zone show that time next."""
    zone = clock.zone(timezone)
    today = now.astimezone(zone).date()
    for days in range(3):
        at = clock.resolve_local(datetime.combine(today + timedelta(days=days), wall), zone)
        if at > now:
            return at
    raise AssertionError(f"no {wall} in {timezone} after {now}")


def _waits_until(tx: Session, endpoint: Endpoint, how: How, now: datetime) -> datetime | None:
    """When the digest is due that the notice is for; None when it is told by itself and at once."""
    if how is How.DIGEST:
        due_at = next_at(endpoint.timezone, endpoint.digest_at, now)
    elif (quiet := quiet_until(endpoint, now)) is not None:
        return quiet
    elif _is_flooded(tx, endpoint.id, now):
        due_at = now + FLOOD_IN
    else:
        return None
    return quiet_until(endpoint, due_at) or due_at


def _is_flooded(tx: Session, endpoint_id: int, now: datetime) -> bool:
    recent = select(Delivery.id).where(
        Delivery.endpoint_id == endpoint_id, Delivery.created_at > now - FLOOD_IN, ~Delivery.is_digest
    )
    return tx.execute(select(func.count()).select_from(recent.limit(FLOOD).subquery())).scalar_one() >= FLOOD


# A digest that is locked is being sent, or dealt to by nobody: the endpoint is locked before any is looked for.
_ADD_TO_DIGEST = text("""
    UPDATE deliveries d
       SET size = size + 1, next_action_at = least(next_action_at, CAST(:due_at AS timestamptz))
     WHERE id = (SELECT id FROM deliveries
                  WHERE endpoint_id = :endpoint_id AND is_digest AND state = 'owed' AND first_tried_at IS NULL
                    AND leased_until IS NULL AND size < :most
                  ORDER BY id DESC LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING id
""")


def _open_digest(tx: Session, endpoint_id: int, due_at: datetime) -> int | None:
    values = {"endpoint_id": endpoint_id, "due_at": due_at, "most": MOST_IN_DIGEST}
    found: int | None = tx.execute(_ADD_TO_DIGEST, values).scalar()
    return found


def _new(tx: Session, endpoint_id: int, *, due_at: datetime, is_digest: bool) -> int:
    delivery = Delivery(endpoint_id=endpoint_id, is_digest=is_digest, next_action_at=due_at)
    tx.add(delivery)
    tx.flush()
    return delivery.id
