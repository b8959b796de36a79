"""Connections that are opened some seconds before they are needed: at the second, nothing is left but the request.

A request that changes something never goes out on a connection that has carried another one (`transport.py`). These
have carried none: each is used once, while it is young, or closed. One that the server has closed meanwhile is noticed
before it is used.
"""

from __future__ import annotations

import select
import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pressrun.clock import Deadline

KEPT_S = 8.0
"""Far less than servers wait for a first request."""
_CLOSED = getattr(select, "POLLRDHUP", select.POLLIN)
"""Where it can be asked whether the other side has closed; what can be read from a young TLS connection are tickets."""


class _Socket(Protocol):
    def fileno(self) -> int: ...

    def close(self) -> None: ...


S = TypeVar("S", bound=_Socket)


@dataclass(frozen=True)
class _Ready(Generic[S]):
    sock: S
    young: Deadline

    @property
    def is_usable(self) -> bool:
        if self.young.passed or self.sock.fileno() < 0:
            return False
        poll = select.poll()
        poll.register(self.sock, _CLOSED)
        return not poll.poll(0)


class ReadyConnections(Generic[S]):
    """By host and port. Safe to share between threads."""

    def __init__(self) -> None:
        self._waiting: defaultdict[tuple[str, int], list[_Ready[S]]] = defaultdict(list)
        self._lock = threading.Lock()

    def put(self, host: str, port: int, sock: S) -> None:
        with self._lock:
            self._waiting[host, port].append(_Ready(sock, Deadline.after(KEPT_S)))

    def take(self, host: str, port: int) -> S | None:
        """One that may be used; those that may not are closed."""
        while True:
            with self._lock:
                waiting = self._waiting.get((host, port))
                if not waiting:
                    return None
                ready = waiting.pop()
            if ready.is_usable:
                return ready.sock
            ready.sock.close()

    def count(self, host: str, port: int) -> int:
        with self._lock:
            return len(self._waiting.get((host, port), ()))

    def drop_old(self, *, everything: bool = False) -> None:
        """Close those that are young no more."""
        with self._lock:
            old = [one for kept in self._waiting.values() for one in kept if everything or one.young.passed]
            for key, kept in list(self._waiting.items()):
                self._waiting[key] = [one for one in kept if one not in old]
        for one in old:
            one.sock.close()
