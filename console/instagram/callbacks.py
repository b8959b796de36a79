"""`/connect/deauthorize` and `/connect/data-deletion`: what Meta posts when a person takes the app away, or asks for
deletion, and the page that tells them how far that is.

Nothing is stored, or said, before one of the app's secrets has signed the request.
"""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from console.instagram.bare_page import HEADERS, bare_page
from console.problems import problem
from operations.accounts import callbacks
from operations.accounts.callbacks import INSTAGRAM, DeletionShown, NotStored, SignedRequest
from operations.operation import Context
from pressrun import log
from pressrun.errors import Invalid, Unknown
from pressrun.instagram import signed_requests
from pressrun.instagram.meta_app import app_secrets
from pressrun.instagram.signed_requests import WrongSignature

DEAUTHORIZE, DELETION = "/connect/deauthorize", "/connect/data-deletion"
LARGEST_BODY = 64 * 1024
_log = log.get(__name__)


class Callbacks:
    """Takes what Meta posts about people who use the app."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def router(self) -> APIRouter:
        router = APIRouter()
        for path, take in ((DEAUTHORIZE, self.deauthorize), (DELETION, self.delete)):
            router.add_api_route(path, take, methods=["POST"])
            router.add_api_route(f"{path}/", take, methods=["POST"])
        router.add_api_route(f"{DELETION}/{{code}}", self.status, methods=["GET", "HEAD"])
        return router

    async def deauthorize(self, request: Request) -> Response:
        """The person removed the app: their accounts cannot be used any more."""
        told = await self._read(request)
        if isinstance(told, Response):
            return told
        try:
            await run_in_threadpool(callbacks.deauthorize, self._ctx, INSTAGRAM, told)
        except NotStored:
            return _try_again()
        return JSONResponse({"success": True})

    async def delete(self, request: Request) -> Response:
        """The person wants what is known of them deleted: it is owed from now on, and can be followed."""
        told = await self._read(request)
        if isinstance(told, Response):
            return told
        try:
            code = await run_in_threadpool(callbacks.delete, self._ctx, INSTAGRAM, told)
        except NotStored:
            return _try_again()
        base = self._ctx.settings.public_url or str(request.base_url).rstrip("/")
        return JSONResponse({"url": f"{base}{DELETION}/{code}", "confirmation_code": code})

    def status(self, code: str) -> Response:
        """A page for whoever holds the code. It names no account."""
        try:
            found = callbacks.show(self._ctx, INSTAGRAM, code)
        except Unknown:
            return _page(HTTPStatus.NOT_FOUND, "Unknown code", "There is no request with this code.", code)
        return _page(HTTPStatus.OK, *_said(found), code)

    async def _read(self, request: Request) -> SignedRequest | Response:
        """What is asked for, or the answer to what is not Meta's."""
        secrets = app_secrets(self._ctx.settings)
        if not secrets:
            return _refuse(503, "PRESSRUN_APP_SECRET is not set, so no signature can be verified.")
        try:
            raw = await _body(request)
        except ClientDisconnect:
            return _refuse(400, "The body was cut off.")
        if raw is None:
            return _refuse(413, f"A callback may have {LARGEST_BODY} bytes.", headers={"Connection": "close"})
        try:
            return signed_requests.read(_field(raw), secrets)
        except WrongSignature:
            return _refuse(403, "The signature is not this app's.")
        except Invalid:
            return _refuse(400, "There is no signed request in the form.")


def _said(found: DeletionShown) -> tuple[str, str]:
    asked = f"{found.asked_at:%d %B %Y}"
    if found.state == "done":
        done = found.settled_at or found.asked_at
        return "Your data is deleted", f"What we kept of you was deleted on {done:%d %B %Y}, as you asked on {asked}."
    if found.state == "nothing":
        return "Nothing was kept", f"You asked for your data to be deleted on {asked}. We keep nothing of you."
    if found.state == "review":
        return "Your request is being looked at", f"You asked on {asked}. A person is looking at what we keep of you."
    waits = " It waits for something to be settled that is being published right now." if found.error else ""
    return "Your data is being deleted", f"You asked for it on {asked}.{waits}"


def _page(status: HTTPStatus, title: str, said: str, code: str) -> Response:
    more = f"<p>Confirmation code: <code>{escape(code[:64])}</code></p>"
    return HTMLResponse(bare_page(title, said, more=more), status, headers=dict(HEADERS))


def _try_again() -> Response:
    return _refuse(503, "It could not be stored; send it again.", headers={"Retry-After": "10"})


def _refuse(status: int, detail: str, *, headers: dict[str, str] | None = None) -> Response:
    """The answer, and the line about it: nobody reads what Meta is answered."""
    _log.warning("callback.refused", status=status, reason=detail.rstrip("."))
    return problem(status, detail, headers=headers)


def _field(raw: bytes) -> str:
    """Raises Invalid."""
    try:
        fields = parse_qs(raw.decode("ascii"), max_num_fields=20)
    except ValueError:
        raise Invalid("this is no form", type="callback.unreadable", field="signed_request") from None
    return (fields.get("signed_request") or [""])[0]


async def _body(request: Request) -> bytes | None:
    """None when it is too large. Raises ClientDisconnect."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST_BODY:
            return None
    return bytes(raw)
