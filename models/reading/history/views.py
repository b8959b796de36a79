"""The views for people, read as a stream: what of them, as of when, of whom, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import text

from models.store.session import Database

AT_ONCE = 5_000
"""Rows that are in memory at once."""


class View(StrEnum):
    COVERAGE = "coverage"
    ACCOUNT_DAILY = "account_daily"
    MEDIA_CURVE = "media_curve"
    MEDIA_TOTALS = "media_totals"
    STORY_FINAL = "story_final"
    AUDIENCE = "audience"
    FOLLOWER_GROWTH = "follower_growth"


_TIME = {
    View.COVERAGE: "day",
    View.ACCOUNT_DAILY: "day",
    View.MEDIA_CURVE: "captured_at",
    View.MEDIA_TOTALS: "posted_at",
    View.STORY_FINAL: "posted_at",
    View.AUDIENCE: "captured_at",
    View.FOLLOWER_GROWTH: "day",
}
_ORDER = {
    View.COVERAGE: "account, kind, day",
    View.ACCOUNT_DAILY: "account, day, period_end",
    View.MEDIA_CURVE: "account, media_id, captured_at",
    View.MEDIA_TOTALS: "account, posted_at, media_id",
    View.STORY_FINAL: "account, posted_at, media_id",
    View.AUDIENCE: "account, metric, timeframe, breakdown, people DESC, category",
    View.FOLLOWER_GROWTH: "account, day",
}


@dataclass(frozen=True)
class Question:
    """Which rows of a view. `since` and `until` (not included) are days where the view has days, else instants."""

    view: View
    as_of: datetime | None = None
    """Only of views that have a past."""
    account_id: int | None = None
    seen: Sequence[int] | None = None
    """The accounts that whoever asks may see; None: all."""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Column:
    """`type_oid`: Postgres' number of the type."""

    name: str
    type_oid: int


@dataclass(frozen=True)
class Answer:
    """The columns, and the rows in batches; reading them is what runs the query."""

    columns: Sequence[Column]
    batches: Iterator[Sequence[Sequence[Any]]]


def has_days(view: View) -> bool:
    return _TIME[view] == "day"


def has_past(view: View) -> bool:
    """Whether it can be asked for as it was known at an instant. Of what is missing, nobody keeps what was once."""
    return view is not View.COVERAGE


@contextmanager
def ask(database: Database, question: Question) -> Iterator[Answer]:
    """The rows in a fixed order, from one snapshot of the database, through a cursor on the server."""
    query, parameters = _query(question)
    with database.engine.connect() as connection, connection.begin():
        connection.execute(text("SET TRANSACTION READ ONLY"))
        # Whoever reads the rows may take their time; and all rows are wanted, not the first tenth of them soon.
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        connection.execute(text("SET LOCAL cursor_tuple_fraction = 1"))
        streaming = connection.execution_options(stream_results=True, max_row_buffer=AT_ONCE)
        result = streaming.execute(text(query), parameters)
        cursor: Any = result.cursor
        columns = [Column(one.name, one.type_code) for one in cursor.description]
        try:
            yield Answer(columns, result.partitions(AT_ONCE))
        finally:
            result.close()


def _query(question: Question) -> tuple[str, dict[str, Any]]:
    time = _TIME[question.view]
    source: str = question.view
    asked: dict[str, tuple[str, Any]] = {
        "account_id": ("account_id = :account_id", question.account_id),
        "seen": ("account_id = ANY(:seen)", None if question.seen is None else list(question.seen)),
        "since": (f"{time} >= :since", question.since),
        "until": (f"{time} < :until", question.until),
    }
    conditions = [condition for condition, value in asked.values() if value is not None] or ["true"]
    parameters = {name: value for name, (_, value) in asked.items() if value is not None}
    if question.as_of is not None:
        source, parameters["as_of"] = f"{question.view}_as_of(:as_of)", question.as_of
    where = " AND ".join(conditions)
    return f"SELECT * FROM {source} WHERE {where} ORDER BY {_ORDER[question.view]}", parameters  # noqa: S608 - our names
