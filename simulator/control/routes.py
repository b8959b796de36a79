"""The table of `/_sim` calls."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pressrun.errors import Invalid, UsageError
from simulator.backstage import Backstage
from simulator.control import accounts, callbacks, past, pictures, report, steering, strangers
from simulator.protocol import answers, errors
from simulator.publishing import ledger

Handler = Callable[[Backstage, dict[str, Any]], Any]
_TABLE: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "accounts", accounts.listed),
    ("POST", "account", accounts.change),
    ("GET", "ledger", lambda stage, _body: {"publishes": ledger.lines(stage.world)}),
    ("GET", "report", lambda stage, _body: report.make(stage)),
    ("POST", "due", steering.due),
    ("GET", "clock", steering.clock),
    ("POST", "advance", steering.advance),
    ("GET", "faults", steering.faults),
    ("POST", "faults", steering.add_fault),
    ("DELETE", "faults", steering.clear_faults),
    ("POST", "throttle", steering.throttle),
    ("DELETE", "throttle", steering.release),
    ("POST", "past", past.past),
    ("POST", "mention", strangers.mention),
    ("POST", "tag", strangers.tag),
    ("POST", "invite", strangers.invite),
    ("POST", "answer_invite", strangers.answer_invite),
    ("POST", "notify", callbacks.notify),
    ("POST", "deauthorize", callbacks.deauthorize),
    ("POST", "data_deletion", callbacks.data_deletion),
    ("POST", "comment", strangers.comment),
    ("POST", "edit_comment", strangers.edit_comment),
    ("POST", "live_comment", strangers.live_comment),
    ("POST", "message", strangers.message),
    ("POST", "webhook", steering.webhook),
    ("POST", "token", steering.token),
    ("POST", "consent", steering.consenting),
    ("POST", "readings", steering.readings),
)


def routes(stage: Backstage) -> list[Route]:
    made = [
        Route(f"/{name}", functools.partial(_answer, stage, handler), methods=[method])
        for method, name, handler in _TABLE
    ]
    return [*made, Route("/picture/{name}.jpg", pictures.picture, methods=["GET"])]


async def _answer(stage: Backstage, handler: Handler, request: Request) -> Response:
    try:
        result = handler(stage, _body(await request.body()))
        if isinstance(result, Awaitable):
            result = await result
        return Response(answers.encode(result), media_type="application/json")
    except (UsageError, ValueError, TypeError, errors.GraphError) as problem:
        return JSONResponse({"error": str(problem)}, status_code=400)


def _body(raw: bytes) -> dict[str, Any]:
    body = json.loads(raw) if raw.strip() else {}
    if not isinstance(body, dict):
        raise Invalid("the body must be a JSON object")
    return body
