"""Several calls in one: batch and multi-get (graph-api.md §4.3). Each operation counts as a call."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import SplitResult, urlsplit

from simulator.calls.call import Call
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.protocol import errors
from simulator.protocol.answers import Answer
from simulator.protocol.params import Params, read_params

_MOST = 50


@endpoint("batch", "POST", "/", params="batch include_headers", need=Need.NOTHING)
async def batch(call: Call, _node: Any) -> Any:
    operations = call.params.mappings("batch")
    if not operations:
        raise errors.missing("batch")
    if len(operations) > _MOST:
        raise errors.invalid(f"Too many requests in batch message. Maximum batch size is {_MOST}")
    with_headers = call.params.flag("include_headers") is not False
    return [await _operation(call, operation, with_headers=with_headers) for operation in operations]


@endpoint("batch", "POST", "/me", params="batch include_headers", need=Need.NOTHING)
async def batch_as_me(call: Call, node: Any) -> Any:
    return await batch(call, node)


async def _operation(call: Call, operation: dict[str, Any], *, with_headers: bool) -> Any:
    """The operation's answer, or null for one that was not finished."""
    url = _split(str(operation.get("relative_url", "")))
    body = operation.get("body", "")
    method = str(operation.get("method", "GET")).upper()
    kind = "application/json" if isinstance(body, dict) else "application/x-www-form-urlencoded"
    raw = json.dumps(body).encode() if isinstance(body, dict) else str(body).encode(errors="replace")
    params = read_params(url.query.encode(errors="replace"), raw if method != "GET" else b"", kind)
    params.setdefault("access_token", operation.get("access_token", call.caller.text))
    answer = await call.perform(_nested(call, method, url.path, params), {})
    call.headers.update(answer.headers)
    if answer.spoil is not None:
        return None
    shown: dict[str, Any] = {"code": answer.status}
    if with_headers:
        shown["headers"] = [{"name": name, "value": value} for name, value in answer.headers.items()]
    return shown | {"body": answer.body.decode()}


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise errors.invalid("relative_url is not a URL") from None


@endpoint("multi_get", "GET", "/", params="ids", need=Need.NOTHING)
async def multi_get(call: Call, _node: Any) -> Any:
    """An object keyed by id; one failure is the failure of all."""
    names = call.params.listing("ids")
    if not names:
        raise errors.missing("ids")
    if len(names) > _MOST:
        raise errors.invalid(f"Too many IDs. Maximum: {_MOST}")
    found: dict[str, Any] = {}
    for name in dict.fromkeys(names):
        params = Params({key: value for key, value in call.params.items() if key != "ids"})
        params["access_token"] = call.caller.text
        answer = await call.perform(_nested(call, "GET", name, params), {})
        call.headers.update(answer.headers)
        if answer.status != HTTPStatus.OK or answer.spoil is not None:
            return Answer(answer.status, answer.body, call.headers, answer.spoil)
        found[name] = json.loads(answer.body)
    return found


def _nested(call: Call, method: str, path: str, params: Params) -> Call:
    parts = tuple(part for part in path.split("/") if part)
    if parts and parts[0].startswith("v") and "." in parts[0]:
        parts = parts[1:]
    if (method == "POST" and parts in {(), ("me",)}) or (method == "GET" and not parts):
        parts = ("batch",)  # a batch inside a batch is no path that exists
    return Call(
        world=call.world,
        stage=call.stage,
        method=method,
        path=parts,
        params=params,
        arrived=call.arrived,
        base_url=call.base_url,
        version=call.version,
        perform=call.perform,
    )
