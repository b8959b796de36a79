"""Running a simulator: blocking in a process of its own, or in a thread beside a test."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pressrun.errors import PressrunError
from pressrun.network.listening import listen
from simulator.app import create_app
from simulator.config import SimulatorConfig


class _Protocol(HttpToolsProtocol):
    """Shows the transport to the application, which has to break connections on request."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["sim.transport"] = self.transport  # type: ignore[typeddict-unknown-key]


class _Server(uvicorn.Server):
    """Says when it listens, and lets hanging calls go before it waits for them."""

    def __init__(self, app: Starlette, config: SimulatorConfig, listening: Callable[[str], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=config.host,
                port=config.port,
                http=_Protocol,
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                lifespan="on",
                timeout_graceful_shutdown=3,
                timeout_keep_alive=75,
                server_header=False,
                date_header=False,  # the world has a clock of its own
                backlog=2048,
            )
        )
        self._app = app
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        self._listening(f"http://{host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.closing.set()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A signal ends the process with code 0; uvicorn would raise it again at the end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, _number: int, _frame: Any) -> None:
        self.should_exit = True


def run(config: SimulatorConfig) -> None:
    """Serve until SIGINT or SIGTERM. The first line on stdout names the address, once it accepts.

    Raises PortTaken.
    """

    def say(url: str) -> None:
        sys.stdout.write(f"LISTENING {url}\n")
        sys.stdout.flush()

    # Bound before the server runs, which would end the process by itself over an address that is taken.
    listener = listen(config.host, config.port, backlog=2048)
    _Server(create_app(config), config, say).run(sockets=[listener])


@contextlib.contextmanager
def background(config: SimulatorConfig) -> Iterator[str]:
    """A simulator in a thread of this process; yields its address. For tests."""
    found: list[str] = []
    is_up = threading.Event()

    def listening(url: str) -> None:
        found.append(url)
        is_up.set()

    server = _Server(create_app(config), config, listening)

    def serve() -> None:
        try:
            asyncio.run(server.serve())
        finally:
            is_up.set()

    thread = threading.Thread(target=serve, name="simulator", daemon=True)
    thread.start()
    is_up.wait(30)
    if not found:
        raise PressrunError("the simulator did not start")
    try:
        yield found[0]
    finally:
        server.should_exit = True
        thread.join(30)
        if thread.is_alive():
            raise PressrunError("the simulator did not stop")
