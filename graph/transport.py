"""Bytes out, bytes in, under one strict deadline: with the sockets below it the only module that speaks to a network.

The deadline covers connecting, TLS, writing, headers and body, also against a server that sends a byte at a time.
Nothing is retried, redirected, remembered (no cookies) or logged here.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

import httpcore
import httpx

from graph.sockets import Backend, Call
from pressrun.clock import Deadline
from pressrun.trust import authorities

MAX_ANSWER_BYTES = 32 * 1024 * 1024
_KEEP_ALIVE_S = 15.0  # shorter than the idle time of the servers we know, so that reads seldom meet a closed connection
_KEPT_CONNECTIONS = 4  # of one thread: it talks to one host at a time, to a few in turn
_NETWORK_TROUBLE = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpx.HTTPError,
    httpx.InvalidURL,
    UnicodeError,
)


@dataclass(frozen=True)
class Outgoing:
    """One HTTP request. `form` becomes a form body, `content` is sent as it is."""

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    content: bytes | Iterable[bytes] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Answer:
    """One HTTP response, whole and decompressed; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unanswered(Exception):
    """No whole answer came. `never_left`: not one byte of the request was written."""

    def __init__(self, reason: str, *, never_left: bool) -> None:
        self.reason, self.never_left = reason, never_left
        super().__init__(reason)


class Transport:
    """Sends requests; safe to share between threads.

    The reads of a thread share its own kept connection: a pool of all threads looks through all its connections, twice
    for each call, under one lock. A request that changes something always gets a fresh connection: on a kept one the
    server may hang up just as it is written, which leaves "did it arrive?" open, and for a publish that doubt costs
    minutes while a handshake costs a tenth of a second. No thread ever waits for another one's connection.
    """

    def __init__(self, *, max_answer_bytes: int = MAX_ANSWER_BYTES) -> None:
        self._max_answer_bytes = max_answer_bytes
        self._call = Call()
        self._closed = threading.Event()
        self._trust = authorities()
        self._fresh = _Network(self._call, self._trust, kept_connections=0)
        self._kept: dict[threading.Thread, _Network] = {}
        self._kept_lock = threading.Lock()

    def send(self, outgoing: Outgoing, deadline: Deadline) -> Answer:
        """The answer, whatever its status. Raises Unanswered."""
        self._call.begin(deadline)
        try:
            if self._closed.is_set():
                raise httpcore.NetworkError("the transport is closed")
            return self._exchange(outgoing)
        except _NETWORK_TROUBLE as trouble:
            raise Unanswered(_explain(trouble), never_left=not self._call.sent) from None

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond `close`."""
        self._closed.wait(seconds)

    def close(self) -> None:
        """Close all connections; calls under way end as unanswered."""
        self._closed.set()
        with self._kept_lock:
            networks = [*self._kept.values(), self._fresh]
        for network in networks:
            network.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _exchange(self, outgoing: Outgoing) -> Answer:
        request = httpx.Request(
            outgoing.method,
            outgoing.url,
            params=dict(outgoing.params) or None,
            data=dict(outgoing.form) if outgoing.form is not None else None,
            content=outgoing.content,
            headers={"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "pressrun"}
            | dict(outgoing.headers),
        )
        network = self._own_network() if outgoing.method == "GET" else self._fresh
        response = network.handle_request(request)
        try:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > self._max_answer_bytes:
                    raise httpcore.ProtocolError(f"the answer is larger than {self._max_answer_bytes} bytes")
        finally:
            response.close()
        return Answer(
            response.status_code, {name.lower(): value for name, value in response.headers.items()}, bytes(body)
        )

    def _own_network(self) -> _Network:
        """The calling thread's. Those of threads that have ended are closed when a new thread comes."""
        thread = threading.current_thread()
        network = self._kept.get(thread)
        if network is not None:
            return network
        with self._kept_lock:
            if self._closed.is_set():
                raise httpcore.NetworkError("the transport is closed")
            for ended in [other for other in self._kept if not other.is_alive()]:
                self._kept.pop(ended).close()
            network = self._kept[thread] = _Network(self._call, self._trust, kept_connections=_KEPT_CONNECTIONS)
        return network


class _Network(httpx.BaseTransport):
    """httpx on a pool of connections whose every operation obeys the deadline of the calling thread."""

    def __init__(self, call: Call, trust: ssl.SSLContext, *, kept_connections: int) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust,
            max_connections=None,
            max_keepalive_connections=kept_connections,
            keepalive_expiry=_KEEP_ALIVE_S,
            network_backend=Backend(call),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        answer = self._pool.handle_request(
            httpcore.Request(request.method, url, headers=request.headers.raw, content=request.stream)
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


def _explain(trouble: Exception) -> str:
    if isinstance(trouble, httpcore.TimeoutException):
        return "the call's deadline passed without a whole answer"
    text = str(trouble) or type(trouble).__name__
    return f"no whole answer: {text}"
