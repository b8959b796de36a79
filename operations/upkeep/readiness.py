"""Whether what a console needs is there: its database, the right schema, the broker."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import psycopg
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from models.reading.upkeep.schema import applied_revision
from models.store.fitness import require_fit
from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun import log
from pressrun.errors import NotPossible
from pressrun.network import redis_client

PROBE = Asker("probe", frozenset({Scope.READ}))
"""Whatever looks after the process: a proxy, an orchestrator, a monitor."""

_BROKER_TIMEOUT_S = 2.0

_log = log.get(__name__)


class Standing(StrEnum):
    """How one of the things stands."""

    OK = "ok"
    UNREACHABLE = "unreachable"
    UNFIT = "unfit"
    """It answers, and cannot be worked with as it is reached."""
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
    database, schema = _database(ctx, schema_head)
    return Readiness(database, schema, _broker(ctx.settings.redis_url))


def _database(ctx: Context, head: str) -> tuple[Standing, Standing]:
    """How the database and its schema stand.

    A console starts without its database: what every other process proves at its start is proved here then.
    """
    try:
        require_fit(ctx.database)
        with ctx.database.transaction() as tx:
            current = applied_revision(tx)
    except (NotPossible, ProgrammingError) as trouble:
        _log.warning("readiness.database_unfit", error=_said(trouble))
        return Standing.UNFIT, Standing.UNKNOWN
    except (SQLAlchemyError, psycopg.OperationalError) as trouble:
        _log.warning("readiness.database_down", error=_said(trouble))
        return Standing.UNREACHABLE, Standing.UNKNOWN
    return Standing.OK, Standing.OK if current == head else Standing.BEHIND


def _said(trouble: Exception) -> str:
    return (str(trouble).splitlines() or [type(trouble).__name__])[0]


def _broker(url: str | None) -> Standing:
    if url is None:
        return Standing.NOT_CONFIGURED
    import redis  # six megabytes, which a console that nobody probes can spare

    client = redis_client.connect(url, timeout_s=_BROKER_TIMEOUT_S)
    try:
        client.ping()
    except redis.RedisError:
        return Standing.UNREACHABLE
    finally:
        client.close()
    return Standing.OK
