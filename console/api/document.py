"""The OpenAPI document: what the framework knows of the routes, and what it cannot know.

Keys and cookies, errors as problem documents, headers that every answer has, idempotency keys. It is put together once,
when it is first asked for.
"""

from __future__ import annotations

import json
import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from console.handlers.problems import MEDIA_TYPE, Problem
from console.handlers.route import KEEPS, STREAMS
from operations.given_answers import LONGEST_KEY
from pressrun import __version__

PREFIX = "/api/v1"
_TEXT = """
Everything that a person can do with Pressrun: posts, drafts, media, accounts, history, inbox, notices.

Times are ISO 8601 with a zone, in UTC unless a field says otherwise. Ids of Instagram are texts, ours are integers.
Lists come by pages: `next_cursor` of one page is the `cursor` of the next, whatever was added meanwhile. Errors are
problem documents (RFC 9457) with a stable `type`. What changes something takes `dry_run=true`, and an
`Idempotency-Key` under which the same request gets the same answer for 24 hours. Examples are in `docs/api.md`.
"""
_TOLD = {
    401: "Nobody was named, or somebody who is not honoured any more.",
    403: "The asker may not do this.",
    404: "There is no such thing, or it is not theirs to see.",
    406: "There is no such form.",
    409: "It is taken, something else is under way, or it is not possible in the state that it is in.",
    412: "It has been changed since the version that `If-Match` names.",
    413: "The body is too large.",
    415: "The body is in another form than the one that is taken, or packed.",
    422: "Something is wrong with what was asked: `field` says where.",
    429: "This was asked too often.",
    502: "Instagram said no.",
    503: "The database does not answer.",
}
_ALWAYS = (401, 403, 422, 429, 503)
_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {
        "description": "What the log knows the request by; the caller's own, where it named one.",
        "schema": {"type": "string"},
    },
    "RateLimit-Limit": {"description": "Requests of the window.", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"description": "Those that are left.", "schema": {"type": "integer"}},
    "RateLimit-Reset": {"description": "Seconds until it begins anew.", "schema": {"type": "integer"}},
}
_ETAG = {"description": "The version: name it in `If-Match`.", "schema": {"type": "string"}}
_VERSIONED = {"posts", "drafts", "accounts", "people", "notices"}
_LOCATION = {"description": "Where it is.", "schema": {"type": "string"}}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same request under the same key gets the same answer for 24 hours; another one is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": r"^[\x21-\x7e]+$"},
}
_PAGES = re.compile(r"\bPage_([A-Za-z]+)_(?![A-Za-z])")
"""How the framework names a page of things: generators of clients want a name that ends in a letter."""
_CHANGING = ("post", "put", "patch", "delete")


def document_of(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1, with whole paths."""
    told = get_openapi(
        title="Pressrun", version=__version__, openapi_version="3.1.0", description=_TEXT.strip(), routes=app.routes
    )
    told["paths"] = {PREFIX + path: _operations(path, item) for path, item in told["paths"].items()}
    told["security"] = [{"key": []}, {"session": []}]
    components = told.setdefault("components", {})
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "A key of the API: `pr_…`."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "pressrun_session",
            "description": "Whoever is signed in; what changes something needs `X-CSRF-Token` too.",
        },
    }
    components["headers"], components["responses"] = _HEADERS, _errors()
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= _problem()
    _mend_times(schemas)
    mended: dict[str, Any] = json.loads(_PAGES.sub(r"\1Page", json.dumps(told)))
    for name, schema in mended["components"]["schemas"].items():
        schema["title"] = name  # pages of different things are not one thing
    return mended


def _mend_times(value: Any) -> None:
    """A time of day has no offset here: `format: time` is another thing (RFC 3339)."""
    if isinstance(value, dict):
        if value.get("format") == "time":
            value |= {"format": "local-time", "pattern": r"^\d\d:\d\d:\d\d$"}
        for one in value.values():
            _mend_times(one)
    elif isinstance(value, list):
        for one in value:
            _mend_times(one)


def _problem() -> dict[str, Any]:
    schema = TypeAdapter(Problem).json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs", {}), "Problem": schema}


def _operations(path: str, item: dict[str, Any]) -> dict[str, Any]:
    return {method: _operation(path, method, told) for method, told in item.items()}


def _operation(path: str, method: str, told: dict[str, Any]) -> dict[str, Any]:
    keeps = told.pop(KEEPS, False)
    told.pop(STREAMS, None)
    parameters = told.setdefault("parameters", [])
    if keeps and method in _CHANGING:
        parameters.append(_IDEMPOTENCY_KEY)
    responses = told["responses"]
    for status in _refusals(path, method, told):
        responses[str(status)] = {"$ref": f"#/components/responses/Error{status}"}
    for status, response in responses.items():
        if "$ref" not in response:
            response["headers"] = _of_success(status, told, parameters) | _OF_ALL
    return told


_OF_ALL = {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}


def _errors() -> dict[str, Any]:
    waits = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return {
        f"Error{status}": {
            "description": told,
            "headers": _OF_ALL | (waits if status in {429, 503} else {}),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, told in _TOLD.items()
    }


def _refusals(path: str, method: str, told: dict[str, Any]) -> list[int]:
    names = {one["name"] for one in told["parameters"]}
    has_input = "{" in path or "requestBody" in told
    found = set(_ALWAYS)
    if has_input or names & {"account", "endpoint"}:
        found |= {404, 409}
    if method in _CHANGING:
        found |= {409, 413, 415}
    if "If-Match" in names:
        found.add(412)
    if "/views/" in path:
        found.add(406)
    if "/connections/{" in path or "/inquiries/{" in path:
        found.add(502)
    return sorted(found)


def _of_success(status: str, told: dict[str, Any], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    tag = told["tags"][0]
    if tag in _VERSIONED and any(one["name"] == "If-Match" for one in parameters):
        found["ETag"] = _ETAG
    if status in {"201", "202"}:
        found["Location"] = _LOCATION
    return found
