"""The way to a provider of OpenID Connect and back."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.status import HTTP_303_SEE_OTHER

from console.access.rendering import page
from console.access.sign_in import signed_in, status_of, visitor_of
from operations.access import provider
from operations.access.door import DOOR
from operations.operation import Context
from pressrun.errors import PressrunError

COOKIE = "pressrun_oidc"
_BACK = "/sign-in/oidc/callback"
_AWAY_FOR_S = 600


class Oidc:
    """The two routes, where a provider is configured."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        if self._ctx.settings.oidc_issuer is not None:
            router.add_api_route("/sign-in/oidc", self.leave, methods=["GET"], response_model=None)
            router.add_api_route(_BACK, self.come_back, methods=["GET"], response_model=None)
        return router

    def leave(self, request: Request) -> Response:
        try:
            away = provider.leave(self._ctx, DOOR, self._back(request))
        except PressrunError as error:
            return self._refused(request, error)
        answer = RedirectResponse(away.address, HTTP_303_SEE_OTHER, {"Cache-Control": "no-store"})
        is_https = request.url.scheme == "https"
        # Lax: it has to come along when the provider sends the browser back.
        answer.set_cookie(
            COOKIE,
            away.secret,
            max_age=_AWAY_FOR_S,
            path="/sign-in/oidc",
            secure=is_https,
            httponly=True,
            samesite="lax",
        )
        return answer

    def come_back(
        self, request: Request, state: str = "", code: str = "", error: str = "", error_description: str = ""
    ) -> Response:
        try:
            entered = provider.come_back(
                self._ctx,
                DOOR,
                request.cookies.get(COOKIE, ""),
                provider.Answer(state, code, error, error_description),
                redirect_uri=self._back(request),
                visitor=visitor_of(request),
            )
        except PressrunError as trouble:
            return _once(self._refused(request, trouble))
        return _once(signed_in(request, entered, "/"))

    def _back(self, request: Request) -> str:
        return f"{str(request.base_url).rstrip('/')}{_BACK}"

    def _refused(self, request: Request, error: PressrunError) -> Response:
        told = {"next": "/", "name": "", "error": str(error), "has_provider": True}
        return page(request, "sign_in.html", status_of(error), **told)


def _once(answer: Response) -> Response:
    """Whatever came of it, what the browser kept for it is of no more use."""
    answer.delete_cookie(COOKIE, path="/sign-in/oidc")
    return answer
