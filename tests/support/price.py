"""What a step costs, counted: statements, round trips and commits of Postgres, and calls to Instagram."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from graph.wire.transport import Answer, Outgoing, Transport
from models.store.session import Database
from pressrun.clock import Deadline


@dataclass
class Price:
    statements: int = 0
    round_trips: int = 0
    """With those that begin and end a transaction."""
    commits: int = 0
    calls: int = 0

    @property
    def counts(self) -> tuple[int, int, int, int]:
        return self.statements, self.round_trips, self.commits, self.calls


@contextmanager
def counted(database: Database, transport: Transport, patch: Callable[..., None]) -> Iterator[Price]:
    """Count what this block does through this database and transport.

    Args:
        patch: pytest's `monkeypatch.setattr`.
    """
    price, engine = Price(), database.engine
    at_once, glimpse, send = database.at_once, database.glimpse, transport.send

    def begun(_connection: Any) -> None:
        price.round_trips += 1

    def executed(_connection: Any, _cursor: Any, _statement: str, *_: Any) -> None:
        price.statements += 1
        price.round_trips += 1

    def committed(_connection: Any) -> None:
        price.commits += 1
        price.round_trips += 1

    def together(statements: Sequence[tuple[Any, Mapping[str, Any]]]) -> Any:
        price.statements += len(statements)
        price.round_trips += 1
        price.commits += 1
        return at_once(statements)

    def glimpsed(statement: Any, values: Mapping[str, Any]) -> Any:
        price.statements += 1
        price.round_trips += 1
        return glimpse(statement, values)

    def sent(outgoing: Outgoing, deadline: Deadline) -> Answer:
        price.calls += 1
        return send(outgoing, deadline)

    listeners = (("begin", begun), ("after_cursor_execute", executed), ("commit", committed))
    for name, listener in listeners:
        event.listen(engine, name, listener)
    patch(database, "at_once", together)
    patch(database, "glimpse", glimpsed)
    patch(transport, "send", sent)
    try:
        yield price
    finally:
        for name, listener in listeners:
            event.remove(engine, name, listener)
