"""A listener on loopback that takes the one request with which a browser is led back to this machine."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from pressrun.errors import ServerUnreachable
from pressrun.settings import is_loopback

_SLOWEST_S = 10.0


@dataclass(frozen=True)
class Reply:
    """What the browser is shown."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


def can_listen(url: str) -> bool:
    """Whether a browser that is led to this address comes to a port of this machine."""
    return urlsplit(url).scheme == "http" and is_loopback(url)


@contextmanager
def listening(url: str, take: Callable[[str], Reply]) -> Iterator[None]:
    """Hand the query of each GET of that very address to `take`, which is called in threads; log nothing of it.

    Raises ServerUnreachable when the port cannot be had.
    """
    parts = urlsplit(url)
    port, name = parts.port or 80, parts.hostname or ""
    # A browser that is told `localhost` tries either.
    hosts = ("127.0.0.1", "::1") if name == "localhost" else (name,)
    servers = []
    for host in hosts:
        try:
            servers.append(_server(host, port, parts.path or "/", take))
        except OSError as problem:
            # A machine without IPv6 has the other; a port that somebody else has would take the answer from us.
            if host == hosts[0] or problem.errno == errno.EADDRINUSE:
                for server in servers:
                    server.server_close()
                said = f"{name} port {port} cannot be listened on: {problem.strerror}"
                raise ServerUnreachable(said, type="listener.port_taken") from None
    with ExitStack() as stack:
        for server in servers:
            stack.enter_context(_serving(server))
        yield


@contextmanager
def _serving(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _server(host: str, port: int, path: str, take: Callable[[str], Reply]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = _SLOWEST_S
        server_version, sys_version = "Pressrun", ""

        def do_GET(self) -> None:
            asked, _, query = self.path.partition("?")
            reply = take(query) if asked == path else Reply(404, "")
            body = reply.body.encode()
            with contextlib.suppress(OSError):  # the browser has left: what it brought is taken all the same
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the address holds the code."""

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        daemon_threads = True
        # Not shared with whoever listens there already.
        allow_reuse_port = False

    return Server((host, port), Handler)
