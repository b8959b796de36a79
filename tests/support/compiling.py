"""What one engine has learnt is known to all engines of this process: its compiled statements, what its server is.

Each test has engines of its own, and SQLAlchemy keeps compiled statements by engine and dialect: what a service
compiles once in its life, tests would compile some thousand times, and ask the same server of what version it is. Here
dialects of one version that speak alike count as one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.util import LRUCache

_STATEMENTS = 5_000

_compiled: LRUCache[Any, Any] = LRUCache(_STATEMENTS)
_learnt: dict[tuple[object, ...], dict[str, object]] = {}


def share_between_engines() -> None:
    """From now on, for every engine that is made in this process."""
    told: Any = PGDialect_psycopg
    ask = told.initialize

    def initialize(dialect: PGDialect_psycopg, connection: Connection) -> None:
        """Ask the server what it is, unless somebody has, of that database and as that role."""
        info = connection.connection.driver_connection.info  # type: ignore[union-attr]  # of psycopg
        place = (info.host, info.port, info.dbname, info.user)
        if place in _learnt:
            vars(dialect).update(_learnt[place])
            return
        before = dict(vars(dialect))
        ask(dialect, connection)
        if info.host.startswith("/"):  # behind a port there may be another server tomorrow, or a pooler
            after = vars(dialect)
            _learnt[place] = {name: after[name] for name in after if name not in before or after[name] != before[name]}

    told.initialize, told.engine_created = initialize, classmethod(_created)
    told.__eq__, told.__hash__ = _is_alike, lambda dialect: hash(type(dialect))


def _created(cls: type[PGDialect_psycopg], engine: Engine) -> None:
    if type(engine.dialect) is cls:
        engine._compiled_cache = _compiled


def _is_alike(dialect: PGDialect_psycopg, other: object) -> bool:
    return dialect is other or (isinstance(other, PGDialect_psycopg) and _traits(dialect) == _traits(other))


def _traits(dialect: PGDialect_psycopg) -> tuple[object, ...]:
    """What the text of a statement could depend on."""
    known: Any = dialect
    return type(dialect), known.server_version_info, known._has_native_hstore, known._backslash_escapes
