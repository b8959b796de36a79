"""Runs the console on a socket of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from pressrun.errors import PressrunError

_FINISH_WITHIN_S = 20
_TICK_S = 1.0


def run(app: FastAPI, *, host: str, port: int, on_listening: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are finished. Port 0 takes a free one.

    `on_listening` is called with the address once requests are taken.

    Raises PressrunError when the address cannot be had.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        log_config=None,  # our own handlers redact
        log_level="warning",
        access_log=False,  # addresses hold signatures and tokens
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=_FINISH_WITHIN_S,
    )
    # uvicorn raises the signal again once it has finished; by then it has done its work.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    _Server(config, lambda: on_listening(_url(host, listener))).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started
        self._told_to_exit = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        """As uvicorn's, but woken by the signal instead of looking ten times a second whether there was one."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):  # at 0 it renews the date of the answers
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._told_to_exit.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told_to_exit.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=512)
    except OSError as problem:
        raise PressrunError(f"the console cannot listen on {host} port {port}: {problem.strerror}") from None


def _url(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
