"""When Postgres has counted what was read: since 15 as soon as sessions tell, before when its collector came to it."""

from __future__ import annotations

import threading

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.store.session import Database

_COUNTS_AT_ONCE_SINCE = 150_000
_ASK_AGAIN_S = 0.005
_COMMANDS_LEFT = text("""
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'pressrun %'
""")
_OTHERS_LEFT = text("""
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
""")
# A catalog that nobody else reads from one end to the other.
_LEAVE_MARK = text("SELECT lanname, lanowner FROM pg_language")
_MARKS = text("SELECT seq_scan FROM pg_stat_sys_tables WHERE relid = 'pg_catalog.pg_language'::regclass")


def await_counts(database: Database) -> None:
    """Until all that was read by transactions that have ended is counted. Nobody else may use the database."""
    with database.transaction() as tx:
        version = int(tx.execute(text("SHOW server_version_num")).scalar_one())
    if version < _COUNTS_AT_ONCE_SINCE:
        _await_collector(database)
        return
    # A session tells what it did when it ends, or, asked to, at the end of its transaction.
    with database.transaction() as tx:
        tx.execute(text("SELECT pg_stat_force_next_flush()"))
    with database.transaction() as tx:
        while tx.execute(_COMMANDS_LEFT).scalar_one():
            _look_again(tx)


def _await_collector(database: Database) -> None:
    """Sessions tell at their end, and are counted in turn: once a mark is counted, so is all that was told before."""
    database.engine.dispose()
    with database.transaction() as tx:
        while tx.execute(_OTHERS_LEFT).scalar_one():
            _look_again(tx)
        before = int(tx.execute(_MARKS).scalar_one())
        tx.execute(_LEAVE_MARK).all()
    database.engine.dispose()
    with database.transaction() as tx:
        while tx.execute(_MARKS).scalar_one() <= before:
            _look_again(tx)


def _look_again(tx: Session) -> None:
    threading.Event().wait(_ASK_AGAIN_S)
    tx.execute(text("SELECT pg_stat_clear_snapshot()"))
