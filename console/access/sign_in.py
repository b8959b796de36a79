"""Coming in and going out by pages: name and password, a code, a link, an invitation."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.status import (
    HTTP_303_SEE_OTHER,
    HTTP_401_UNAUTHORIZED,
    HTTP_403_FORBIDDEN,
    HTTP_410_GONE,
    HTTP_413_CONTENT_TOO_LARGE,
    HTTP_422_UNPROCESSABLE_CONTENT,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_503_SERVICE_UNAVAILABLE,
)

from console.access.asking import COOKIE, NotSignedIn, asked_by, is_from_here
from console.access.rendering import page
from operations.access import entering
from operations.access.door import DOOR
from operations.access.entering import Entered, LinkOver, Visitor
from operations.access.passwords import SHORTEST
from operations.operation import Asker, Context
from pressrun.errors import Kind, PressrunError

LARGEST_FORM_BYTES = 64 * 1024
_LASTS_S = 30 * 24 * 3600

_Text = Annotated[str, Form()]
_Next = Annotated[str, Form(alias="next")]


class SmallForm(APIRoute):
    """Routes whose forms are small: what is larger is not read, since anybody may send it."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            said = request.headers.get("content-length", "")
            if request.method == "POST" and not (said.isdecimal() and int(said) <= LARGEST_FORM_BYTES):
                raise HTTPException(HTTP_413_CONTENT_TOO_LARGE, "That is more than such a form holds.")
            _require_own_origin(request)
            answer: Response = await handler(request)
            return answer

        return handle


