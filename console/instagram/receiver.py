"""`/webhooks/instagram`: the handshake, and notifications that are stored before they are answered.

Order is everything here: size, then signature over the bytes as they came, then unpacking and parsing; one transaction,
then the 200. Any other answer makes Instagram send again for 36 hours, so it is given whenever something was not
stored; and each one leaves a line in the log, since nobody reads what Instagram is answered.
"""

from __future__ import annotations

import hmac
import zlib

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from console.instagram.notification import read_notification
from console.problems import problem
from operations.accounts import webhooks
from operations.accounts.webhooks import INSTAGRAM, NotStored
from operations.operation import Context
from pressrun import log
from pressrun.instagram import signatures
from pressrun.instagram.meta_app import app_secrets

LARGEST_BODY = 16 * 1024 * 1024
"""A thousand changes, as many as Instagram gathers, each a comment of 2,200 characters that are escaped one by one."""
_GZIP = 16 + zlib.MAX_WBITS
_PATHS = ("/webhooks/instagram", "/webhooks/instagram/")

_log = log.get(__name__)


class Receiver:
    """Takes what Instagram sends for all accounts of the app."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def router(self) -> APIRouter:
        router = APIRouter()
        for path in _PATHS:
            router.add_api_route(path, self.handshake, methods=["GET"])
            router.add_api_route(path, self.receive, methods=["POST"])
        return router

    async def handshake(self, request: Request) -> Response:
        """Meta asks whether this address is ours: it must know our word, and gets its own back."""
        expected = self._ctx.settings.webhook_verify_token
        if expected is None:
            return _refuse(403, "PRESSRUN_WEBHOOK_VERIFY_TOKEN is not set, so nothing can be verified.")
        given = request.query_params
        token = given.get("hub.verify_token", "").encode("utf-8", "replace")
        is_right = hmac.compare_digest(token, expected.get_secret_value().encode())
        if given.get("hub.mode") != "subscribe" or "hub.challenge" not in given or not is_right:
            return _refuse(403, "This is not a subscription request with the right verify token.")
        return PlainTextResponse(given["hub.challenge"], headers={"X-Content-Type-Options": "nosniff"})

    async def receive(self, request: Request) -> Response:
        secrets = app_secrets(self._ctx.settings)
        if not secrets:
            return _refuse(503, "PRESSRUN_APP_SECRET is not set, so no signature can be verified.")
        try:
            raw = await _body(request)
        except ClientDisconnect:
            return _refuse(400, "The body was cut off.")
        if raw is None:
            said = f"A notification may have {LARGEST_BODY} bytes."
            return _refuse(413, said, headers={"Connection": "close"}, announced=request.headers.get("content-length"))
        if not signatures.verify(raw, request.headers.get("x-hub-signature-256"), secrets):
            return _refuse(403, "The signature is wrong or missing.", size=len(raw))
        body = _unpacked(raw, request.headers.get("content-encoding", "").strip().lower())
        if body is None:
            return _refuse(415, "A notification comes plain or in gzip.", size=len(raw))
        try:
            await run_in_threadpool(_store, self._ctx, body)
        except NotStored:
            said = "The notification could not be stored; send it again."
            return _refuse(503, said, headers={"Retry-After": "10"}, size=len(raw))
        return Response(status_code=200)


def _store(ctx: Context, body: bytes) -> None:
    webhooks.receive(ctx, INSTAGRAM, read_notification(body))


def _refuse(status: int, detail: str, *, headers: dict[str, str] | None = None, **fields: object) -> Response:
    """The answer, and the line about it."""
    _log.warning("webhook.refused", status=status, reason=detail.rstrip("."), **fields)
    return problem(status, detail, headers=headers)


async def _body(request: Request) -> bytes | None:
    """The raw body; None when it is too large, by its own word or in fact. Raises ClientDisconnect."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced[:12]) > LARGEST_BODY:
        return None
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST_BODY:
            return None
    return bytes(raw)


def _unpacked(raw: bytes, encoding: str) -> bytes | None:
    """The body itself; what cannot be unpacked, as it came: its signature was right. None for an encoding not ours."""
    if encoding in ("", "identity"):
        return raw
    if encoding not in ("gzip", "x-gzip"):
        return None
    unpacker = zlib.decompressobj(_GZIP)
    try:
        body = unpacker.decompress(raw, LARGEST_BODY)
    except zlib.error:
        return raw
    return body if unpacker.eof else raw
