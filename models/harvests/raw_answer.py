"""Instagram's answers as they came, compressed and kept for a while, so that a later parser can read them again.

They are no history: a partition for each day is made ahead and dropped as a whole when its time is over. No token is in
them: the worker cuts it out before they are stored.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, insert, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base, table_of
from models.store.types import Instant, Str

TABLE = "raw_answers"
DAYS_AHEAD = 7
_LOCK = 7_303_018  # any constant: two schedulers must not create the same partition at once
_PREFIX = f"{TABLE}_2"
"""Partitions of days end in their date; the default one does not."""


class RawAnswer(Base):
    __tablename__ = TABLE
    __table_args__ = ({"postgresql_partition_by": "RANGE (captured_at)"},)

    captured_at: Mapped[Instant] = mapped_column(primary_key=True)
    """When it was asked for."""
    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    """Place of the call in its step, from 1."""
    account_id: Mapped[int] = mapped_column(BigInteger)
    endpoint: Mapped[Str]
    """Template of the address, such as `GET /{ig}/insights`."""
    asked: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """`path`, and the parameters under `params`; never a token or a proof."""
    api_version: Mapped[Str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """The JSON text, compressed with zlib."""


@dataclass(frozen=True)
class Answer:
    """One answer on its way into the table; `body` is compressed already."""

    number: int
    captured_at: datetime
    endpoint: str
    asked: Mapping[str, Any]
    body: bytes


def packed(body: bytes) -> bytes:
    return zlib.compress(body, 6)


def unpacked(body: bytes) -> Any:
    """The answer as JSON values."""
    return json.loads(text_of(body))


def text_of(body: bytes) -> bytes:
    """The answer as it came."""
    return zlib.decompress(body)


def keep_answers(tx: Session, answers: Iterable[Answer], *, run_id: int, account_id: int, api_version: str) -> None:
    rows = [
        {
            "captured_at": one.captured_at,
            "run_id": run_id,
            "number": one.number,
            "account_id": account_id,
            "endpoint": one.endpoint,
            "asked": dict(one.asked),
            "api_version": api_version,
            "body": one.body,
        }
        for one in answers
    ]
    if rows:
        tx.execute(insert(table_of(RawAnswer)), rows)


_NEXT_STEP = text("""
    SELECT captured_at, run_id FROM raw_answers
     WHERE account_id = :account_id AND number = 1
       AND captured_at >= :since AND captured_at < :until AND (captured_at, run_id) > (:at, :run_id)
     ORDER BY captured_at, run_id
     LIMIT 1
""")
_LONGEST_STEP = timedelta(hours=6)


def next_step(
    tx: Session, account_id: int, *, since: datetime, until: datetime, after: tuple[datetime, int] | None
) -> tuple[datetime, int] | None:
    """Time of the first answer and run of the next step (see `number`) that began in that range; None after the last.

    Args:
        after: what was returned before.
    """
    at, run_id = after or (since, 0)
    values = {"account_id": account_id, "since": since, "until": until, "at": at, "run_id": run_id}
    row = tx.execute(_NEXT_STEP, values).first()
    return (row.captured_at, row.run_id) if row else None


def answers_of_step(tx: Session, first: tuple[datetime, int]) -> list[RawAnswer]:
    """All answers of the step that began so, oldest first."""
    at, run_id = first
    query = select(RawAnswer).where(
        RawAnswer.run_id == run_id, RawAnswer.captured_at >= at, RawAnswer.captured_at < at + _LONGEST_STEP
    )
    found: list[RawAnswer] = []
    for one in tx.scalars(query.order_by(RawAnswer.captured_at, RawAnswer.number)):
        if found and one.number <= found[-1].number:
            break  # the next step of the same run
        found.append(one)
    return found


def oldest_answer(tx: Session, account_id: int | None) -> datetime | None:
    """When the oldest answer that is kept was asked for, of that account or of all; None where none is kept."""
    query = select(RawAnswer.captured_at).order_by(RawAnswer.captured_at).limit(1)
    return tx.scalar(query if account_id is None else query.where(RawAnswer.account_id == account_id))


def roll_days(tx: Session, *, now: datetime, keep: timedelta) -> list[str]:
    """Make the partitions of today and the next days, drop those whose time is over; returns the names of all these.

    What nobody made a partition for has landed in the default one, and is deleted from there.
    """
    tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    names = set(_partitions(tx))
    changed = []
    today = datetime(now.year, now.month, now.day, tzinfo=UTC)
    for day in (today + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)):
        if _name(day) not in names and _make(tx, day):
            changed.append(_name(day))
    over = now - keep
    for name in sorted(names):
        if name.startswith(_PREFIX) and _day(name) + timedelta(days=1) <= over:
            tx.execute(text(f"DROP TABLE {name}"))
            changed.append(name)
    tx.execute(text(f"DELETE FROM {TABLE}_default WHERE captured_at < :over"), {"over": over})  # noqa: S608
    return changed


def _make(tx: Session, day: datetime) -> bool:
    """Whether it could be made: Postgres refuses while the default partition holds rows of that day."""
    following = day + timedelta(days=1)
    held = f"SELECT EXISTS (SELECT FROM {TABLE}_default WHERE captured_at >= :low AND captured_at < :high)"  # noqa: S608
    if tx.execute(text(held), {"low": day, "high": following}).scalar_one():
        return False
    values = f"FROM ('{day.isoformat()}') TO ('{following.isoformat()}')"
    tx.execute(text(f"CREATE TABLE {_name(day)} PARTITION OF {TABLE} FOR VALUES {values}"))
    return True


def _partitions(tx: Session) -> list[str]:
    query = """
        SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = CAST(:parent AS regclass)
    """
    return list(tx.execute(text(query), {"parent": TABLE}).scalars())


def _name(day: datetime) -> str:
    return f"{TABLE}_{day:%Y_%m_%d}"


def _day(name: str) -> datetime:
    return datetime.strptime(name.removeprefix(f"{TABLE}_"), "%Y_%m_%d").replace(tzinfo=UTC)
