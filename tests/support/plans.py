"""What Postgres reads for a statement, by its own account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.orm import Session

T = TypeVar("T")


def rows_read(tx: Session, act: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """What it returns, and table → how many of its rows were looked at for all that it asked, in a second asking."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    connection = tx.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        found = act()
    finally:
        event.remove(connection, "before_cursor_execute", note)
    read: dict[str, float] = {}
    for statement, parameters in asked:
        explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        for node in _nodes(explained.scalar_one()[0]["Plan"]):
            if (table := node.get("Relation Name")) is not None:
                rows = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
                read[table] = read.get(table, 0) + rows
    return found, read


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
