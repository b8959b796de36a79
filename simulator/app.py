"""The ASGI application: `/_sim` for whoever runs the simulator, everything else is the Graph API."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.routing import Mount

from simulator.backstage import Backstage
from simulator.calls.graph_app import GraphApp
from simulator.config import SimulatorConfig
from simulator.control.routes import routes
from simulator.endpoints import MODULES
from simulator.publishing import resuming


def create_app(config: SimulatorConfig) -> Starlette:
    """Build the world, replaying its journal. Raises Conflict when the state folder is in use."""
    stage = Backstage(config)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await stage.start()
        resuming.resume(stage)
        try:
            yield
        finally:
            app.state.closing.set()
            await stage.stop()

    app = Starlette(routes=[Mount("/_sim", routes=routes(stage)), Mount("/", app=GraphApp(stage))], lifespan=lifespan)
    app.state.closing = asyncio.Event()
    app.state.stage = stage
    app.state.modules = MODULES  # named here, so that what registers by being imported is imported
    return app
