"""Errors of operations as RFC 9457 problem documents, by their kind.

`type` is `urn:pressrun:` and the error's stable type; `field` is what is wrong, by the name of the column or parameter.
Nothing of a request is repeated but what the error itself names, and every text is redacted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from console.handlers.naming import field_among, names_of
from console.problems import message_of
from operations.posts.posts import RowProblem
from pressrun.errors import Kind, PressrunError
from pressrun.log import redact

MEDIA_TYPE = "application/problem+json"
PREFIX = "urn:pressrun:"

STATUS: Mapping[Kind, int] = {
    Kind.INVALID: 422,
    Kind.UNKNOWN: 404,
    Kind.CONFLICT: 409,
    Kind.NOT_POSSIBLE: 409,
    Kind.UNREACHABLE: 503,
    Kind.REFUSED: 502,
    Kind.NOT_ALLOWED: 403,
    Kind.FAILED: 409,
}
"""FAILED is what was planned for and went wrong: a race, a file that is no media. A fault of ours is another matter."""

_BY_TYPE = {
    "post.changed": 412,
    "draft.changed": 412,
    "account.changed": 412,
    "user.changed": 412,
    "endpoint.changed": 412,
    "rules.changed": 412,
    "etag.weak": 412,
    "key.missing": 401,
    "rate.exceeded": 429,
    "export.not_written": 503,
}
"""Types whose status says more than their kind's: an edit that was made for another version (RFC 9110 §13.1.1)."""
_OF_HTTP = {
    401: "key.missing",
    403: "page.foreign",
    404: "path.unknown",
    405: "method.unknown",
    406: "form.unknown",
    413: "body.too_large",
    415: "body.unknown_form",
}
_SEEN = dict.fromkeys((type_ for type_, status in _BY_TYPE.items() if status == 412), "If-Match")
"""What says here which version was seen."""
_OF_BODY = {
    "missing": "the body is missing: send a JSON object",
    "model_attributes_type": "the body is to be a JSON object: {…}",
    "model_type": "the body is to be a JSON object: {…}",
    "dict_type": "the body is to be a JSON object: {…}",
}
_NO_JSON = "JSON is written in UTF-8, nested a few levels, with numbers of a few digits"
_NO_PATH = "there is no such path: openapi.json has all; what has a slash in its key is named by its number"
_BUG = "This is a fault of Pressrun; its log says more, under the request's id."


@dataclass(frozen=True)
class Flaw:
    """One of several things that are wrong. `field` null: the whole; `line`: of a file with several posts."""

    field: str | None
    message: str
    type: str
    line: int | None = None


@dataclass(frozen=True)
class Problem:
    """An RFC 9457 problem document."""

    type: str
    """`urn:pressrun:` and a stable name of the error: `urn:pressrun:post.unknown`."""
    title: str
    status: int
    detail: str
    kind: str
    """What sort of failure it is: invalid, unknown, conflict, not_possible, unreachable, refused, not_allowed,
    failed."""
    field: str | None = None
    """The column of a campaign, parameter or header that is wrong."""
    ids: dict[str, int | str] | None = None
    """What it is about: `{"post": 12}`."""
    errors: list[Flaw] | None = None
    """Everything that is wrong, where it is more than one thing."""
    request_id: str | None = None


class Refused(PressrunError):
    """What was asked has flaws of several fields, and nothing was done."""

    kind = Kind.INVALID
    type = "post.refused"

    def __init__(self, flaws: Iterable[Flaw]) -> None:
        self.flaws = list(flaws)
        first = self.flaws[0]
        super().__init__(first.message, type=first.type, field=first.field)


def flaws_of(problems: Iterable[RowProblem], *, has_lines: bool = False) -> list[Flaw]:
    """Problems of rows as they are shown."""
    return [
        Flaw(one.column, redact(message_of(one)), PREFIX + one.type, one.line if has_lines else None)
        for one in problems
    ]


def require_none(problems: Iterable[RowProblem], *, has_lines: bool = False) -> None:
    """Raises Refused when there are any."""
    flaws = [Flaw(one.column, message_of(one), one.type, one.line if has_lines else None) for one in problems]
    if flaws:
        raise Refused(flaws)


def status_of(error: PressrunError) -> int:
    return _BY_TYPE.get(error.type) or STATUS[error.kind]


def body_of(error: PressrunError, *, request_id: str | None = None, names: Collection[str] = ()) -> dict[str, Any]:
    """The document of an error. Args: names: what the request could say; the field is called by one of them."""
    status = status_of(error)
    told: dict[str, Any] = {
        "type": PREFIX + error.type,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": redact(str(error)),
        "kind": error.kind.value,
        "field": _SEEN.get(error.type) or field_among(error.field, names),
        "ids": error.ids or None,
        "errors": _flaws(error),
        "request_id": request_id,
    }
    return {name: value for name, value in told.items() if value is not None}


