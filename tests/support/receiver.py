"""A receiver of signed webhooks over real HTTP, as a stranger would write one, with faults on request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError


@dataclass
class Receiver:
    """Takes webhooks as a stranger would: what it cannot verify it refuses."""

    secrets: list[str] = field(default_factory=list)
    fails: Any = None
    """Called per request; a status, or `drop` to cut the line after it has been taken."""
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Id and body of everything that was verified, also of what it then pretended not to have taken."""
    unverified: int = 0
    url: str = ""
    retry_after: str | None = None
    """When it wants to be asked again, as its header says."""
    keeps: list[bytes] | None = None
    """Where it keeps what comes, if it is one that verifies nothing."""

    def take(self, headers: dict[str, str], body: bytes) -> int:
        if self.keeps is not None:
            self.keeps.append(body)
            return 200
        for secret in self.secrets:
            try:
                said = Webhook(secret).verify(body, headers)
            except WebhookVerificationError:
                continue  # it may know the other one
            fault = self.fails() if self.fails is not None else None
            if isinstance(fault, int):
                return fault
            self.got.append((headers["webhook-id"], said))
            return 0 if fault == "drop" else 204
        self.unverified += 1
        return 401

    @property
    def kinds(self) -> list[str]:
        return [said["type"] for _, said in self.got]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", "0")
            if receiver.retry_after is not None:
                self.send_header("Retry-After", receiver.retry_after)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hooks?key=hunter2"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
