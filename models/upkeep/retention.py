"""Retention of the history: whole months that are old enough go, and it is written down that they went.

The newest known values stay in the `…_latest` tables whatever their age: only the way to them is dropped. Runs go with
the months of their slots; how far each harvest has come stays in its row.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sqlalchemy import BigInteger, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base
from models.store.partitions import BOUNDS, PARTITIONED, lock_partitions
from models.store.types import Instant, Str

_MONTH = re.compile(r"_(\d{4})_(\d{2})\Z", re.ASCII)


class DroppedMonth(Base):
    __tablename__ = "dropped_months"

    table_name: Mapped[Str] = mapped_column(primary_key=True)
    since: Mapped[Instant] = mapped_column(primary_key=True)
    until: Mapped[Instant]
    bytes: Mapped[int] = mapped_column(BigInteger)
    dropped_at: Mapped[Instant]


def kept_since(now: datetime, *, months: int) -> datetime:
    """The first instant that is kept: the month (UTC) that is running, and `months` whole ones before it."""
    index = now.year * 12 + now.month - 1 - months
    return datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)


def old_partitions(tx: Session, *, before: datetime) -> list[str]:
    """Partitions that hold nothing but readings from before that instant, oldest first. Never the default ones."""
    # The bounds and not the name say what it holds: somebody may have renamed one.
    found = [row for table in PARTITIONED for row in tx.execute(BOUNDS, {"parent": table}) if row.until <= before]
    return [row.name for row in found if _MONTH.search(row.name)]


def dropped_until(tx: Session) -> datetime | None:
    """What was read before is dropped, and stays so; None where nothing was."""
    return tx.scalar(select(func.max(DroppedMonth.until)))


def drop_month(tx: Session, name: str, *, now: datetime) -> DroppedMonth | None:
    """Drop one partition and write it down, in one transaction; None when another scheduler was quicker."""
    lock_partitions(tx)
    if tx.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar_one() is None:
        return None
    table = _MONTH.sub("", name)
    since, until = next((row.since, row.until) for row in tx.execute(BOUNDS, {"parent": table}) if row.name == name)
    size = tx.execute(select(func.pg_total_relation_size(name))).scalar_one()
    month = DroppedMonth(table_name=table, since=since, until=until, bytes=size, dropped_at=now)
    tx.merge(month)  # a month made again by hand and dropped again is one month
    tx.execute(text(f"DROP TABLE {name}"))
    return month
