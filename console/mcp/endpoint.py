"""`/mcp`: the protocol over HTTP. Each request stands for itself: no session is kept, any console answers the next one.

Whoever calls shows a key with each request; a cookie is none, since a browser sends it whoever makes it ask.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from console.access.asking import NotSignedIn, who
from console.handlers.limiting import Limiter
from console.mcp.tool import BaseUrl
from console.problems import problem
from operations.operation import Asker, Context, Face
from operations.outages import Outages
from pressrun.errors import ServerUnreachable

PATH = "/mcp"


class Endpoint:
    """An ASGI application for that path."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._limiter = Limiter(ctx.settings.api_rate) if ctx.settings.api_rate else None

    def route(self) -> Route:
        return Route(PATH, endpoint=self, include_in_schema=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        found = await self._asker_or_refusal(request)
        if isinstance(found, Response):
            await found(scope, receive, send)
            return
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        refusal = await run_in_threadpool(_refusal_of, body)
        if refusal is not None:
            await Response(refusal, 400, media_type="application/json")(scope, receive, send)
            return
        await self._serve(found, BaseUrl(str(request.base_url)), scope, _once_more(body, receive), send)

    async def _asker_or_refusal(self, request: Request) -> Asker | Response:
        if "authorization" not in request.headers:
            return _refused(NotSignedIn("Show a key: Authorization: Bearer pr_…"))
        try:
            asker = await run_in_threadpool(self._asker, request)
        except NotSignedIn as refusal:
            return _refused(refusal)
        except ServerUnreachable as down:
            return problem(503, str(down), headers={"Retry-After": "5"})
        if request.method != "POST":
            return problem(405, "Each request is a POST of its own.", headers={"Allow": "POST"})
        standing = self._limiter.hit(asker.name) if self._limiter else None
        if standing is not None and standing.is_over:
            return problem(429, "Asked too often.", headers=standing.headers())
        return asker

    def _asker(self, request: Request) -> Asker:
        with Outages():
            return who(self._ctx, request, face=Face.MCP)

    async def _serve(self, asker: Asker, base: BaseUrl, scope: Scope, receive: Receive, send: Send) -> None:
        manager = await run_in_threadpool(self._manager, asker, base)
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    def _manager(self, asker: Asker, base: BaseUrl) -> Any:
        """Of one request. In a thread: the first one imports the SDK, and gathers the tools."""
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from console.mcp.server import create_server
        from console.mcp.tools import tools

        tools()
        server = create_server(self._ctx, lambda: asker, base)
        return StreamableHTTPSessionManager(server, json_response=True, stateless=True)


def _refusal_of(body: bytes) -> str | None:
    """In a thread: the first one imports the SDK."""
    from console.mcp.frames import refusal_of

    refusal = refusal_of(body)
    return None if refusal is None else refusal.model_dump_json(by_alias=True, exclude_unset=True)


def _once_more(body: bytes, receive: Receive) -> Receive:
    """What gives the body that was read once more, and then what comes after it."""
    given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return given.pop() if given else await receive()

    return again


def _refused(refusal: NotSignedIn) -> Response:
    return problem(401, str(refusal.detail), headers=dict(refusal.headers or {}))
