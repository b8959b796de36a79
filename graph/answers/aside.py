"""What is set aside: one value or item of an answer that cannot be understood, beside others that can.

It is told to whoever listens in this thread (a harvest notes it in its run), else to the log. Nothing waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from graph.wire.endpoints import Endpoint
from pressrun import log

_log = log.get("graph")


@dataclass(frozen=True)
class Aside:
    """`where` is its place in the answer, such as `data[2].timestamp`."""

    endpoint: Endpoint
    where: str
    why: str


_listener: ContextVar[Callable[[Aside], None] | None] = ContextVar("asides", default=None)


@contextmanager
def listening(hear: Callable[[Aside], None]) -> Iterator[None]:
    """Have all that is set aside within the block told to `hear`."""
    before = _listener.set(hear)
    try:
        yield
    finally:
        _listener.reset(before)


def set_aside(endpoint: Endpoint, where: str, why: str) -> None:
    """Tell of it."""
    hear = _listener.get()
    if hear is None:
        _log.info("graph.set_aside", endpoint=endpoint, where=where, why=log.redact(why))
    else:
        hear(Aside(endpoint, where, why))
