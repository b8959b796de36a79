"""What a command works with: settings made complete, a checked database, the embedded servers when none are named."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError

from machine import schema
from models.store import fitness, server_clock
from models.store.session import Database
from pressrun import log
from pressrun.embedded.home import prepare_home, secret_key
from pressrun.embedded.servers import borrow_postgres, borrow_redis
from pressrun.errors import PressrunError, ServerUnreachable
from pressrun.log import redact
from pressrun.network import redis_client
from pressrun.network.addresses import place_of
from pressrun.settings import Settings, is_loopback, load
from pressrun.vault import Vault

if TYPE_CHECKING:
    import redis

_BROKER_TIMEOUT_S = 5.0
_ANY_ADDRESS = ("0.0.0.0", "::", "localhost")  # noqa: S104 - compared with, not listened on


class SchemaBehind(PressrunError):
    """The database's schema is not the one of this release."""

    type = "schema.behind"


@dataclass(frozen=True)
class Runtime:
    """`settings` are complete: URLs and keys of the embedded mode are filled in."""

    settings: Settings
    database: Database
    has_own_postgres: bool
    """Postgres is an embedded server of this home."""
    has_own_redis: bool

    @property
    def database_url(self) -> str:
        return self.settings.database_url or ""

    @property
    def redis_url(self) -> str:
        return self.settings.redis_url or ""

    def require_fit_if_it_answers(self) -> None:
        """For a process that starts without its database too. Raises NotPossible as `runtime` does.

        One that does not answer is looked at with readiness (`operations/upkeep/readiness.py`).
        """
        with contextlib.suppress(OperationalError, psycopg.OperationalError):
            require_fit(self.database, is_own=self.has_own_postgres)

    def vault(self) -> Vault:
        """Raises Invalid when there is no key."""
        return Vault(self.settings.keys())


def read_settings(*, is_service: bool = False) -> Settings:
    """The settings of the environment, and logging as they say; a command for people is quiet unless told otherwise."""
    settings = load()
    if is_service:
        log.catch_crashes()
    configure_log(settings, is_service=is_service)
    return settings


def configure_log(settings: Settings, *, is_service: bool) -> None:
    """Logging as the settings say."""
    is_told = "log_level" in settings.model_fields_set
    log.configure(level=settings.log_level if is_service or is_told else "WARNING", form=settings.log_format)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of its dialect each time the schema is looked at


@contextmanager
def runtime(
    settings: Settings,
    *,
    name: str = "command",
    broker: bool = False,
    upgraded: bool = True,
    reachable: bool = True,
) -> Iterator[Runtime]:
    """Borrow or reach the servers.

    Args:
        name: of the process, as Postgres shows it.
        broker: the command needs the broker too; whether one that is configured answers is not asked.
        upgraded: the command needs the current schema. An embedded database is brought up to it.
        reachable: the command needs a database that answers. Whoever does not asks for what is refused here itself.

    Raises:
        ServerUnreachable: with the name of the host.
        NotPossible: the database is one that Pressrun cannot work with as it is reached (`models/store/fitness.py`).
        SchemaBehind: and the database is not ours to bring up to date.
        SchemaAhead: it is of a newer release.
        KeyLost: what is stored is sealed with a key of this home that is gone.
    """
    with ExitStack() as stack:
        is_own = settings.database_url is None
        database_url = settings.database_url or stack.enter_context(borrow_postgres(settings.home))
        redis_url = settings.redis_url
        if broker and redis_url is None:
            redis_url = stack.enter_context(borrow_redis(settings.home))
        database = Database(database_url, application_name=f"pressrun {name}")
        stack.callback(database.close)
        told = {"database_url": database_url, "redis_url": redis_url, "secret_keys": _keys(settings, database)}
        complete = settings.model_copy(update=told)
        if reachable:
            _require_usable(database, is_own=is_own)
        if upgraded and (reachable or is_own):
            _require_schema(database, is_own=is_own)
        prepare_home(settings.home)
        yield Runtime(complete, database, has_own_postgres=is_own, has_own_redis=settings.redis_url is None)


def _keys(settings: Settings, database: Database) -> list[SecretStr]:
    """Those that are set; with an embedded database, the home's own."""

    def is_new() -> bool:
        from models.upkeep.sealing import is_anything_sealed  # here: it is asked once in the life of a home

        with database.transaction() as tx:
            return not is_anything_sealed(tx)

    if settings.secret_keys or settings.database_url is not None:
        return settings.secret_keys
    return [SecretStr(secret_key(settings.home, is_new=is_new))]


def _require_usable(database: Database, *, is_own: bool) -> None:
    with fitness.told_read_only(database):
        database.check()
    require_fit(database, is_own=is_own)
    server_clock.measure(database)


def require_fit(database: Database, *, is_own: bool) -> None:
    """As `models/store/fitness.py`; an embedded one is as we have made it."""
    if not is_own:
        fitness.require_fit(database)


def connect_broker(redis_url: str) -> redis.Redis:
    """A client of the broker, for asking it questions."""
    return redis_client.connect(redis_url, timeout_s=_BROKER_TIMEOUT_S)


def ping(redis_url: str) -> str:
    """The broker's version, as far as it tells. Raises ServerUnreachable."""
    import redis

    client = connect_broker(redis_url)
    try:
        client.ping()
        info = redis_client.told(client, "server")
    except (redis.RedisError, OSError) as problem:
        reason = redact(str(problem).splitlines()[0])
        how = "refuses" if isinstance(problem, redis.ResponseError) else "does not answer"
        raise ServerUnreachable(f"Redis at {place_of(redis_url)} {how}: {reason}") from None
    finally:
        client.close()
    return str(info.get("valkey_version") or info.get("redis_version") or "not told")


def media_base_url(settings: Settings) -> str | None:
    """Where Instagram, or the simulator beside us, fetches the files we keep; None when it cannot."""
    if settings.public_url is not None:
        return settings.public_url
    if is_loopback(settings.graph_url) and settings.console_port:
        host = "127.0.0.1" if settings.console_host in _ANY_ADDRESS else settings.console_host
        return f"http://{host}:{settings.console_port}"
    return None


def _require_schema(database: Database, *, is_own: bool) -> None:
    status = schema.status(database)
    if status.is_current:
        return
    schema.require_known(status)
    if is_own:
        schema.upgrade(database)
        return
    found = f"at revision {status.current}" if status.current else "empty"
    raise SchemaBehind(f"the database is {found}, this release needs {status.head}: bring it up to date")
