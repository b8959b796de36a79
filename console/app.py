"""The console as an ASGI application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fastapi import FastAPI, Request

from console import problems
from console.access.asking import CSRF_HEADER, who
from console.api.application import PREFIX, create_api
from console.health import Health
from console.instagram.media_host import MediaHost
from console.instagram.receiver import Receiver
from operations.access import door
from operations.access.door import DOOR
from operations.operation import Asker, Context
from pressrun import __version__


def create_app(ctx: Context, *, media_keys: Sequence[bytes], media_root: Path, schema_head: str) -> FastAPI:
    """Args:
    ctx: its settings name the broker that `/readyz` asks.
    media_keys: signing keys of media links that are honoured, see `pressrun.media.links.derive_key`.
    media_root: the folder of the media store.
    schema_head: the revision that the database must be at; `/readyz` compares.
    """
    # The API has a document of its own; what Instagram calls needs none.
    app = FastAPI(title="Pressrun", version=__version__, openapi_url=None)
    problems.install(app)
    app.include_router(Health(ctx, schema_head=schema_head).router())
    app.include_router(MediaHost(media_root, media_keys).router())
    app.include_router(Receiver(ctx).router())
    app.mount(PREFIX, create_api(ctx, _asked_by(ctx), lambda askers: door.held(ctx, DOOR, askers)))
    return app


def _asked_by(ctx: Context) -> Callable[[Request], Asker]:
    # A form is no body of the API: its token comes in the header or not at all.
    return lambda request: who(ctx, request, csrf=request.headers.get(CSRF_HEADER))
