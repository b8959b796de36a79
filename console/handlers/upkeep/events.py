"""`/events`: what happens, as server-sent events. Nothing is lost over a reconnect or a restart.

One reader in the process looks for all who listen, and only while somebody does. A listener who is too slow is let go:
they come back with `Last-Event-ID`, and get what they missed. Whoever is not honoured any more is let go within a
second.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from typing import Annotated, Any

from fastapi import Header, Query, Request, Response
from sse_starlette.event import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from console.handlers.asking import Asked, Ctx
from console.handlers.route import Router, asks
from console.streams import Streaming
from operations.operation import Asker, Context
from operations.outages import Outages
from operations.upkeep import news
from operations.upkeep.news import Cursor, Feed, News, Place, Source, Told
from pressrun import log
from pressrun.errors import ServerUnreachable
from pressrun.plain import plain

router = Router("events")

LOOK_EVERY_S = 0.25
ASK_EVERY_S = 0.5
"""How often it is asked who still may listen."""
PING_EVERY_S = 15
MOST_WAITING = 1000
"""Events that wait for one listener."""
Held = Callable[[Collection[Asker]], set[Asker]]
"""Those of these askers who are honoured still."""
_log = log.get(__name__)


_PING = ServerSentEvent(comment="ping", sep="\n").encode()


class Listener:
    """One stream. What is to be sent waits here until its client has taken what came before."""

    __slots__ = ("_waiter", "asker", "behind", "is_over", "sources", "waiting")

    def __init__(self, asker: Asker, sources: frozenset[Source], behind: Cursor | None) -> None:
        self.asker, self.sources, self.behind = asker, sources, behind
        self.waiting: list[bytes] = []
        self.is_over = False
        self._waiter: asyncio.Future[None] | None = None

    def offer(self, told: Told, event: bytes) -> None:
        accounts, one = self.asker.accounts, told.news
        if one.source not in self.sources or (accounts is not None and one.account_id not in accounts):
            return
        if self.behind is not None and self.behind.has(one):
            return  # another console may have told it before this one sees it
        if len(self.waiting) >= MOST_WAITING:
            self.end()
        else:
            self._add(event)

    def ping(self) -> None:
        """Show whoever stands between that the stream lives."""
        if not self.waiting:
            self._add(_PING)

    def end(self) -> None:
        self.is_over = True
        self._wake()

    async def take(self) -> bytes:
        """All that waits, as soon as something does; nothing once it is over."""
        if not self.waiting and not self.is_over:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        taken, self.waiting = b"".join(self.waiting), []
        return taken

    def _add(self, event: bytes) -> None:
        self.waiting.append(event)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Hub:
    """Reads for all listeners of the process. It lives on the event loop; what it asks the database, it asks in a
    thread."""

    def __init__(self, ctx: Callable[[], Context], held: Held) -> None:
        self._ctx, self._held = ctx, held
        self._listeners: set[Listener] = set()
        self._at: Cursor | None = None
        """Up to where the listeners were offered everything: the feed itself may be further, in its thread."""
        self._task: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()

    async def join(self, listener: Listener) -> Cursor:
        """From now on the listener is offered everything behind the cursor that is returned."""
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._begun.clear()
            self._task = asyncio.create_task(self._run())
        await self._begun.wait()
        if self._at is None:
            raise ServerUnreachable("the database does not answer: try again in a moment")
        return self._at

    @property
    def is_reading(self) -> bool:
        """Whether it looks still; a moment after its last listener has left it does not."""
        return self._task is not None and not self._task.done()

    def leave(self, listener: Listener) -> None:
        listener.end()
        self._listeners.discard(listener)

    def end(self) -> None:
        """Let everybody go: the process is about to end."""
        for listener in tuple(self._listeners):
            listener.end()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        self._at, asked_at = None, loop.time()
        pinged_at = asked_at
        try:
            feed = Feed(self._ctx())
            with Outages():
                await run_in_threadpool(feed.begin)
            self._at = feed.cursor()
            self._begun.set()
            while self._listeners:
                await self._tell(feed)
                if loop.time() - asked_at >= ASK_EVERY_S:
                    asked_at = loop.time()
                    await self._let_go()
                if loop.time() - pinged_at >= PING_EVERY_S:
                    pinged_at = loop.time()
                    for listener in self._listeners:
                        listener.ping()
                await asyncio.sleep(LOOK_EVERY_S)
        except ServerUnreachable as trouble:
            _log.warning("events.ended", reason=str(trouble))
        finally:
            # Whoever listens comes back with the id of their last event.
            self.end()
            self._listeners.clear()
            self._begun.set()

    async def _tell(self, feed: Feed) -> None:
        with Outages():
            told = await run_in_threadpool(feed.look)
        for one in told:
            event = written(one.at, one.news)
            for listener in tuple(self._listeners):
                listener.offer(one, event)
        self._at = feed.cursor()

    async def _let_go(self) -> None:
        askers = {listener.asker for listener in self._listeners}
        with Outages():
            held = await run_in_threadpool(self._held, askers)
        for listener in tuple(self._listeners):
            if listener.asker not in held:
                listener.end()


def written(at: Cursor, one: News) -> bytes:
    """As it is sent: the id is that of all that was told with it."""
    told = json.dumps({"at": one.at, **one.told}, default=plain, ensure_ascii=False)
    return ServerSentEvent(data=told, event=one.source.value, id=str(at), sep="\n").encode()


@router.get(
    "/events",
    summary="Follow what happens",
    response_class=Response,
    responses={
        200: {
            "description": "A stream that does not end: `post`, `notice` and `coverage`, each with data as JSON.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
    **asks("event.past"),
)
async def follow_events(
    request: Request,
    ctx: Ctx,
    asker: Asked,
    source: Annotated[list[Source] | None, Query(description="Only these; repeatable.")] = None,
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", max_length=1000, description="Everything since then comes first.")
    ] = None,
) -> Response:
    """Posts that change their state, notices, readings that end: from now on, or since an event that was seen."""
    behind = Cursor.parse(last_event_id) if last_event_id else None
    await run_in_threadpool(news.past, ctx, asker, Source.POST, behind=Place(0), upto=Place(0))  # whether they may
    listener = Listener(asker, frozenset(source or Source), behind)
    hub: Hub = request.app.state.hub
    upto = await hub.join(listener)
    return Streaming(_stream(listener, ctx, behind, upto), lambda: hub.leave(listener))


async def _stream(listener: Listener, ctx: Context, behind: Cursor | None, upto: Cursor) -> AsyncIterator[bytes]:
    yield ServerSentEvent(comment="following", id=None if behind else str(upto), retry=1000, sep="\n").encode()
    if behind is not None:
        async for event in _missed(listener, ctx, behind, upto):
            yield event
    while taken := await listener.take():
        yield taken


async def _missed(listener: Listener, ctx: Context, behind: Cursor, upto: Cursor) -> AsyncIterator[bytes]:
    """What happened while they were away."""
    at = behind
    for source in Source:
        last = upto.places[source]
        while source in listener.sources and at.places[source].lacks(last) and not listener.is_over:
            found: Iterable[Any] = await run_in_threadpool(
                news.past, ctx, listener.asker, source, behind=at.places[source], upto=last
            )
            rows = list(found)
            for one in rows:
                at = at.at(source, at.places[source].through(one.id, last))
                yield written(at, one)
            if not rows:
                break
        at = at.at(source, at.places[source].through(last.top, last))
