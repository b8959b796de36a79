"""Streams that last. A thousand of them are held by as little as can be.

Whatever stands between the server and a handler (routing, middleware, dependencies) waits for its answer to end, some
thirty layers for each request. A stream needs them for its first words only: it is handed to the outermost layer, which
goes on with it once all the others have returned.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_HELD = "pressrun.held"
"""In the scope, where somebody goes on with streams."""


GoOn = Callable[[Receive, Send], Awaitable[None]]


class Streaming(Response):
    """Server-sent events, piece by piece, until there are no more.

    Args:
        on_end: called when whoever listens has left, and when it is over; it is to end the pieces.
    """

    media_type = "text/event-stream"

    def __init__(self, pieces: AsyncIterator[bytes], on_end: Callable[[], None]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._pieces, self._on_end = pieces, on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        held = scope.get(_HELD)
        if held is None:
            await self._go_on(receive, send)
        else:
            self.raw_headers = []  # they are told
            self.__dict__.pop("_headers", None)
            held.append(self._go_on)

    async def _go_on(self, receive: Receive, send: Send) -> None:
        watching = asyncio.create_task(self._watch(receive))
        try:
            async for piece in self._pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._on_end()
            watching.cancel()

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._on_end()


class Holding:
    """The outermost layer of an application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        go_on = await self._begin(scope, receive, send)
        if go_on is not None:
            await go_on(receive, send)

    async def _begin(self, scope: Scope, receive: Receive, send: Send) -> GoOn | None:
        known, held = {**scope}, list[GoOn]()
        scope[_HELD] = held
        await self._app(scope, receive, send)
        if not held:
            return None
        # The server holds the scope, and would hold what the layers left in it, and the room that it took.
        scope.clear()
        scope.update(known)
        return held.pop()
