"""Media containers: what Instagram prepares from a part, and what the publish call names.

A row is committed before the call that creates the container, so that every creation counts against Instagram's cap
even when its answer is lost. At most one container of a part is live; a dropped one stays as history.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.posts.part import Part
from models.store.base import Base
from models.store.types import Id, Instant, InstantNow, Str, one_of

CAP = 400
"""Containers that an account may create in a rolling 24 h (graph-api.md §2.4)."""
CAP_WINDOW = timedelta(hours=24)
LIFE = timedelta(hours=24)
"""How long an unpublished container lives."""


USABLE_FOR = LIFE - timedelta(minutes=20)
"""A container older than this may expire under the publish call and is replaced before it."""


class ContainerStatus(StrEnum):
    REQUESTED = "REQUESTED"
    """Our own word: the call that creates it has not been answered."""
    IN_PROGRESS = "IN_PROGRESS"
    FINISHED = "FINISHED"
    PUBLISHED = "PUBLISHED"
    ERROR = "ERROR"
    EXPIRED = "EXPIRED"


class Container(Base):
    __tablename__ = "containers"
    __table_args__ = (
        one_of("status_code", ContainerStatus),
        Index("uq_containers_live", "part_id", unique=True, postgresql_where=text("dropped_at IS NULL")),
        Index("ix_containers_account_id_created_at", "account_id", "created_at"),
        Index("ix_containers_part_id_id", "part_id", "id"),
    )

    id: Mapped[Id]
    part_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parts.id"))
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id"))
    ig_id: Mapped[Str | None]
    status_code: Mapped[Str] = mapped_column(server_default=text("'REQUESTED'"))
    status: Mapped[Str | None]
    words: Mapped[Str | None]
    """Normal form of the caption that it was made with; null of one that goes out as part of another, or was made
    before this was kept."""
    route: Mapped[Str | None]
    """The way of its media to Instagram (`pressrun/media/routes.py`); null of what has none."""
    route_why: Mapped[Str | None]
    """Why it is that one, for a person."""
    polls: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    polled_at: Mapped[Instant | None]
    finished_at: Mapped[Instant | None]
    created_at: Mapped[InstantNow]
    dropped_at: Mapped[Instant | None]
    drop_reason: Mapped[Str | None]


def live_containers(tx: Session, post_id: int) -> dict[int, Container]:
    """The live container of each part that has one, by part id."""
    rows = tx.scalars(
        select(Container)
        .join(Part, Part.id == Container.part_id)
        .where(Part.post_id == post_id, Part.dropped_at.is_(None), Container.dropped_at.is_(None))
    )
    return {container.part_id: container for container in rows}


def drop_container(tx: Session, container_id: int, *, reason: str, now: datetime) -> None:
    """Take a container out of use; Instagram forgets an unpublished one by itself."""
    tx.execute(
        update(Container)
        .where(Container.id == container_id, Container.dropped_at.is_(None))
        .values(dropped_at=now, drop_reason=reason)
    )


def drop_containers(tx: Session, post_id: int, *, reason: str, now: datetime) -> None:
    """Take all containers of a post that are not published out of use: what they were made from has changed."""
    parts = select(Part.id).where(Part.post_id == post_id, Part.media_id.is_(None))
    tx.execute(
        update(Container)
        .where(Container.part_id.in_(parts), Container.dropped_at.is_(None))
        .values(dropped_at=now, drop_reason=reason)
    )


def containers_created(tx: Session, part_id: int) -> int:
    """How many containers this part has cost so far: bounds re-staging."""
    return tx.scalar(select(func.count()).select_from(Container).where(Container.part_id == part_id)) or 0


def container_budget(tx: Session, account_id: int, *, now: datetime) -> tuple[int, datetime | None]:
    """How many containers the account may still create, and when the next place frees if none is left."""
    oldest_and_count = tx.execute(
        select(func.min(Container.created_at), func.count()).where(
            Container.account_id == account_id, Container.created_at > now - CAP_WINDOW
        )
    ).one()
    oldest, used = oldest_and_count
    left = CAP - int(used)
    return max(left, 0), None if left > 0 or oldest is None else oldest + CAP_WINDOW
