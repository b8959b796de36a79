"""The API as an application of its own, to be mounted at `/api/v1`."""

from __future__ import annotations

import re
from collections.abc import Callable

from fastapi import FastAPI, Request
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount

from console.api import reading_room
from console.api.document import PREFIX
from console.handlers import problems
from console.handlers.limiting import Limiter
from console.handlers.requests import Identified
from console.handlers.routers import ROUTERS
from console.handlers.upkeep.events import Held, Hub
from operations.operation import Asker, Context
from pressrun import __version__

__all__ = ["PREFIX", "below_its_path", "create_api"]

_EXPOSED = (
    "ETag",
    "Location",
    "X-Request-Id",
    "Retry-After",
    "Idempotency-Replayed",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
)


def create_api(ctx: Context, asked_by: Callable[[Request], Asker], held: Held = set) -> FastAPI:
    """Args:
    asked_by: who asks, from a request's header or cookie; raises what is to be answered when nobody may. It is called
        in a thread.
    held: which of those who listen are honoured still; it is called in a thread, again and again.
    """
    app = FastAPI(
        title="Pressrun",
        version=__version__,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.ctx, app.state.asked_by = ctx, asked_by
    app.state.limiter = Limiter(ctx.settings.api_rate) if ctx.settings.api_rate else None
    app.state.hub = Hub(lambda: app.state.ctx, held)
    problems.install(app)
    for router in ROUTERS:
        # As they are: a router that is included is searched twice, each time with a scope that is put aside and back.
        app.router.routes.extend(router.routes)
    app.include_router(reading_room.router)
    app.state.routes = [route for router in (*ROUTERS, reading_room.router) for route in router.routes]
    if ctx.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=ctx.settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=_EXPOSED,
        )
    app.add_middleware(Identified)
    return app


def below_its_path(api: FastAPI) -> Mount:
    """The API at its path in another application; a path with a line break in it is the API's to refuse, too."""
    mount = Mount(PREFIX, app=api)
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mount
