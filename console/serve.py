"""Runs the console on a socket of its own."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn
from anyio import to_thread
from fastapi import FastAPI

from console.forwarded import Forwarded
from console.streams import Holding
from pressrun.network.listening import listen

KEPT_OPEN_S = 75
"""How long a connection stays open without a request: longer than clients and proxies keep theirs, which is a minute at
most by their defaults. Whoever closes one while the other sends, costs a request."""
_FINISH_WITHIN_S = 20
_TICK_S = 1.0


def run(
    app: FastAPI,
    *,
    host: str,
    port: int,
    threads: int,
    on_listening: Callable[[str], None],
    proxies: Sequence[str] = (),
) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP; requests under way are finished. Port 0 takes a free one.

    `threads`: for all that waits; no more than there are connections to the database: further ones would wait in turn.
    `on_listening` is called with the address once requests are taken; `app.state.end_streams`, where there is such a
    thing, when the end has come: they would never finish. `proxies`: addresses and networks of those whose word of who
    asks, and whether by HTTPS, is taken.

    Raises PortTaken.
    """
    listener = listen(host, port)
    # uvicorn raises the signal again once it has finished; by then it has done its work.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    end_streams = getattr(app.state, "end_streams", lambda: None)
    server = _Server(config_of(app, proxies), lambda: on_listening(_url(host, listener)), end_streams, threads)
    server.run(sockets=[listener])


def config_of(app: FastAPI, proxies: Sequence[str]) -> uvicorn.Config:
    """How the console is served."""
    return uvicorn.Config(
        Forwarded(Holding(app), proxies),
        log_config=None,  # our own handlers redact
        log_level="warning",
        access_log=False,  # addresses hold signatures and tokens
        server_header=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,  # an environment variable of uvicorn's own would say whose are believed
        timeout_keep_alive=KEPT_OPEN_S,
        timeout_graceful_shutdown=_FINISH_WITHIN_S,
    )


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, on_started: Callable[[], None], end_streams: Callable[[], None], threads: int
    ) -> None:
        super().__init__(config)
        self._on_started, self._end_streams, self._threads = on_started, end_streams, threads
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
            self._loop.call_soon_threadsafe(self._end_streams)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        to_thread.current_default_thread_limiter().total_tokens = self._threads
        await super().startup(sockets)
        # What was made until now stays: no search for garbage has to pass through half a million objects of it, which
        # would take longer than any page, in the middle of one.
        gc.collect()
        gc.freeze()
        self._on_started()


def _url(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
