"""A bridge from a loopback port to the socket of an embedded Postgres, for programs that know no sockets of files.

Postgres itself never listens on TCP, where every user of the machine could sign in as its owner without a password. The
bridge lets one role through, to one database, with a password that is made for it and ends with it (protocol 3.0,
PostgreSQL documentation, "Message Flow").
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pressrun.errors import PressrunError

HOST = "127.0.0.1"
_SSL, _GSS, _CANCEL = 80_877_103, 80_877_104, 80_877_102
_MAJOR = 3
_LONGEST = 10_000
"""Bytes of a start-up packet or a password, as Postgres itself has it."""
_PATIENCE_S = 30.0
_BUFFER = 64 * 1024


@dataclass(frozen=True)
class Bridge:
    """Where it is reached."""

    port: int
    password: str = field(repr=False)


class _Refused(Exception):
    """The client is told why."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@contextmanager
def bridge(socket_path: Path, *, role: str, database: str, port: int = 0) -> Iterator[Bridge]:
    """The bridge, for as long as the context lasts; port 0 takes a free one. Raises PressrunError for one in use."""
    password = secrets.token_urlsafe(24)
    try:
        server = _Server((HOST, port), _Client)
    except OSError as problem:
        said = f"port {port} of {HOST} cannot be had: {problem.strerror}; choose another one"
        raise PressrunError(said, type="port.taken", field="port") from None
    server.way = _Way(socket_path, role, database, password)
    thread = threading.Thread(target=server.serve_forever, name="bridge", daemon=True)
    thread.start()
    try:
        yield Bridge(server.server_address[1], password)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class _Way:
    socket_path: Path
    role: str
    database: str
    password: str = field(repr=False)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    way: _Way
    server_address: tuple[str, int]


class _Client(socketserver.BaseRequestHandler):
    request: socket.socket
    server: _Server

    def handle(self) -> None:
        """One client: who it is, then every byte both ways. One that breaks off is nobody's trouble."""
        with contextlib.suppress(OSError, EOFError):
            try:
                self.request.settimeout(_PATIENCE_S)
                opening = self._opening()
                with socket.socket(socket.AF_UNIX) as postgres:
                    postgres.connect(str(self.server.way.socket_path))
                    postgres.sendall(opening)
                    self.request.settimeout(None)
                    _pump(self.request, postgres)
            except _Refused as refusal:
                self.request.sendall(_error(refusal))

    def _opening(self) -> bytes:
        """The packet to open with at Postgres, once the client has said who it is."""
        while True:
            head = _read(self.request, 8)
            length, code = struct.unpack("!ii", head)
            if not 8 <= length <= _LONGEST:
                raise EOFError
            packet = head + _read(self.request, length - 8)
            if code in (_SSL, _GSS):
                self.request.sendall(b"N")  # it does not leave the machine
            elif code == _CANCEL:
                return packet  # it names a session and its secret
            elif code >> 16 == _MAJOR:
                self._authenticate(packet[8:])
                return packet
            else:
                raise EOFError

    def _authenticate(self, said: bytes) -> None:
        way, words = self.server.way, said.split(b"\0")
        told = dict(zip(words[::2], words[1::2], strict=False))
        user = told.get(b"user", b"").decode("utf-8", "replace")
        database = told.get(b"database", b"").decode("utf-8", "replace") or user
        self.request.sendall(b"R" + struct.pack("!ii", 8, 3))  # the password in clear: it stays on this machine
        kind, length = struct.unpack("!ci", _read(self.request, 5))
        if kind != b"p" or not 4 <= length <= _LONGEST:
            raise EOFError
        given = _read(self.request, length - 4).rstrip(b"\0")
        if not hmac.compare_digest(given, way.password.encode()):
            raise _Refused("28P01", "the password is not the one of this bridge")
        if (user, database) != (way.role, way.database):
            raise _Refused("28000", f"this bridge is for role {way.role} and database {way.database} only")


def _read(connection: socket.socket, count: int) -> bytes:
    parts = b""
    while len(parts) < count:
        part = connection.recv(count - len(parts))
        if not part:
            raise EOFError
        parts += part
    return parts


def _pump(client: socket.socket, postgres: socket.socket) -> None:
    """Until both have said all they had to say."""
    back = threading.Thread(target=_copy, args=(postgres, client), daemon=True)
    back.start()
    _copy(client, postgres)
    back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(_BUFFER):
            target.sendall(part)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _error(refusal: _Refused) -> bytes:
    fields = {b"S": b"FATAL", b"V": b"FATAL", b"C": refusal.code.encode(), b"M": str(refusal).encode()}
    body = b"".join(key + value + b"\0" for key, value in fields.items()) + b"\0"
    return b"E" + struct.pack("!i", len(body) + 4) + body
