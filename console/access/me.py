"""The page on which a user looks after their own way in: password, second factor, sessions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.status import HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_CONTENT

from console.access.asking import asked_by
from console.access.rendering import page
from console.access.sign_in import SmallForm
from console.pages.words import browser
from operations.access import myself
from operations.access.passwords import SHORTEST
from operations.operation import Asker, Context
from pressrun.errors import Invalid, PressrunError, Unknown

_Text = Annotated[str, Form()]
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


class Me:
    """The routes below `/me`."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def router(self) -> APIRouter:
        router = APIRouter(route_class=SmallForm, include_in_schema=False)
        asked: Asker = Depends(asked_by(self._ctx))

        @router.get("/me", response_model=None)
        def show(request: Request, asker: Asker = asked) -> Response:
            return self._page(request, asker)

        self._add_password(router, asked)
        self._add_factor(router, asked)

        @router.post("/me/sessions/{session}/end", response_model=None)
        def end(request: Request, session: str, asker: Asker = asked) -> Response:
            def end_it() -> None:
                if not _NUMBER.fullmatch(session):
                    raise Unknown(f"you have no session {session[:30]!r}", type="session.unknown", field="session")
                myself.end_session(self._ctx, asker, int(session))

            return self._done(request, asker, end_it)

        return router

    def _add_password(self, router: APIRouter, asked: Asker) -> None:
        @router.post("/me/password", response_model=None)
        def change_password(
            request: Request, old: _Text = "", new: _Text = "", again: _Text = "", asker: Asker = asked
        ) -> Response:
            def change() -> None:
                if new != again:
                    raise Invalid("the two new passwords differ", type="password.differ", field="again")
                myself.change_password(self._ctx, asker, old, new)

            return self._done(request, asker, change)

    def _add_factor(self, router: APIRouter, asked: Asker) -> None:
        @router.get("/me/factor", response_model=None)
        def offer(request: Request, asker: Asker = asked) -> Response:
            return self._offer(request, asker)

        @router.post("/me/factor", response_model=None)
        def take(
            request: Request, secret: _Text = "", code: _Text = "", password: _Text = "", asker: Asker = asked
        ) -> Response:
            try:
                codes = myself.take_factor(self._ctx, asker, secret, code, password)
            except PressrunError as error:
                return self._offer(request, asker, error)
            return page(request, "recovery_codes.html", codes=codes)

        @router.post("/me/factor/drop", response_model=None)
        def drop(request: Request, password: _Text = "", asker: Asker = asked) -> Response:
            return self._done(request, asker, lambda: myself.drop_factor(self._ctx, asker, password))

    def _done(self, request: Request, asker: Asker, do: Callable[[], None]) -> Response:
        try:
            do()
        except PressrunError as error:
            return self._page(request, asker, error)
        return RedirectResponse("/me", HTTP_303_SEE_OTHER)

    def _page(self, request: Request, asker: Asker, error: PressrunError | None = None) -> Response:
        me = myself.show(self._ctx, asker) if asker.user_id is not None else None
        status = 200 if error is None else HTTP_422_UNPROCESSABLE_CONTENT
        told = {"me": me, "here": asker.session_id, "shortest": SHORTEST, "error": str(error or ""), "browser": browser}
        return page(request, "me.html", status, **told)

    def _offer(self, request: Request, asker: Asker, error: PressrunError | None = None) -> Response:
        try:
            offered = myself.offer_factor(self._ctx, asker)
        except PressrunError as other:
            return self._page(request, asker, other)
        status = 200 if error is None else HTTP_422_UNPROCESSABLE_CONTENT
        return page(request, "factor.html", status, offered=offered, error=str(error or ""))