class SignIn:
    """The pages by which people come in."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def router(self) -> APIRouter:
        router = APIRouter(route_class=SmallForm, include_in_schema=False)
        router.add_api_route("/sign-in", self.ask, methods=["GET"], response_model=None)
        router.add_api_route("/sign-in", self.sign_in, methods=["POST"], response_model=None)
        router.add_api_route("/sign-in/code", self.show_code, methods=["POST"], response_model=None)
        router.add_api_route("/link/{secret}", self.follow_link, methods=["GET"], response_model=None)
        router.add_api_route("/invitation/{secret}", self.invitation, methods=["GET"], response_model=None)
        router.add_api_route("/invitation/{secret}", self.accept, methods=["POST"], response_model=None)
        asked = [Depends(asked_by(self._ctx))]

        def sign_out(request: Request, asker: Asker = asked[0]) -> Response:
            entering.sign_out(self._ctx, asker)
            return _without_cookie(request)

        router.add_api_route("/sign-out", sign_out, methods=["POST"], response_model=None)
        return router

    def ask(self, request: Request) -> Response:
        return self._form(request, _local(request.query_params.get("next", "/")))

    def sign_in(self, request: Request, name: _Text = "", password: _Text = "", next_: _Next = "/") -> Response:
        try:
            entered = entering.sign_in(self._ctx, DOOR, name[:100], password, visitor_of(request))
        except PressrunError as error:
            return self._form(request, _local(next_), error, name=name[:100])
        return self._go_on(request, entered, _local(next_))

    def show_code(self, request: Request, code_for: _Text = "", code: _Text = "", next_: _Next = "/") -> Response:
        try:
            entered = entering.show_code(self._ctx, DOOR, code_for, code[:40], visitor_of(request))
        except LinkOver as over:
            return self._form(request, _local(next_), over)
        except PressrunError as error:
            told = {"code_for": code_for, "next": _local(next_), "error": str(error)}
            return page(request, "code.html", status_of(error), **told)
        return self._go_on(request, entered, _local(next_))

    def follow_link(self, request: Request, secret: str) -> Response:
        try:
            entered = entering.follow_link(self._ctx, DOOR, secret, visitor_of(request))
        except LinkOver as over:
            return page(request, "link_over.html", HTTP_410_GONE, error=str(over), is_invitation=False)
        return self._go_on(request, entered, "/")

    def invitation(self, request: Request, secret: str) -> Response:
        try:
            name = entering.invited(self._ctx, DOOR, secret)
        except LinkOver as over:
            return page(request, "link_over.html", HTTP_410_GONE, error=str(over), is_invitation=True)
        return page(request, "invitation.html", name=name, shortest=SHORTEST, error="")

    def accept(self, request: Request, secret: str, password: _Text = "", again: _Text = "") -> Response:
        try:
            name = entering.invited(self._ctx, DOOR, secret)
            if password != again:
                told = {"name": name, "shortest": SHORTEST, "error": "The two passwords differ."}
                return page(request, "invitation.html", HTTP_422_UNPROCESSABLE_CONTENT, **told)
            entered = entering.accept(self._ctx, DOOR, secret, password, visitor_of(request))
        except LinkOver as over:
            return page(request, "link_over.html", HTTP_410_GONE, error=str(over), is_invitation=True)
        except PressrunError as error:
            told = {"name": name, "shortest": SHORTEST, "error": str(error)}
            return page(request, "invitation.html", status_of(error), **told)
        return self._go_on(request, entered, "/")

    def _form(self, request: Request, next_: str, error: PressrunError | None = None, *, name: str = "") -> Response:
        has_provider = self._ctx.settings.oidc_issuer is not None
        told = {"next": next_, "name": name, "error": str(error or ""), "has_provider": has_provider}
        return page(request, "sign_in.html", 200 if error is None else status_of(error), **told)

    def _go_on(self, request: Request, entered: Entered, where: str) -> Response:
        if entered.cookie is None:
            return page(request, "code.html", code_for=entered.code_for, next=where, error="")
        return signed_in(request, entered, where)


async def to_sign_in(request: Request, error: Exception) -> Response:
    """What a person sees who is not signed in: the page to do so. Programs get the error itself."""
    from console.problems import problem

    assert isinstance(error, NotSignedIn)  # noqa: S101 - it is registered for nothing else
    is_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if not is_page or "authorization" in request.headers:
        return problem(error.status_code, error.detail, headers=dict(error.headers or {}))
    where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/sign-in?next={quote(where, safe='')}", HTTP_303_SEE_OTHER)


def signed_in(request: Request, entered: Entered, where: str) -> Response:
    """The answer that gives the browser its cookie, and sends it there."""
    answer = RedirectResponse(where, HTTP_303_SEE_OTHER, {"Cache-Control": "no-store"})
    is_https = request.url.scheme == "https"
    answer.set_cookie(
        COOKIE, entered.cookie or "", max_age=_LASTS_S, path="/", secure=is_https, httponly=True, samesite="lax"
    )
    return answer


def _without_cookie(request: Request) -> Response:
    answer = RedirectResponse("/sign-in", HTTP_303_SEE_OTHER)
    answer.delete_cookie(COOKIE, path="/", secure=request.url.scheme == "https", httponly=True, samesite="lax")
    return answer


def visitor_of(request: Request) -> Visitor:
    """From where somebody comes, as far as they say."""
    return Visitor(request.headers.get("user-agent"), _address(request.client.host) if request.client else None)


def _address(said: str) -> str | None:
    """An address and nothing else: what a proxy hands on may be anything that its client wrote."""
    try:
        return str(ip_address(said))
    except ValueError:
        return None


def _local(where: str) -> str:
    """A place of this console, wherever the form says that it goes on."""
    is_ours = (
        where.startswith("/") and not where.startswith(("//", "/\\")) and where.isprintable() and "\\" not in where
    )
    return where if is_ours else "/"


def _require_own_origin(request: Request) -> None:
    """Nobody is signed in by another site's form. Raises HTTPException."""
    if request.method == "POST" and not is_from_here(request):
        raise HTTPException(HTTP_403_FORBIDDEN, "This form comes from another site.")


def status_of(error: PressrunError) -> int:
    """The status with which a page tells of it."""
    if error.type == "sign_in.too_many":
        return HTTP_429_TOO_MANY_REQUESTS
    by_kind = {Kind.INVALID: HTTP_422_UNPROCESSABLE_CONTENT, Kind.UNREACHABLE: HTTP_503_SERVICE_UNAVAILABLE}
    return by_kind.get(error.kind, HTTP_401_UNAUTHORIZED)
