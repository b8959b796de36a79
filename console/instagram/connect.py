"""`/connect/callback`: where consent pages lead browsers back to, below PRESSRUN_PUBLIC_URL."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from console.instagram.answer_page import take
from console.instagram.bare_page import HEADERS
from operations.operation import Context
from pressrun.instagram.consent import CALLBACK_PATH


class ConnectCallback:
    """Takes the answers of consents that this installation has asked for, whoever asked."""

    def __init__(self, ctx: Context, *, onward: str = "") -> None:
        """Args: onward: the page of connections; empty where the console has none."""
        self._ctx, self._onward = ctx, onward

    def router(self) -> APIRouter:
        router = APIRouter()
        # Dashboards have added a slash at its end (graph-api.md §1.4).
        for path in (CALLBACK_PATH, f"{CALLBACK_PATH}/"):
            router.add_api_route(path, self.answer, methods=["GET"])
        return router

    async def answer(self, request: Request) -> HTMLResponse:
        page = await run_in_threadpool(take, self._ctx, request.url.query, onward=self._onward)
        return HTMLResponse(page.body, page.status, headers=dict(HEADERS))
