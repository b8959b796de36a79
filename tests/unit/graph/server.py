"""A real HTTP server on loopback: answers what a test has scripted, down to the byte, and keeps what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "EAAtesttoken0123456789"


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]
    body: bytes
    connection: int

    def json(self, name: str) -> Any:
        return json.loads(self.form[name])


@dataclass(frozen=True)
class Reply:
    """An answer; with `raw`, exactly these bytes (and pauses of `gap_s` between them), then the connection ends."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: Iterable[bytes] | None = None
    gap_s: float = 0.0


class ScriptedServer:
    """Answers requests in the order of the script; `received` lists them."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._script: deque[Reply] = deque()
        self._always: Reply | None = None
        self._lock = threading.Lock()
        self.received: list[Received] = []
        self.released = threading.Event()
        self.may_be_left = False
        """Something was scripted that takes longer than a caller may wait."""
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.scripted = self
        self._scheme = "https" if tls else "http"
        if tls:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._http.server_port}"

    @property
    def last(self) -> Received:
        return self.received[-1]

    def reset(self) -> None:
        self.released.set()
        with self._lock:
            self._script.clear()
            self._always = None
            self.received = []
            self.released = threading.Event()

    def replies(self, *bodies: object, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Script these JSON bodies, one for each request to come."""
        for body in bodies:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self._script.append(Reply(status, raw, headers or {}))

    def refuses(
        self, code: object, subcode: int | None = None, *, status: int = 400, message: str = "refused", **more: object
    ) -> None:
        """Script an error envelope."""
        error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AbCdEf"} | more
        if subcode is not None:
            error["error_subcode"] = subcode
        self.replies({"error": error}, status=status)

    def sends(self, raw: Iterable[bytes], *, gap_s: float = 0.0) -> None:
        """Script exactly these bytes."""
        self.may_be_left = self.may_be_left or gap_s > 0
        self._script.append(Reply(raw=raw, gap_s=gap_s))

    def always(self, body: object) -> None:
        """Answer this whenever the script is at its end."""
        self._always = Reply(body=json.dumps(body).encode())

    def take(self, request: Received) -> Reply:
        with self._lock:
            self.received.append(request)
            if self._script:
                return self._script.popleft()
        return self._always or Reply(599, b"nothing was scripted for this request")

    def close(self) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    scripted: ScriptedServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body in one segment: otherwise delayed acknowledgements cost 40 ms a request
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        parts = urlsplit(self.path)
        is_form = "urlencoded" in (self.headers.get("Content-Type") or "")
        request = Received(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            form=dict(parse_qsl(body.decode(), keep_blank_values=True)) if is_form else {},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            connection=self.client_address[1],
        )
        self._answer(self.server.scripted.take(request))

    do_POST = do_GET
    do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def _answer(self, reply: Reply) -> None:
        if reply.raw is not None:
            self._trickle(reply.raw, reply.gap_s)
            return
        self.send_response_only(reply.status)
        for name, value in ({"Content-Type": "application/json"} | dict(reply.headers)).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _trickle(self, chunks: Iterable[bytes], gap_s: float) -> None:
        released = self.server.scripted.released
        for chunk in chunks:
            self.wfile.write(chunk)
            self.wfile.flush()
            if gap_s and released.wait(gap_s):
                break
        self.close_connection = True
