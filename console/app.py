"""The console as an ASGI application."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI

from console import problems
from console.health import Health
from console.media_host import MediaHost
from console.receiver import Receiver
from models.session import Database
from pressrun import __version__
from pressrun.settings import Settings


def create_app(
    settings: Settings,
    database: Database,
    *,
    media_keys: Sequence[bytes],
    media_root: Path,
    redis_url: str | None,
    schema_head: str,
) -> FastAPI:
    """Args:
    media_keys: signing keys of media links that are honoured, see `pressrun.media.links.derive_key`.
    media_root: the folder of the media store.
    redis_url: the broker that `/readyz` asks.
    schema_head: the revision that the database must be at; `/readyz` compares.
    """
    # No pages about an API that is not there yet: this port is open to the internet.
    app = FastAPI(title="Pressrun", version=__version__, openapi_url=None)
    problems.install(app)
    app.include_router(Health(database, schema_head=schema_head, redis_url=redis_url).router())
    app.include_router(MediaHost(media_root, media_keys).router())
    app.include_router(Receiver(settings, database).router())
    return app
