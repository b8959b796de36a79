"""From a result or a refusal to bytes, and from bytes onto the wire, misbehaviour included."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from starlette.types import Receive, Scope, Send

from simulator.protocol.errors import GraphError

_HTML = b"<!DOCTYPE html>\n<html><head><title>Error</title></head><body>Sorry, something went wrong.</body></html>\n"
_JSON = b"application/json; charset=UTF-8"
_count = itertools.count(1)


@dataclass(slots=True)
class Answer:
    """`spoil` is what becomes of it on the way out; None means that it arrives."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    spoil: str | None = None


def trace_id() -> str:
    return "A" + base64.urlsafe_b64encode(blake2b(str(next(_count)).encode(), digest_size=16).digest()).decode()[:21]


def encode(result: Any) -> bytes:
    """JSON as Facebook writes it: unicode escaped."""
    return json.dumps(result, separators=(",", ":")).encode()


def of_error(error: GraphError, headers: Mapping[str, str]) -> Answer:
    trace = trace_id()
    extra = {"x-fb-trace-id": trace, "www-authenticate": f'OAuth "Facebook Platform" "invalid_request" "{trace}"'}
    return Answer(error.status, encode(error.envelope(trace)), dict(headers) | extra)


async def deliver(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the answer as its `spoil` demands."""
    spoil, body, status, kind = answer.spoil, answer.body, answer.status, _JSON
    if spoil == "hang":
        await _until_disconnect(scope, receive)
        return
    if spoil == "reset":
        await _reset(scope, receive)
        return
    if spoil == "html":
        status, body, kind = 502, _HTML, b"text/html; charset=utf-8"
    elif spoil == "empty":
        status, body = 200, b""
    elif spoil == "truncated_json":
        body = body[: max(1, len(body) * 2 // 3)]
    length = len(body)
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    if "content-type" not in answer.headers or spoil is not None:
        headers.insert(0, (b"content-type", kind))
    headers.append((b"content-length", b"%d" % length))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if spoil == "truncated":
        await send({"type": "http.response.body", "body": body[: length // 2], "more_body": True})
        _close(scope)
        await _until_disconnect(scope, receive)
        return
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _until_disconnect(scope: Scope, receive: Receive) -> None:
    """Wait for the client to leave, or for the server to stop."""
    closing: asyncio.Event = scope["app"].state.closing
    leaving = asyncio.ensure_future(_disconnected(receive))
    stopping = asyncio.ensure_future(closing.wait())
    try:
        await asyncio.wait({leaving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        stopping.cancel()
    _close(scope)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _reset(scope: Scope, receive: Receive) -> None:
    """Break the connection with an RST, as a dying proxy does."""
    transport = scope.get("sim.transport")
    if transport is not None:
        raw: socket.socket | None = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    await _until_disconnect(scope, receive)


def _close(scope: Scope) -> None:
    transport = scope.get("sim.transport")
    if transport is not None:
        transport.close()
