"""Sockets under one strict deadline, as httpcore's pool takes them: every operation gets the time that is left.

Only the DNS look-up lies outside: the system resolver cannot be interrupted.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore

from graph.wire.ready import ReadyConnections
from pressrun.clock import Deadline

_NEXT_ADDRESS_S = 3.0  # how long to wait for an address of a host before trying its next one


class Call(threading.local):
    """The call that this thread is making."""

    deadline: Deadline
    sent: bool

    def begin(self, deadline: Deadline) -> None:
        self.deadline, self.sent = deadline, False

    def left(self) -> float:
        """Seconds left. Raises TimeoutError when none are, since a timeout of 0 would mean 'do not block'."""
        remaining = self.deadline.remaining_s()
        if remaining <= 0:
            raise TimeoutError("the call's deadline has passed")
        return remaining


class Backend(httpcore.NetworkBackend):
    """Opens connections that obey the deadline of the calling thread."""

    def __init__(self, call: Call, ready: ReadyConnections[socket.socket] | None = None) -> None:
        self._call, self._ready = call, ready

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        sock = self._ready.take(host, port) if self._ready is not None else None
        return _Stream(sock or self._connected(host, port), self._call)

    def open_ahead(self, host: str, port: int, trust: ssl.SSLContext | None) -> None:
        """Open a connection that a later call takes. Raises what httpcore's contract names."""
        if self._ready is None:
            return
        sock = self._connected(host, port)
        if trust is not None:
            trust.set_alpn_protocols(["http/1.1"])  # as httpcore does before each handshake
            sock = _secured(sock, trust, host, self._call)
        self._ready.put(host, port, sock)

    def _connected(self, host: str, port: int) -> socket.socket:
        with _told_as(httpcore.ConnectTimeout, httpcore.ConnectError):
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            for place, (family, kind, protocol, _, address) in enumerate(addresses):
                # A dead first address (IPv6 without a route) must not use up the call.
                last = place == len(addresses) - 1
                share = self._call.left() if last else min(self._call.left() / 2, _NEXT_ADDRESS_S)
                sock = socket.socket(family, kind, protocol)
                try:
                    sock.settimeout(share)
                    sock.connect(address)
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    return sock
                except OSError:
                    sock.close()
                    if last:
                        raise
            raise OSError(f"no address found for {host}")


class _Stream(httpcore.NetworkStream):
    """A socket that reads and writes within the deadline of the calling thread, ignoring static timeouts."""

    def __init__(self, sock: socket.socket, call: Call) -> None:
        self._sock, self._call = sock, call

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _told_as(httpcore.ReadTimeout, httpcore.ReadError):
            self._sock.settimeout(self._call.left())
            return self._sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with _told_as(httpcore.WriteTimeout, httpcore.WriteError):
            left = memoryview(buffer)
            while left:
                self._sock.settimeout(self._call.left())
                self._call.sent = True
                left = left[self._sock.send(left) :]

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        if isinstance(self._sock, ssl.SSLSocket):
            return self  # it was opened ahead
        return _Stream(_secured(self._sock, ssl_context, server_hostname, self._call), self._call)

    def close(self) -> None:
        self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        if info == "is_readable":
            return _is_readable(self._sock)
        return self._sock if info == "socket" else None


def _secured(sock: socket.socket, trust: ssl.SSLContext, server_hostname: str | None, call: Call) -> socket.socket:
    with _told_as(httpcore.ConnectTimeout, httpcore.ConnectError):
        try:
            # The ssl module holds the whole handshake to the socket's timeout, not each read of it.
            sock.settimeout(call.left())
            return trust.wrap_socket(sock, server_hostname=server_hostname)
        except BaseException:
            sock.close()
            raise


def _is_readable(sock: socket.socket) -> bool:
    """An idle connection that can be read has been closed by the server."""
    if sock.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


@contextmanager
def _told_as(timeout: type[Exception], trouble: type[Exception]) -> Iterator[None]:
    """The errors of sockets as those that httpcore's contract names."""
    try:
        yield
    except TimeoutError as error:
        raise timeout(str(error)) from error
    except OSError as error:
        raise trouble(str(error)) from error