def _flaws(error: PressrunError) -> list[dict[str, Any]] | None:
    if not isinstance(error, Refused):
        return None
    return [
        {
            name: value
            for name, value in vars(Flaw(one.field, redact(one.message), PREFIX + one.type, one.line)).items()
            if value is not None or name == "field"
        }
        for one in error.flaws
    ]


def install(app: FastAPI) -> None:
    """Every error takes this form, the framework's own too."""
    app.add_exception_handler(PressrunError, _planned)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _bug)


def answer(request: Request, error: PressrunError, headers: Mapping[str, str] | None = None) -> Response:
    """The error as an answer."""
    told = dict(headers or {})
    status = status_of(error)
    if status == HTTPStatus.UNAUTHORIZED:
        told.setdefault("WWW-Authenticate", "Bearer")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        told.setdefault("Retry-After", "5")
    names = names_of(request.scope.get("route"))
    return _written(body_of(error, request_id=_id(request), names=names), status, told)


async def _planned(request: Request, error: Exception) -> Response:
    assert isinstance(error, PressrunError)  # noqa: S101 - it is registered for nothing else
    return answer(request, error)


async def _unreadable(request: Request, error: Exception) -> Response:
    """What does not fit the document. What was given stands nowhere in the answer: it may be a token."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    flaws = [Flaw(_field(one["loc"]), _said(one), "request.invalid") for one in error.errors()]
    return answer(request, Refused(flaws or [Flaw(None, "it cannot be read", "request.invalid")]))


def _said(error: Mapping[str, Any]) -> str:
    if tuple(error["loc"]) == ("body",):
        return _OF_BODY.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    if error["type"] == "json_invalid":
        place = next((f" at character {one}" for one in error["loc"] if isinstance(one, int)), "")
        return f"the body is no JSON{place}: {error.get('ctx', {}).get('error', 'it cannot be read')}"
    return str(error["msg"]).removeprefix("Value error, ")


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == HTTPStatus.BAD_REQUEST:  # the framework's word for a body that is no text
        said = f"{error.detail}: {_NO_JSON}" if "parsing" in str(error.detail) else str(error.detail)
        return answer(request, Refused([Flaw(None, said, "request.invalid")]))
    headers, detail = dict(error.headers or {}), str(error.detail)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (allowed := _allowed(request)):
        headers["Allow"] = ", ".join(allowed)
        detail = f"{request.method} is no method of this path: it has {headers['Allow']}"
    if error.status_code == HTTPStatus.NOT_FOUND and detail == HTTPStatus.NOT_FOUND.phrase:
        detail = _NO_PATH
    told = {
        "type": PREFIX + _OF_HTTP.get(error.status_code, "http"),
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "detail": redact(detail),
        "kind": _kind_of(error.status_code).value,
        "request_id": _id(request),
    }
    return _written(told, error.status_code, headers)


def _allowed(request: Request) -> list[str]:
    """Every method of the path. The framework names those of the first route that has it, and no other."""
    found = set[str]()
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    for route in getattr(request.app.state, "routes", ()):
        if route.path_regex.match(path):
            found |= route.methods
    return sorted(found)


async def _bug(request: Request, _error: Exception) -> Response:
    told = {
        "type": f"{PREFIX}bug",
        "title": HTTPStatus.INTERNAL_SERVER_ERROR.phrase,
        "status": 500,
        "detail": _BUG,
        "kind": Kind.FAILED.value,
        "request_id": _id(request),
    }
    # It is answered outside of what gives all others their headers.
    return _written(told, 500, {"X-Request-Id": _id(request) or "", "Cache-Control": "no-store"})


def _written(body: dict[str, Any], status: int, headers: dict[str, str]) -> Response:
    told = {name: value for name, value in body.items() if value is not None}
    return JSONResponse(told, status, headers, media_type=MEDIA_TYPE)


def _kind_of(status: int) -> Kind:
    return {401: Kind.NOT_ALLOWED, 403: Kind.NOT_ALLOWED, 404: Kind.UNKNOWN}.get(status, Kind.INVALID)


def _field(loc: Any) -> str | None:
    names = [str(one) for one in loc if not isinstance(one, int) and one not in {"body", "query", "path", "header"}]
    return ".".join(names) or None


def _id(request: Request) -> str | None:
    found = request.scope.get("pressrun.request_id")
    return found if isinstance(found, str) else None
