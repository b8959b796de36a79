"""A simulator in this process, asked over real HTTP, and the servers it talks to."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from PIL import Image

from pressrun.network.trust import authorities
from simulator.config import SimulatorConfig
from simulator.serve import background
from tests.support.waiting import until

FACEBOOK, INSTAGRAM = 0, 1


def ig_id(account: int) -> str:
    return str(17_841_400_000_000_000 + account)


@dataclass
class Sim:
    """Asks as account `as_account`; that is what the Bearer token says."""

    url: str
    http: httpx.Client

    def call(self, method: str, path: str, *, as_account: int | str = FACEBOOK, **kwargs: Any) -> httpx.Response:
        token = f"SIM-TOKEN-{as_account}"
        headers = {"authorization": f"Bearer {token}", **kwargs.pop("headers", {})}
        return self.http.request(method, f"/v25.0{path}", headers=headers, **kwargs)

    def get(self, path: str, *, as_account: int | str = FACEBOOK, **params: Any) -> Any:
        answer = self.call("GET", path, as_account=as_account, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, *, as_account: int | str = FACEBOOK, **body: Any) -> Any:
        answer = self.call("POST", path, as_account=as_account, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(
        self, method: str, path: str, *, as_account: int | str = FACEBOOK, status: int = 400, **params: Any
    ) -> tuple[int, int | None]:
        """Code and subcode of a refusal, whose envelope is checked on the way."""
        place = {"params": params} if method == "GET" else {"json": params}
        answer = self.call(method, path, as_account=as_account, **place)
        assert answer.status_code == status, answer.text
        error = answer.json()["error"]
        assert error["message"]
        assert error["type"] in {"OAuthException", "GraphMethodException"}
        assert error["fbtrace_id"].startswith("A")
        return error["code"], error.get("error_subcode")

    def control(self, method: str, name: str, **body: Any) -> Any:
        answer = self.http.request(method, f"/_sim/{name}", json=body or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def advance(self, seconds: float) -> None:
        self.control("POST", "advance", seconds=seconds)

    def report(self) -> Any:
        return self.control("GET", "report")

    def ledger(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("GET", "ledger")["publishes"]
        return found

    def container(self, account: int = FACEBOOK, **params: Any) -> str:
        params = params or {"image_url": "http://media.invalid/a.jpg", "caption": "hello"}
        made: str = self.post(f"/{ig_id(account)}/media", as_account=account, **params)["id"]
        return made

    def status(self, container: str, account: int = FACEBOOK) -> str:
        found: str = self.get(f"/{container}", as_account=account, fields="status_code")["status_code"]
        return found

    def finished(self, account: int = FACEBOOK, **params: Any) -> str:
        made = self.container(account, **params)
        until(lambda: self.status(made, account) == "FINISHED", what=lambda: self.status(made, account))
        return made

    def publish(self, account: int = FACEBOOK, **params: Any) -> str:
        """A container, waited for and published; the media id."""
        made = self.finished(account, **params)
        answer = self.post(f"/{ig_id(account)}/media_publish", as_account=account, creation_id=made)
        return str(answer["id"])


@contextmanager
def running(**config: Any) -> Iterator[Sim]:
    """Without fetching and without processing time, unless the test wants them."""
    settings: dict[str, Any] = {"fetch_media": False, "image_processing_s": 0.0, "video_processing_s": 0.0}
    with (
        background(SimulatorConfig(**settings | config)) as url,
        httpx.Client(base_url=url, timeout=60, verify=authorities()) as http,
    ):
        yield Sim(url, http)


def jpeg(width: int = 64, height: int = 64, kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (40, 90, 160)).save(buffer, kind)
    return buffer.getvalue()


@dataclass
class Exchange:
    """One request that a helper server received."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Helper:
    """A server whose `answer` decides, request by request: status, headers, body."""

    answer: Callable[[Exchange], tuple[int, dict[str, str], bytes]]
    seen: list[Exchange] = field(default_factory=list)
    url: str = ""

    def notifications(self) -> list[Any]:
        return [json.loads(exchange.body) for exchange in self.seen if exchange.body]


@contextmanager
def helper(answer: Callable[[Exchange], tuple[int, dict[str, str], bytes]]) -> Iterator[Helper]:
    state = Helper(answer)

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            exchange = Exchange(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            state.seen.append(exchange)
            status, headers, content = state.answer(exchange)
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _handle

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the test looks at `seen`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
