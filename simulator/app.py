"""The ASGI application: `/_sim` for whoever runs the simulator, everything else is the Graph API."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.routing import Mount

from simulator import endpoints
from simulator.backstage import Backstage
from simulator.config import SimulatorConfig
from simulator.control import routes
from simulator.graph_app import GraphApp


def create_app(config: SimulatorConfig) -> Starlette:
    """Build the world, replaying its journal. Raises UsageError when the state folder is in use."""
    endpoints.load()
    stage = Backstage(config)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await stage.start()
        try:
            yield
        finally:
            app.state.closing.set()
            await stage.stop()

    app = Starlette(routes=[Mount("/_sim", routes=routes(stage)), Mount("/", app=GraphApp(stage))], lifespan=lifespan)
    app.state.closing = asyncio.Event()
    app.state.stage = stage
    return app
