"""`/healthz`: this process lives. `/readyz`: what it needs is there.

The two differ on purpose: nothing may restart a living console because a server behind it is down. A broker that is
down is a degradation and not a reason to take the console out of service: webhooks and media need Postgres only.
"""

from __future__ import annotations

import redis
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from console.problems import problem
from models.session import Database
from pressrun import log, redis_client

_BROKER_TIMEOUT_S = 2.0

_log = log.get(__name__)


class Health:
    """Answers the two probes."""

    def __init__(self, database: Database, *, schema_head: str, redis_url: str | None) -> None:
        self._database, self._schema_head, self._redis_url = database, schema_head, redis_url

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/healthz", self.alive, methods=["GET", "HEAD"])
        router.add_api_route("/readyz", self.ready, methods=["GET", "HEAD"])
        return router

    async def alive(self) -> Response:
        return JSONResponse({"status": "ok"})

    def ready(self) -> Response:
        schema = self._schema()
        checks = {
            "database": "ok" if schema is not None else "unreachable",
            "schema": schema or "unknown",
            "broker": self._broker(),
        }
        if schema != "ok":
            detail = "Postgres does not answer." if schema is None else "Run `pressrun db upgrade`."
            return problem(503, detail, checks=checks)
        return JSONResponse({"status": "ready" if checks["broker"] == "ok" else "degraded", "checks": checks})

    def _schema(self) -> str | None:
        """`ok`, `behind`, or None when the database does not answer."""
        try:
            with self._database.engine.connect() as connection:
                current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        except ProgrammingError:  # no such table: nothing was ever applied
            current = None
        except SQLAlchemyError as trouble:
            _log.warning("readiness.database_down", error=str(trouble).splitlines()[0])
            return None
        return "ok" if current == self._schema_head else "behind"

    def _broker(self) -> str:
        if self._redis_url is None:
            return "not configured"
        client = redis_client.connect(self._redis_url, timeout_s=_BROKER_TIMEOUT_S)
        try:
            client.ping()
        except redis.RedisError:
            return "unreachable"
        finally:
            client.close()
        return "ok"
