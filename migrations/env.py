"""Runs revisions safely on a live database: bounded waits, one migrator at a time, one transaction each."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

from models.registry import metadata

_LOCK = 7_303_001  # any constant: a second migrator waits here instead of tearing the first one's work


def _include(name: str | None, kind: str, _parents: object) -> bool:
    """Partitions are made by `models/partitions.py`, not by revisions."""
    if kind != "table" or name is None:
        return True
    partitioned = [
        table.name for table in metadata.tables.values() if table.dialect_options["postgresql"]["partition_by"]
    ]
    return name in metadata.tables or not any(name.startswith(f"{table}_") for table in partitioned)


def run(connection: Connection) -> None:
    # First and with a time of its own: the short waits below are for tables, and would end this one too.
    connection.execute(text("SET lock_timeout = '10min'"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
    connection.execute(text("SET lock_timeout = '4s'"))
    connection.execute(text("SET statement_timeout = '60s'"))
    connection.commit()
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
        connection.execute(text("RESET lock_timeout"))
        connection.execute(text("RESET statement_timeout"))
        connection.commit()


run(context.config.attributes["connection"])
