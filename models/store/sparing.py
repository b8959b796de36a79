"""Rows that Postgres refuses (out of range, too long, against a constraint): set aside, so that those beside are kept.

Usually all rows of an answer go in one statement. When that is refused, its transaction is repeated with `spare` on:
then a statement that is refused is split until what it is refused for stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.orm import Session

Row = TypeVar("Row")
T = TypeVar("T")

_KEY = "spared"
_CLASSES = ("22", "23", "54")
"""Of SQLSTATE: data that cannot be, a constraint violated, a limit exceeded (such as that of an index entry)."""
_NAMES = ("ig_id", "ig_media_id", "metric", "breakdown", "media_id", "public_media_id")


@dataclass(frozen=True)
class Refused:
    """One row that was set aside: which, and what Postgres said."""

    what: str
    why: str


def is_refusal(problem: DBAPIError) -> bool:
    """Whether Postgres refuses what was to be written: asked again, it would refuse it again."""
    state = str(getattr(problem.orig, "sqlstate", None) or "")
    return state.startswith(_CLASSES) or (not state and isinstance(problem, DataError))


def reason(problem: DBAPIError) -> str:
    """What Postgres said, in one line."""
    return str(problem.orig or problem).strip().splitlines()[0]


def spare(tx: Session) -> None:
    """From now on in this transaction, what is refused is set aside."""
    tx.info[_KEY] = []


def spared(tx: Session) -> list[Refused]:
    """What was set aside in this transaction."""
    return list(tx.info.get(_KEY, ()))


def write(tx: Session, rows: Sequence[Row], statement: Callable[[Sequence[Row]], T]) -> list[T]:
    """Run the statement for these rows; its results, one for each part into which it had to be split."""
    refused: list[Refused] | None = tx.info.get(_KEY)
    return [statement(rows)] if refused is None else _in_parts(tx, rows, statement, refused)


def _in_parts(
    tx: Session, rows: Sequence[Row], statement: Callable[[Sequence[Row]], T], refused: list[Refused]
) -> list[T]:
    try:
        with tx.begin_nested():
            return [statement(rows)]
    except DBAPIError as problem:
        if not is_refusal(problem):
            raise
        if len(rows) == 1:
            refused.append(Refused(_which(rows[0]), reason(problem)))
            return []
    half = len(rows) // 2
    return [
        *_in_parts(tx, rows[:half], statement, refused),
        *_in_parts(tx, rows[half:], statement, refused),
    ]


def _which(row: Any) -> str:
    values = row if isinstance(row, dict) else {}
    return ", ".join(f"{name} {str(values[name])[:60]}" for name in _NAMES if values.get(name)) or "a row"
