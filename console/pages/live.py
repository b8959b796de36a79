"""`/live`: tells open pages that something has happened; they ask again for what they show.

One look a second for all of them together, while there are any: at what has happened, and at who may still listen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response
from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool

from console.access.asking import NotSignedIn
from console.pages.door import Door
from operations import live
from operations.access import door as access
from operations.access.door import DOOR
from operations.operation import Asker, Context
from pressrun import log

LOOK_EVERY_S = 1.0
MOST = 2_000
PATH = "/live"

_log = log.get(__name__)


@dataclass(eq=False)
class _Listener:
    asker: Asker
    heard: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(maxsize=1))

    def tell(self, what: str | None) -> None:
        """None: it is over. A page that has not heard the one before needs no second."""
        if what is None:
            while not self.heard.empty():
                self.heard.get_nowait()
        if not self.heard.full():
            self.heard.put_nowait(what)


class Live:
    """The streams of one process."""

    def __init__(self, ctx: Context, door: Door, *, asks_again: bool = True) -> None:
        self._ctx, self._door, self._asks_again = ctx, door, asks_again
        self._listeners: set[_Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._mark = ""

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route(PATH, self.stream, methods=["GET"], include_in_schema=False, response_model=None)
        return router

    async def stream(self, request: Request) -> Response:
        try:
            asker = await run_in_threadpool(self._door.asked_by, request, None)
        except NotSignedIn:
            return Response(status_code=401)
        if len(self._listeners) >= MOST:
            return Response(status_code=503, headers={"Retry-After": "30"})
        return EventSourceResponse(self._events(_Listener(asker)), ping=20)

    async def _events(self, listener: _Listener) -> AsyncIterator[dict[str, str]]:
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            while (what := await listener.heard.get()) is not None:
                yield {"event": "change", "data": what}
        finally:
            self._listeners.discard(listener)

    async def _watch(self) -> None:
        while self._listeners:
            here = list(self._listeners)
            try:
                mark, held = await run_in_threadpool(self._look, {one.asker for one in here})
            except Exception as trouble:  # a database that is away for a moment ends no page
                _log.warning("live.not_looked", error=type(trouble).__name__)
                mark, held = self._mark, {one.asker for one in here}
            for one in here:
                if one.asker not in held:
                    one.tell(None)
                elif mark != self._mark and self._mark:
                    one.tell("changed")
            self._mark = mark
            await asyncio.sleep(LOOK_EVERY_S)

    def _look(self, askers: set[Asker]) -> tuple[str, set[Asker]]:
        held = access.held(self._ctx, DOOR, askers) if self._asks_again else askers
        return live.mark(self._ctx, DOOR), held
