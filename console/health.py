"""`/healthz`: this process lives. `/readyz`: what it needs is there.

The two differ on purpose: nothing may restart a living console because a server behind it is down. A broker that is
down is a degradation and not a reason to take the console out of service: webhooks and media need Postgres only.
"""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from console.problems import problem
from operations.operation import Context
from operations.upkeep import readiness
from operations.upkeep.readiness import PROBE, Standing

# Anybody may ask: which role lacks which right is told to those who can run a command here.
_WHY = {
    Standing.UNREACHABLE: "Postgres does not answer.",
    Standing.UNFIT: "Postgres answers, and cannot be used as it is reached: `pressrun doctor` says why.",
}


class Health:
    """Answers the two probes."""

    def __init__(self, ctx: Context, *, schema_head: str) -> None:
        self._ctx, self._schema_head = ctx, schema_head

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/healthz", self.alive, methods=["GET", "HEAD"])
        router.add_api_route("/readyz", self.ready, methods=["GET", "HEAD"])
        return router

    async def alive(self) -> Response:
        return JSONResponse({"status": "ok"})

    def ready(self) -> Response:
        found = readiness.look(self._ctx, PROBE, schema_head=self._schema_head)
        checks = asdict(found)
        if not found.is_ready:
            return problem(503, _WHY.get(found.database, "Run `pressrun db upgrade`."), checks=checks)
        return JSONResponse({"status": "ready" if found.broker is Standing.OK else "degraded", "checks": checks})
