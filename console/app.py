"""The console as an ASGI application."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI

from console import problems
from console.health import Health
from console.instagram.callbacks import Callbacks
from console.instagram.connect import ConnectCallback
from console.instagram.media_host import MediaHost
from console.instagram.receiver import Receiver
from operations.operation import Context
from pressrun import __version__


def create_app(ctx: Context, *, media_keys: Sequence[bytes], media_root: Path, schema_head: str) -> FastAPI:
    """Args:
    ctx: its settings name the broker that `/readyz` asks.
    media_keys: signing keys of media links that are honoured, see `pressrun.media.links.derive_key`.
    media_root: the folder of the media store.
    schema_head: the revision that the database must be at; `/readyz` compares.
    """
    # No pages about an API that is not there yet: this port is open to the internet.
    app = FastAPI(title="Pressrun", version=__version__, openapi_url=None)
    problems.install(app)
    app.include_router(Health(ctx, schema_head=schema_head).router())
    app.include_router(MediaHost(media_root, media_keys).router())
    app.include_router(Receiver(ctx).router())
    app.include_router(ConnectCallback(ctx).router())
    app.include_router(Callbacks(ctx).router())
    return app
