"""Which connection a request goes out on: a read on one of its thread's own, which is kept; all else on a fresh one.

Every operation obeys the deadline of the calling thread (`sockets.py`).
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpcore

from graph.wire.ready import ReadyConnections
from graph.wire.sockets import Backend, Call

_KEEP_ALIVE_S = 15.0  # shorter than the idle time of the servers we know, so that reads seldom meet a closed connection
_KEPT_CONNECTIONS = 4  # of one thread: it talks to one host at a time, to a few in turn


class Kept:
    """Connections of one thread, which it uses again; every operation obeys the deadline of the call."""

    def __init__(self, call: Call, trust: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust,
            max_connections=None,
            max_keepalive_connections=_KEPT_CONNECTIONS,
            keepalive_expiry=_KEEP_ALIVE_S,
            network_backend=Backend(call),
        )

    @contextmanager
    def answering(self, request: httpcore.Request) -> Iterator[httpcore.Response]:
        response = self._pool.handle_request(request)
        try:
            yield response
        finally:
            response.close()

    def close(self) -> None:
        self._pool.close()


class Fresh:
    """A connection for each request, which no other one is ever given.

    Not a pool that keeps none: one thread's connection is idle there for an instant after its answer, another thread's
    request may be given it, and then it is closed under that one's hands: a publish of which nobody knows whether it
    arrived.
    """

    def __init__(self, call: Call, trust: ssl.SSLContext, ready: ReadyConnections[Any]) -> None:
        self._trust, self._backend = trust, Backend(call, ready)
        self._open: set[httpcore.HTTPConnection] = set()
        self._lock = threading.Lock()

    def open_ahead(self, host: str, port: int, *, is_secure: bool) -> None:
        self._backend.open_ahead(host, port, self._trust if is_secure else None)

    @contextmanager
    def answering(self, request: httpcore.Request) -> Iterator[httpcore.Response]:
        if request.url.scheme not in (b"http", b"https"):
            raise httpcore.UnsupportedProtocol(f"the address says neither http nor https: {request.url.scheme!r}")
        connection = httpcore.HTTPConnection(request.url.origin, ssl_context=self._trust, network_backend=self._backend)
        with self._lock:
            self._open.add(connection)
        try:
            yield connection.handle_request(request)
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def close(self) -> None:
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            connection.close()
