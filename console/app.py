"""The console as an ASGI application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from console import problems
from console.access.asking import CSRF_HEADER, NotSignedIn, who
from console.access.headers import SecurityHeaders
from console.access.me import Me
from console.access.missing import missing
from console.access.oidc import Oidc
from console.access.sign_in import SignIn, to_sign_in
from console.api.application import below_its_path, create_api
from console.health import Health
from console.instagram.callbacks import Callbacks
from console.instagram.connect import ConnectCallback
from console.instagram.media_host import MediaHost
from console.instagram.receiver import Receiver
from console.mcp.endpoint import Endpoint
from console.mcp.uploading import Uploads
from console.pages.accounts import connecting
from console.pages.app import create_pages
from operations.access import door
from operations.access.door import DOOR
from operations.operation import Asker, Context
from pressrun import __version__


def create_app(
    ctx: Context, *, media_keys: Sequence[bytes], media_root: Path, schema_head: str, public_only: bool = False
) -> FastAPI:
    """Args:
    ctx: its settings name the broker that `/readyz` asks.
    media_keys: signing keys of media links that are honoured, see `pressrun.media.links.derive_key`.
    media_root: the folder of the media store.
    schema_head: the revision that the database must be at; `/readyz` compares.
    public_only: only what Instagram and probes ask for: nobody can come in.
    """
    # The API has a document of its own; what Instagram calls needs none.
    app = FastAPI(title="Pressrun", version=__version__, openapi_url=None)
    problems.install(app)
    if not public_only:
        api = create_api(ctx, _asked_by(ctx), lambda askers: door.held(ctx, DOOR, askers))
        mount = below_its_path(api)
        app.router.routes.append(mount)
        app.add_middleware(Shortcut, to=mount)
        app.state.end_streams = api.state.hub.end
    app.include_router(Health(ctx, schema_head=schema_head).router())
    app.include_router(MediaHost(media_root, media_keys).router())
    app.include_router(Receiver(ctx).router())
    app.include_router(ConnectCallback(ctx, onward="" if public_only else connecting.PATH).router())
    app.include_router(Callbacks(ctx).router())
    if not public_only:
        app.include_router(SignIn(ctx).router())
        app.include_router(Oidc(ctx).router())
        app.include_router(Me(ctx).router())
        app.include_router(create_pages(ctx))
        app.state.ctx = ctx  # where what is sent to an address is gathered
        app.include_router(Uploads(ctx).router())
        app.router.routes.append(Endpoint(ctx).route())
        app.add_exception_handler(NotSignedIn, to_sign_in)
        app.add_exception_handler(HTTPException, missing)
    app.add_middleware(SecurityHeaders)  # last: it stands before all others
    return app


class Shortcut:
    """Hands requests to the API on before the pages' own layers and routes, which would be passed for nothing."""

    def __init__(self, app: ASGIApp, *, to: Mount) -> None:
        self._app, self._to = app, to

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(self._to.path):
            match, found = self._to.matches(scope)
            if match is Match.FULL:
                scope.update(found)
                await self._to.handle(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _asked_by(ctx: Context) -> Callable[[Request], Asker]:
    # A form is no body of the API: its token comes in the header or not at all.
    return lambda request: who(ctx, request, csrf=request.headers.get(CSRF_HEADER))
