"""Discrete events: pieces of work that queue for servers, in a time of their own."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any


class Server:
    """Serves that many at a time, in the order in which they came."""

    def __init__(self, capacity: int) -> None:
        self.free, self.busy_ms, self.capacity = capacity, 0.0, capacity
        self.waiting: deque[Work] = deque()


@dataclass
class Store:
    """Hints that wait for a thread."""

    held: deque[int] = field(default_factory=deque)
    waiting: deque[Work] = field(default_factory=deque)


Work = Generator[tuple[str, Any], int, None]


class World:
    """The events, by their time in milliseconds. A piece of work yields ("take"|"free", server), ("wait", ms),
    ("get", store) or ("put", (store, item))."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self._events: list[tuple[float, int, Work, int]] = []
        self._order = itertools.count()

    def start(self, work: Work, at_ms: float = 0.0, value: int = 0) -> None:
        heapq.heappush(self._events, (at_ms, next(self._order), work, value))

    def run(self) -> None:
        while self._events:
            self.now_ms, _, work, value = heapq.heappop(self._events)
            self._go_on(work, value)

    def _go_on(self, work: Work, value: int) -> None:
        """Until it has to wait. `next` of a fresh generator is `send(None)`, which a value of 0 stands for."""
        step = next(work, None) if value == 0 else _sent(work, value)
        while step is not None:
            wish, what = step
            if wish == "wait":
                self.start(work, self.now_ms + what)
                return
            if wish == "take" and not self._take(what, work):
                return
            if wish == "free":
                self._release(what)
            if wish == "put":
                self._put(*what)
            if wish == "get":
                if not what.held:
                    what.waiting.append(work)
                    return
                step = _sent(work, what.held.popleft())
                continue
            step = next(work, None)

    def _take(self, server: Server, work: Work) -> bool:
        if server.free:
            server.free -= 1
            return True
        server.waiting.append(work)
        return False

    def _release(self, server: Server) -> None:
        if server.waiting:
            self.start(server.waiting.popleft(), self.now_ms)
        else:
            server.free += 1

    def _put(self, store: Store, item: int) -> None:
        if store.waiting:
            self.start(store.waiting.popleft(), self.now_ms, item)
        else:
            store.held.append(item)


def _sent(work: Work, value: int) -> tuple[str, Any] | None:
    try:
        return work.send(value)
    except StopIteration:
        return None
