"""`/webhooks/instagram`: the handshake, and notifications that are stored before they are answered.

Order is everything here: size, then signature over the raw bytes, then parsing; one transaction, then the 200. An
answer other than 200 makes Instagram send again for 36 hours, so it is given whenever something was not stored.
"""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.concurrency import run_in_threadpool

from console.instagram.notification import read_notification
from console.problems import problem
from operations import webhooks
from operations.operation import Context
from operations.webhooks import INSTAGRAM, NotStored
from pressrun import log, signatures

LARGEST_BODY = 1024 * 1024

_log = log.get(__name__)


class Receiver:
    """Takes what Instagram sends for all accounts of the app."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/webhooks/instagram", self.handshake, methods=["GET"])
        router.add_api_route("/webhooks/instagram", self.receive, methods=["POST"])
        return router

    async def handshake(self, request: Request) -> Response:
        """Meta asks whether this address is ours: it must know our word, and gets its own back."""
        expected = self._ctx.settings.webhook_verify_token
        if expected is None:
            return problem(403, "PRESSRUN_WEBHOOK_VERIFY_TOKEN is not set, so nothing can be verified.")
        given = request.query_params
        token = given.get("hub.verify_token", "").encode("utf-8", "replace")
        is_right = hmac.compare_digest(token, expected.get_secret_value().encode())
        if given.get("hub.mode") != "subscribe" or "hub.challenge" not in given or not is_right:
            return problem(403, "This is not a subscription request with the right verify token.")
        return PlainTextResponse(given["hub.challenge"], headers={"X-Content-Type-Options": "nosniff"})

    async def receive(self, request: Request) -> Response:
        secret = self._ctx.settings.app_secret
        if secret is None:
            return problem(503, "PRESSRUN_APP_SECRET is not set, so no signature can be verified.")
        raw = await _body(request)
        if raw is None:
            return problem(413, f"A notification may have {LARGEST_BODY} bytes.", headers={"Connection": "close"})
        if not signatures.verify(raw, request.headers.get("x-hub-signature-256"), [secret.get_secret_value()]):
            _log.warning("webhook.refused", reason="the signature is wrong or missing", size=len(raw))
            return problem(403, "The signature is wrong or missing.")
        try:
            await run_in_threadpool(webhooks.receive, self._ctx, INSTAGRAM, read_notification(raw))
        except NotStored:
            return problem(503, "The notification could not be stored; send it again.", headers={"Retry-After": "10"})
        return Response(status_code=200)


async def _body(request: Request) -> bytes | None:
    """The raw body; None when it is too large, by its own word or in fact."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced[:12]) > LARGEST_BODY:
        return None
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST_BODY:
            return None
    return bytes(raw)
