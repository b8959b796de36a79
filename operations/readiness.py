"""Whether what a console needs is there: its database, the right schema, the broker."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import redis
from sqlalchemy.exc import SQLAlchemyError

from models.reading.schema import applied_revision
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import log, redis_client

PROBE = Asker("probe", frozenset({Scope.READ}))
"""Whatever looks after the process: a proxy, an orchestrator, a monitor."""

_BROKER_TIMEOUT_S = 2.0

_log = log.get(__name__)


class Standing(StrEnum):
    """How one of the things stands."""

    OK = "ok"
    UNREACHABLE = "unreachable"
    BEHIND = "behind"
    """The schema is not the one of this release."""
    UNKNOWN = "unknown"
    """Nobody could be asked."""
    NOT_CONFIGURED = "not configured"


@dataclass(frozen=True)
class Readiness:
    """How the three stand. A broker that is down is a degradation: webhooks and media need Postgres only."""

    database: Standing
    schema: Standing
    broker: Standing

    @property
    def is_ready(self) -> bool:
        return self.schema is Standing.OK


@operation("system.ready", effect=Effect.READS, scope=Scope.READ)
def look(ctx: Context, asker: Asker, *, schema_head: str) -> Readiness:
    """How database, schema and broker stand. `schema_head`: the revision that the database must be at."""
    schema = _schema(ctx, schema_head)
    database = Standing.UNREACHABLE if schema is Standing.UNKNOWN else Standing.OK
    return Readiness(database, schema, _broker(ctx.settings.redis_url))


def _schema(ctx: Context, head: str) -> Standing:
    try:
        with ctx.database.transaction() as tx:
            current = applied_revision(tx)
    except SQLAlchemyError as trouble:
        _log.warning("readiness.database_down", error=str(trouble).splitlines()[0])
        return Standing.UNKNOWN
    return Standing.OK if current == head else Standing.BEHIND


def _broker(url: str | None) -> Standing:
    if url is None:
        return Standing.NOT_CONFIGURED
    client = redis_client.connect(url, timeout_s=_BROKER_TIMEOUT_S)
    try:
        client.ping()
    except redis.RedisError:
        return Standing.UNREACHABLE
    finally:
        client.close()
    return Standing.OK
