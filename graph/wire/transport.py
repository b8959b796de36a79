"""Bytes out, bytes in, under one strict deadline: with what lies below it the only module that speaks to a network.

The deadline covers connecting, TLS, writing, headers and body, also against a server that sends a byte at a time.
Nothing is retried, redirected, remembered (no cookies) or logged here.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self
from urllib.parse import urlencode

import httpcore
import httpx

from graph.wire.connections import Fresh, Kept
from graph.wire.ready import ReadyConnections
from graph.wire.sockets import Call
from pressrun.clock import Deadline
from pressrun.network.trust import authorities

MAX_ANSWER_BYTES = 32 * 1024 * 1024
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "pressrun"}
_PLAIN = re.compile(r"(?P<origin>https?://[A-Za-z0-9.-]+(?::\d{1,5})?)(?P<path>(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?)")
"""An address that stands for itself: nothing in it is written otherwise, and no part of its path is a dot."""
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
        self._ready: ReadyConnections[Any] = ReadyConnections()
        self._fresh = Fresh(self._call, self._trust, self._ready)
        self._kept: dict[threading.Thread, Kept] = {}
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

    def open_ahead(self, url: str, deadline: Deadline, *, most: int) -> bool:
        """Open a connection to that host, which a request that changes something takes in the next seconds; False where
        there are so many already, or it cannot be opened: then the request opens its own.
        """
        place = httpx.URL(url)
        is_secure = place.scheme == "https"
        port = place.port or (443 if is_secure else 80)
        self._call.begin(deadline)
        self._ready.drop_old()
        if self._closed.is_set() or self._ready.count(place.host, port) >= most:
            return False
        try:
            self._fresh.open_ahead(place.host, port, is_secure=is_secure)
        except _NETWORK_TROUBLE:
            return False
        return True

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond `close`."""
        self._closed.wait(seconds)

    def close(self) -> None:
        """Close all connections; calls under way end as unanswered."""
        self._closed.set()
        with self._kept_lock:
            networks: list[Kept | Fresh] = [*self._kept.values(), self._fresh]
        self._ready.drop_old(everything=True)
        for network in networks:
            network.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _exchange(self, outgoing: Outgoing) -> Answer:
        network = self._own_network() if outgoing.method == "GET" else self._fresh
        with network.answering(_request_of(outgoing)) as response:
            headers = _headers_of(response)
            body = bytearray()
            for chunk in _unpacked(response, headers):
                body += chunk
                if len(body) > self._max_answer_bytes:
                    raise httpcore.ProtocolError(f"the answer is larger than {self._max_answer_bytes} bytes")
            return Answer(response.status, headers, bytes(body))

    def _own_network(self) -> Kept:
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
            network = self._kept[thread] = Kept(self._call, self._trust)
        return network


def _request_of(outgoing: Outgoing) -> httpcore.Request:
    headers = _HEADERS | dict(outgoing.headers)
    plain = _PLAIN.fullmatch(outgoing.url) if outgoing.method == "GET" and outgoing.content is None else None
    if plain is not None:
        # A tenth of a read's processor time went into taking such an address apart, character by character.
        origin = _origin(plain["origin"])
        query = f"?{urlencode(outgoing.params)}" if outgoing.params else ""
        url = httpcore.URL(
            scheme=origin.raw_scheme,
            host=origin.raw_host,
            port=origin.port,
            target=f"{plain['path'] or '/'}{query}".encode(),
        )
        sent = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
        return httpcore.Request("GET", url, headers=[(b"Host", origin.netloc), *sent])
    request = httpx.Request(
        outgoing.method,
        outgoing.url,
        params=dict(outgoing.params) or None,
        data=dict(outgoing.form) if outgoing.form is not None else None,
        content=outgoing.content,
        headers=headers,
    )
    url = httpcore.URL(
        scheme=request.url.raw_scheme,
        host=request.url.raw_host,
        port=request.url.port,
        target=request.url.raw_path,
    )
    return httpcore.Request(request.method, url, headers=request.headers.raw, content=request.stream)


@lru_cache(maxsize=64)
def _origin(text: str) -> httpx.URL:
    """Scheme, host and port: hosts are few, and addresses many."""
    return httpx.URL(text)


def _headers_of(response: httpcore.Response) -> dict[str, str]:
    """By their names in lower case; what stands there more than once, as a list."""
    found: dict[str, str] = {}
    for name, value in response.headers:
        key, text = name.decode("latin-1").lower(), _text(value)
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _unpacked(response: httpcore.Response, headers: Mapping[str, str]) -> Iterator[bytes]:
    """The body. Only gzip was asked for; what comes packed otherwise all the same is httpx's to take apart."""
    packing, chunks = headers.get("content-encoding", ""), response.iter_stream()
    if packing in ("", "identity"):
        yield from chunks
    elif packing != "gzip":
        yield from httpx.Response(response.status, headers=response.headers, stream=_Body(chunks)).iter_bytes()
    else:
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            for chunk in chunks:
                yield unpacking.decompress(chunk)
            yield unpacking.flush()
        except zlib.error as trouble:
            raise httpcore.ProtocolError(f"the answer cannot be unpacked: {trouble}") from None


class _Body(httpx.SyncByteStream):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks


def _explain(trouble: Exception) -> str:
    if isinstance(trouble, httpcore.TimeoutException):
        return "the call's deadline passed without a whole answer"
    text = str(trouble) or type(trouble).__name__
    return f"no whole answer: {text}"
