"""Runs revisions safely on a live database: bounded waits, one migrator at a time, one transaction each."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from alembic import context
from sqlalchemy import Connection, text

from models.registry import metadata
from pressrun.clock import Deadline
from pressrun.errors import PressrunError

_LOCK = 7_303_001  # any constant: a second migrator waits here instead of tearing the first one's work
_PATIENCE_S = 600.0
_ASK_AGAIN_S = 0.1
_TIMEOUTS = {
    "lock_timeout": "4s",  # whoever asks for a table after us waits behind us
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "30s",  # a migrator that stands still lets go of what it has locked
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
}
"""Of a migration, whatever server, database and role say, and whoever hands us the connection."""


def _include(name: str | None, kind: str, _parents: object) -> bool:
    """Partitions are made by `models/store/partitions.py`, not by revisions."""
    if kind != "table" or name is None:
        return True
    partitioned = [
        table.name for table in metadata.tables.values() if table.dialect_options["postgresql"]["partition_by"]
    ]
    return name in metadata.tables or not any(name.startswith(f"{table}_") for table in partitioned)


def _wait_for_turn(connection: Connection) -> None:
    """Take the lock, asking again and again: whoever waits for it inside a statement holds a snapshot, and an index
    that the other one builds concurrently would wait for that.
    """
    deadline = Deadline.after(_PATIENCE_S)
    while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}).scalar_one():
        connection.commit()
        if deadline.passed:
            raise PressrunError("another migration of this database has not ended in 10 minutes; see pg_stat_activity")
        threading.Event().wait(_ASK_AGAIN_S)


def _set(connection: Connection, timeouts: Mapping[str, str]) -> dict[str, str]:
    """Set what the server knows of them, `transaction_timeout` since 17; returns what they were."""
    known = text("SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(:names)")
    before = {row.name: row.current_setting for row in connection.execute(known, {"names": list(timeouts)})}
    for name in before:
        connection.execute(text("SELECT set_config(:name, :value, false)"), {"name": name, "value": timeouts[name]})
    connection.commit()
    return before


def run(connection: Connection) -> None:
    _wait_for_turn(connection)
    before = _set(connection, _TIMEOUTS)
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transaction_per_migration=True,
        include_name=_include,
        compare_server_default=False,  # Postgres rewrites expressions; defaults are pinned by tests on behaviour
    )
    try:
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
        # The connection goes back to a pool, and its next user has timeouts of its own.
        _set(connection, before)


run(context.config.attributes["connection"])
