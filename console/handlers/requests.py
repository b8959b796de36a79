"""What each request to the API gets: an id that its answer and the log have, and a line in the log.

A pure ASGI wrapper: it holds nothing of an answer back, so that streams stay streams.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pressrun import log

ID = "pressrun.request_id"
"""In the scope."""
HEADERS = "pressrun.headers"
"""In the scope: what is to be told with the answer, whatever it is."""
_USABLE = re.compile(r"[A-Za-z0-9._\-]{8,64}", re.ASCII)

_log = log.get(__name__)


class Identified:
    """Gives requests their id, taken from `X-Request-Id` where the caller names a usable one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _USABLE.fullmatch(given) else uuid.uuid4().hex
        told: dict[str, str] = {}
        scope.update({ID: request_id, HEADERS: told})
        begun, status = time.monotonic(), [0]

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
                _add(message, {"X-Request-Id": request_id, "Cache-Control": "no-store", **told})
            await send(message)

        with log.bound(request_id=request_id):
            try:
                await self._app(scope, receive, tell)
            finally:
                route = getattr(scope.get("route"), "path", None)  # not the path: it may hold what somebody typed
                ms = round((time.monotonic() - begun) * 1000)
                _log.info("api.answered", method=scope["method"], route=route, status=status[0], ms=ms)


def _add(message: Message, told: Mapping[str, str]) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in told.items():
        if name not in headers:
            headers[name] = value
    headers["X-Content-Type-Options"] = "nosniff"
