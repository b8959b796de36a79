"""What stands between a request and its handler: who asks, how often, and whether the same was asked before.

    readable → asker → rate → idempotency key → the handler

The database is asked in threads only. An answer is kept under its key when it is one of success: what was refused has
changed nothing, and may be asked again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Coroutine
from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request, Response
from fastapi._compat import field_annotation_is_sequence
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from console.handlers.pieces import require_plain
from console.handlers.requests import HEADERS
from operations.given_answers import LONGEST_KEY, Given, Ticket
from operations.operation import Asker
from operations.outages import Outages
from pressrun import log
from pressrun.errors import Invalid, Kind, PressrunError
from pressrun.written import require_text

LARGEST_BODY = 8 * 1024 * 1024
"""Of what is read at once; uploads and campaigns are streams."""
KEEPS, STREAMS, OPERATION = "x-idempotency-key", "x-stream", "x-operation"
"""What a route says of itself, in the document too."""
_CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
_KEPT_HEADERS = ("content-type", "location", "etag")

Handle = Callable[[Request], Coroutine[Any, Any, Response]]
_log = log.get(__name__)


class TooOften(PressrunError):
    """This asker has asked too often: wait until the window begins anew."""

    kind = Kind.NOT_ALLOWED
    type = "rate.exceeded"


class Route(APIRoute):
    """A route of the API."""

    def get_route_handler(self) -> Handle:
        handle, told = super().get_route_handler(), self.openapi_extra or {}
        known, several = _parameters(self.dependant), _parameters(self.dependant, repeatable=True)
        reads_json = self.body_field is not None

        async def answer(request: Request) -> Response:
            _require_text(request)
            await _know_asker(request)
            _require_known(request, known)
            _require_once(request, several)
            if request.method in _CHANGING:
                require_plain(request)
            if not told.get(STREAMS):
                request._body = await _body(request)
                if reads_json and request._body:
                    _require_json(request)
                    _read_json(request)
            keeps = bool(told.get(KEEPS))
            with Outages():
                return await (_once(request, handle) if keeps else handle(request))

        return answer


class Router(APIRouter):
    """Routes of one resource."""

    def __init__(self, tag: str) -> None:
        super().__init__(route_class=Route, tags=[tag], generate_unique_id_function=lambda route: route.name)


def asks(operation: str, *, keeps: bool = True, streams: bool = False, **more: Any) -> dict[str, Any]:
    """What a route is declared with: which operation it calls.

    Args:
        keeps: an answer is kept under an idempotency key. Not where it tells a secret once.
        streams: it reads its body itself.
    """
    told = {OPERATION: operation, KEEPS: keeps and not streams, STREAMS: streams}
    return {"openapi_extra": told, **more}


async def _know_asker(request: Request) -> None:
    state = request.app.state
    with Outages():
        asker: Asker = await run_in_threadpool(state.asked_by, request)
    request.state.asker = asker
    log.bind(asker=asker.name)
    if state.limiter is None:
        return
    standing = state.limiter.hit(asker.name)
    request.scope[HEADERS].update(standing.headers())
    if standing.is_over:
        raise TooOften


def _require_text(request: Request) -> None:
    """Neither Postgres nor a log takes NUL: refused here, once for all that a path or a query can name."""
    query = unquote(request.scope["query_string"].decode("latin-1"), errors="replace")
    require_text(request.scope["path"] + query, type="request.invalid")


def _parameters(dependant: Dependant, *, repeatable: bool = False) -> set[str]:
    """Names of what a route may be asked with, those of its dependencies too; or of what may be said several times."""
    found = {
        one.alias
        for one in dependant.query_params
        if not repeatable or field_annotation_is_sequence(one.field_info.annotation)
    }
    return found.union(*(_parameters(one, repeatable=repeatable) for one in dependant.dependencies))


def _require_known(request: Request, known: Collection[str]) -> None:
    """A filter that is misspelt would show everything, and a `dry_run` that is not heeded would do it."""
    for name in request.query_params:
        if name not in known:
            there = f"there are {', '.join(sorted(known))}" if known else "there are none"
            raise Invalid(f"unknown parameter {name[:100]!r}; {there}", type="parameter.unknown", field=name[:100])


def _require_once(request: Request, several: Collection[str]) -> None:
    """Of two filters one would be dropped, and `dry_run=true&dry_run=false` would do what it was to rehearse."""
    said = [name for name, _ in request.query_params.multi_items() if name not in several]
    if len(said) > len({*said}):
        name = next(one for one in said if said.count(one) > 1)
        raise Invalid(f"{name} is said more than once", type="parameter.repeated", field=name)


def _require_json(request: Request) -> None:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != "application/json" and not (given.startswith("application/") and given.endswith("+json")):
        raise HTTPException(415, "the body is to be JSON, and to say so: Content-Type: application/json")


def _read_json(request: Request) -> None:
    """Keep what the body says for the handler. Raises Invalid for a name that stands twice in one object.

    Of the two the later would win, without a word about the other.
    """
    with contextlib.suppress(ValueError, RecursionError):  # that it is no JSON, and where, is told by the handler
        request._json = json.loads(request._body, object_pairs_hook=each_once)


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Raises Invalid for a name that stands in it twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        told = twice[:100].encode(errors="backslashreplace").decode()
        raise Invalid(f"the body names {told!r} twice: say it once", type="request.repeated", field=told)
    return found


async def _body(request: Request) -> bytes:
    raw = bytearray()
    try:
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > LARGEST_BODY:
                raise HTTPException(413, f"a body has {LARGEST_BODY} bytes at most", {"Connection": "close"})
    except ClientDisconnect:  # nobody hears the answer; it is no fault of ours, and no traceback in the log
        raise Invalid("the body was cut off", type="request.invalid") from None
    return bytes(raw)


async def _once(request: Request, handle: Handle) -> Response:
    ticket = await _ticket(request)
    if ticket is None:
        return await handle(request)
    ctx = request.app.state.ctx
    given = await run_in_threadpool(ticket.claim, ctx)
    if given is not None:
        return Response(given.body, given.status, {**given.headers, "Idempotency-Replayed": "true"})
    try:
        response = await handle(request)
        is_kept = response.status_code < 300
    except BaseException:
        await run_in_threadpool(ticket.release, ctx)
        raise
    if is_kept:
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        await run_in_threadpool(ticket.keep, ctx, Given(response.status_code, headers, bytes(response.body)))
    else:
        await run_in_threadpool(ticket.release, ctx)
    return response


async def _ticket(request: Request) -> Ticket | None:
    key = request.headers.get("idempotency-key")
    if key is None or request.method not in _CHANGING or request.query_params.get("dry_run", "").lower() in _YES:
        return None
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        said = f"a key has 1 to {LONGEST_KEY} characters that can be read"
        raise Invalid(said, type="idempotency.key", field="Idempotency-Key")
    if len(request.headers.getlist("idempotency-key")) > 1:  # under the one that is dropped it would be done once more
        raise Invalid("Idempotency-Key is said more than once", type="parameter.repeated", field="Idempotency-Key")
    asked = [request.method, request.scope["path"], request.scope["query_string"].decode("latin-1")]
    digest = hashlib.sha256("\n".join(asked).encode() + b"\n" + await request.body()).hexdigest()
    return Ticket.of(request.state.asker, key, digest)


_YES = {"true", "1", "yes", "on", "t", "y"}
