"""Nothing is open: every route of the console asks who it is, but those that are named here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.routing import Mount

from console.access.asking import COOKIE
from console.app import create_app
from migrations import HEAD
from models.access.session import begin_session
from operations.operation import Context
from pressrun import clock
from pressrun.network.trust import authorities
from tests.support.web import serve

OPEN = {
    "/healthz": "whether it lives",
    "/readyz": "whether it can work",
    "/webhooks/instagram": "signed bodies",
    "/connect/callback": "an answer that is signed, and counts once",
    "/connect/deauthorize": "signed by Meta",
    "/connect/data-deletion": "signed by Meta",
    "/connect/data-deletion/{code}": "whoever has the code, which was given to whom it is about",
    "/mcp/uploads/{upload}/{ticket}": "an address that is signed, and ends",
    "/sign-in": "coming in",
    "/sign-in/code": "coming in",
    "/sign-in/oidc": "coming in",
    "/sign-in/oidc/callback": "coming in",
    "/link/{secret}": "whoever has the link",
    "/invitation/{secret}": "whoever has the link",
}
"""Path → why it is open. Whatever else there is asks for a key or a session."""


def _routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    for router in (getattr(one, "original_router", None) or one for one in app.routes):
        below = router.path if isinstance(router, Mount) else ""
        for route in getattr(router, "routes", [router]):
            for method in sorted(getattr(route, "methods", None) or ()):
                yield method, below + route.path


def test_every_route_asks_who_it_is(ctx: Context, tmp_path: Path) -> None:
    app: Any = create_app(ctx, media_keys=[], media_root=tmp_path, schema_head=HEAD)
    found = sorted(set(_routes(app)))

    answers = {}
    with serve(app) as url, httpx.Client(base_url=url, timeout=30, verify=authorities()) as http:
        for method, path in found:
            if not _is_open(path):
                where = re.sub(r"\{[^}]*\}", "1", path)
                answers[f"{method} {path}"] = http.request(method, where, content=b"").status_code

    assert {asked: status for asked, status in answers.items() if status != 401} == {}
    assert {"POST /sign-out", "POST /api/v1/posts", "GET /api/v1/events"} <= set(answers)


def _is_open(path: str) -> bool:
    return path.rstrip("/") in OPEN or path.startswith("/media/")


def test_a_cookie_alone_changes_nothing(ctx: Context, tmp_path: Path) -> None:
    """Whatever another site has a browser send, with the cookie of whoever may do everything."""
    app: Any = create_app(ctx, media_keys=[], media_root=tmp_path, schema_head=HEAD)
    with ctx.database.transaction() as tx:
        cookie = begin_session(tx, None, way="link", agent=None, address=None, now=clock.now())
    changing = {(method, path) for method, path in _routes(app) if method not in ("GET", "HEAD") and not _is_open(path)}

    answers = {}
    with serve(app) as url, httpx.Client(base_url=url, timeout=30, verify=authorities()) as http:
        http.cookies.set(COOKIE, cookie)
        for method, path in sorted(changing):
            where = re.sub(r"\{[^}]*\}", "1", path)
            answers[f"{method} {path}"] = http.request(method, where, data={"csrf_token": "x"}).status_code

    assert {asked: status for asked, status in answers.items() if status != 403} == {}
    assert {"POST /sign-out", "POST /me/password", "POST /api/v1/posts"} <= set(answers)
