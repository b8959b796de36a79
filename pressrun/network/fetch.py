"""A careful look at a media URL, as Instagram would fetch it, and a careful way to hand a notice to a webhook, without
becoming a way into a private network.

The name is resolved once, every address it has must be public, and the connection goes to a checked address, so an
answer that changes between check and use gains nothing. No redirects, no proxies, no credentials; 64 KiB and one
deadline over everything, also against a server that trickles (engine.md §5, graph-api.md §2.2).
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import SplitResult, urlsplit

import httpcore

from pressrun import __version__
from pressrun.clock import Deadline
from pressrun.errors import PressrunError, printable
from pressrun.network.trust import authorities

HEAD_BYTES = 64 * 1024

PRIVATE = "the host has a private address (PRESSRUN_ALLOW_PRIVATE_URLS=true would allow it)"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class UrlNotFetchable(PressrunError):
    """The URL cannot be fetched, or must not be."""

    type = "media.unreachable"

    def __init__(self, url: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{shown(url)}: {reason}")


@dataclass(frozen=True)
class Peek:
    """The beginning of an answer. `content_length` is that of the whole file, if the server tells it."""

    status: int
    content_type: str | None
    content_length: int | None
    accepts_ranges: bool
    head: bytes
    retry_after_s: float | None = None
    """How long the server asks to be left alone."""
    location: str | None = None
    """Where it sends whoever asks, as it says."""


_FIRST = {"Range": f"bytes=0-{HEAD_BYTES - 1}"}


def peek(
    url: str, *, allow_private: bool, timeout_s: float = 10, method: str = "GET", headers: Mapping[str, str] = _FIRST
) -> Peek:
    """GET the first 64 KiB, or ask otherwise. Raises UrlNotFetchable; an HTTP error status is an answer."""
    more: dict[bytes | str, bytes | str] = {}
    more.update(headers.items())
    with _open(method, url, more, body=None, allow_private=allow_private, timeout_s=timeout_s) as response:
        return _read(response)


def download(url: str, into: IO[bytes], *, allow_private: bool, most_bytes: int, timeout_s: float = 300) -> None:
    """GET the whole file. Raises UrlNotFetchable, also for any answer but 200 and for more than `most_bytes`."""
    size = 0
    with _open("GET", url, {}, body=None, allow_private=allow_private, timeout_s=timeout_s) as response:
        if response.status != 200:
            raise UrlNotFetchable(url, f"the server answers {response.status}{advice(response.status)}")
        for chunk in response.iter_stream():
            size += len(chunk)
            if size > most_bytes:
                raise UrlNotFetchable(url, f"the file is larger than {most_bytes // 1024**2} MB")
            into.write(chunk)


def post(url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool, timeout_s: float) -> Peek:
    """POST the body; the beginning of the answer. Raises UrlNotFetchable; an HTTP error status is an answer."""
    more: dict[bytes | str, bytes | str] = {"Content-Length": str(len(body))}
    more.update(headers.items())
    with _open("POST", url, more, body=body, allow_private=allow_private, timeout_s=timeout_s) as response:
        return _read(response)


@contextmanager
def _open(
    method: str,
    url: str,
    more: Mapping[bytes | str, bytes | str],
    *,
    body: bytes | None,
    allow_private: bool,
    timeout_s: float,
) -> Iterator[httpcore.Response]:
    deadline = Deadline.after(timeout_s)
    host = _checked(url).netloc
    backend = _GuardedBackend(url, deadline, allow_private=allow_private)
    headers: dict[bytes | str, bytes | str] = {
        "Host": host,
        "User-Agent": f"Pressrun/{__version__}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        **more,
        "Connection": "close",
    }
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=authorities(), network_backend=backend) as pool,
            pool.stream(method, url, headers=headers, content=body, extensions={"timeout": timeouts}) as response,
        ):
            yield response
    except httpcore.TimeoutException:
        raise UrlNotFetchable(url, f"no complete answer within {timeout_s:g} s") from None
    except httpcore.ConnectError as problem:
        raise UrlNotFetchable(url, _why_not_connected(problem)) from None
    except (httpcore.ProtocolError, httpcore.NetworkError) as problem:
        raise UrlNotFetchable(url, f"the answer broke off or is not HTTP ({type(problem).__name__})") from None


def advice(status: int) -> str:
    """What to do about a status that is no success."""
    if 300 <= status < 400:
        return ", a redirect, which Instagram does not follow reliably: give the address it leads to"
    if status in {401, 403, 407}:
        return ": Instagram has no login there; make the file public or use a signed URL"
    if status in {404, 410}:
        return ": there is no file at this address"
    return ": Instagram needs 200"


def _checked(url: str) -> SplitResult:
    if not url.isascii():
        raise UrlNotFetchable(url, "Instagram takes ASCII only: percent-encode the path, write the host as xn--")
    if any(character <= " " or character == "\x7f" for character in url):
        raise UrlNotFetchable(url, "a URL holds no spaces or control characters: percent-encode them")
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is no number
    except ValueError:
        raise UrlNotFetchable(url, "this is not a URL") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UrlNotFetchable(url, "only http:// and https:// URLs can be fetched")
    if "@" in parts.netloc:
        raise UrlNotFetchable(url, "a URL with a user name or password cannot be used")
    return parts


def _read(response: httpcore.Response) -> Peek:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    head = bytearray()
    for chunk in response.iter_stream():
        head += chunk
        if len(head) >= HEAD_BYTES:
            break
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    partial = response.status == 206
    pause = headers.get("retry-after", "").strip()
    length = headers.get("content-range", "").rpartition("/")[2] if partial else headers.get("content-length", "")
    return Peek(
        status=response.status,
        content_type=content_type or None,
        content_length=int(length) if length.isascii() and length.isdigit() and len(length) <= 18 else None,
        accepts_ranges=partial or headers.get("accept-ranges", "").strip().lower() == "bytes",
        head=bytes(head[:HEAD_BYTES]),
        location=headers.get("location"),
        retry_after_s=float(pause) if pause.isascii() and pause.isdigit() and len(pause) <= 6 else None,
    )


class _GuardedBackend(httpcore.NetworkBackend):
    """Opens connections to checked addresses only, with what is left of the deadline."""

    def __init__(self, url: str, deadline: Deadline, *, allow_private: bool) -> None:
        self._url, self._deadline, self._allow_private = url, deadline, allow_private
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._resolve(host, port)
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise UrlNotFetchable(self._url, PRIVATE)
        problem: httpcore.ConnectError | None = None
        for address in addresses:
            left = _left(self._deadline, httpcore.ConnectTimeout)
            try:
                stream = self._sockets.connect_tcp(address, port, left, local_address, socket_options)
            except httpcore.ConnectError as this:
                problem = this
            else:
                return _DeadlineStream(stream, self._deadline)
        raise problem or httpcore.ConnectError("the host has no address")

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise UrlNotFetchable(self._url, "only http:// and https:// URLs can be fetched")

    def _resolve(self, host: str, port: int) -> list[str]:
        # getaddrinfo takes no timeout: it runs in a thread that is left behind when it is too slow.
        answer: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()
        threading.Thread(target=look_up, args=(host, port, answer), daemon=True).start()
        try:
            addresses = answer.get(timeout=_left(self._deadline, httpcore.ConnectTimeout))
        except queue.Empty:
            raise httpcore.ConnectTimeout from None
        if not addresses:
            raise UrlNotFetchable(self._url, f"the host name {host} is unknown")
        return addresses


class _DeadlineStream(httpcore.NetworkStream):
    """A connection whose every step gets only what is left of the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, httpcore.ConnectTimeout)
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet; an IPv4 address inside an IPv6 one is judged itself."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is None and parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if parsed.is_site_local:
            return False
    return parsed.is_global and not (parsed.is_multicast or parsed.is_reserved or parsed.is_unspecified)


def look_up(host: str, port: int, answer: queue.SimpleQueue[list[str] | None]) -> None:
    """Put into `answer` the addresses of a host, None if it is unknown."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        answer.put(None)
    else:
        answer.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))


def _left(deadline: Deadline, late: type[httpcore.TimeoutException]) -> float:
    left = deadline.remaining_s()
    if left <= 0:
        raise late
    return left


def _why_not_connected(problem: httpcore.ConnectError) -> str:
    cause = problem.__cause__ or problem.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate is not valid ({cause.verify_message})"
    if isinstance(cause, ssl.SSLError):
        return "no TLS connection could be made"
    return "the host does not accept the connection"


def shown(url: str) -> str:
    """Scheme, host and path: a query or a user name may hold a key."""
    bare = printable(url.partition("?")[0].partition("#")[0])
    scheme, separator, rest = bare.partition("://")
    authority, slash, path = rest.partition("/")
    shown = f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"
    return shown if len(shown) <= 200 else f"{shown[:200]}…"
