"""`/webhooks/instagram`: the handshake, and notifications that are stored before they are answered.

Order is everything here: size, then signature over the raw bytes, then parsing; one transaction, then the 200. An
answer other than 200 makes Instagram send again for 36 hours, so it is given whenever something was not stored.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from console.notification import Change, read_notification
from console.problems import problem
from models.account import Account
from models.claims import wake_schedulers
from models.inbox import digest, store_change
from models.session import Database
from pressrun import log, signatures
from pressrun.settings import Settings

LARGEST_BODY = 1024 * 1024

_log = log.get(__name__)


class Receiver:
    """Takes what Instagram sends for all accounts of the app."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/webhooks/instagram", self.handshake, methods=["GET"])
        router.add_api_route("/webhooks/instagram", self.receive, methods=["POST"])
        return router

    async def handshake(self, request: Request) -> Response:
        """Meta asks whether this address is ours: it must know our word, and gets its own back."""
        expected = self._settings.webhook_verify_token
        if expected is None:
            return problem(403, "PRESSRUN_WEBHOOK_VERIFY_TOKEN is not set, so nothing can be verified.")
        given = request.query_params
        token = given.get("hub.verify_token", "").encode("utf-8", "replace")
        is_right = hmac.compare_digest(token, expected.get_secret_value().encode())
        if given.get("hub.mode") != "subscribe" or "hub.challenge" not in given or not is_right:
            return problem(403, "This is not a subscription request with the right verify token.")
        return PlainTextResponse(given["hub.challenge"], headers={"X-Content-Type-Options": "nosniff"})

    async def receive(self, request: Request) -> Response:
        secret = self._settings.app_secret
        if secret is None:
            return problem(503, "PRESSRUN_APP_SECRET is not set, so no signature can be verified.")
        raw = await _body(request)
        if raw is None:
            return problem(413, f"A notification may have {LARGEST_BODY} bytes.", headers={"Connection": "close"})
        if not signatures.verify(raw, request.headers.get("x-hub-signature-256"), [secret.get_secret_value()]):
            _log.warning("webhook.refused", reason="the signature is wrong or missing", size=len(raw))
            return problem(403, "The signature is wrong or missing.")
        try:
            await run_in_threadpool(self._store, read_notification(raw))
        except SQLAlchemyError as trouble:
            _log.error("webhook.not_stored", error=str(getattr(trouble, "orig", None) or trouble).splitlines()[0])
            return problem(503, "The notification could not be stored; send it again.", headers={"Retry-After": "10"})
        return Response(status_code=200)

    def _store(self, changes: Sequence[Change]) -> None:
        # In one order for all: two deliveries of the same changes must not wait for each other in a ring.
        ordered = sorted(changes, key=lambda one: digest(one.object, one.entry_id, one.field, one.value))
        with self._database.transaction() as tx:
            known = select(Account.ig_id, Account.id).where(Account.ig_id.in_({one.entry_id for one in changes}))
            accounts = {row.ig_id: row.id for row in tx.execute(known)}
            new = [
                store_change(
                    tx,
                    account_id=accounts.get(one.entry_id),
                    object_=one.object,
                    entry_id=one.entry_id,
                    field=one.field,
                    value=one.value,
                    sent_at=one.sent_at,
                )
                for one in ordered
            ]
            if any(new):
                wake_schedulers(tx)
        _log.info("webhook.stored", changes=len(new), new=sum(new), fields=sorted({one.field for one in changes}))


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
