"""How long an upgrade holds up a live database: every revision on a year of data, beside sessions that read and write.

python -m benchmarks.upgrades                                        200 accounts, a year (make bench-upgrades)
python -m benchmarks.upgrades --accounts 3 --days 40 --since 0011    a small one, further back
python -m benchmarks.upgrades --home .years/200x365                  a year that is kept, and made where there is none

The year is made with the newest schema, taken down to the revision before the first one, and brought up again, one
revision at a time. Meanwhile each table is asked for by turns as whoever reads it asks for it, and as whoever writes to
it, and rows are written that revisions rewrite. What these sessions had to wait for is what workers would have waited
for; and every lock of the upgrade that keeps somebody out is noted with how long it was seen.

Ends with one JSON line: of each revision its seconds, the longest wait of a reader and of a writer in milliseconds with
the table, and the lock that was held longest. `idle`: the longest waits while nothing is upgraded, which are the
machine's.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.script import ScriptDirectory
from psycopg import sql

import migrations
from benchmarks.history import a_database, generate
from machine.schema import _config, upgrade
from models.store.session import Database

_PROBES = 3
_PAUSE_S = 0.002
_LOOK_EVERY_S = 0.002
_IDLE_S = 5.0
_AFTERWARDS_S = 0.2
_NAME = "bench-probe"
_MODES = {"reader": "ACCESS SHARE", "writer": "ROW EXCLUSIVE"}

# Partitions are reached through their table: a session that asks for it waits for a lock on any of them that it reads.
_TABLES = """
    SELECT c.oid, c.relname
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'alembic_version'
     ORDER BY c.relname
"""
# Those that keep out whoever reads or writes.
_LOCKS = """
    SELECT l.pid, c.relname, l.mode
      FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.granted AND l.relation = ANY(%s) AND a.application_name <> %s
       AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
"""
# Rows that are rewritten by one revision or another; nothing is changed.
_ROWS = (
    "UPDATE accounts SET name = name WHERE id = (SELECT min(id) FROM accounts)",
    "UPDATE posts SET caption = caption WHERE id = (SELECT max(id) FROM posts)",
    "UPDATE harvests SET tries = tries WHERE id = (SELECT min(id) FROM harvests)",
    "UPDATE media SET caption = caption WHERE id = (SELECT max(id) FROM media)",
    "UPDATE media_latest SET last_checked_at = last_checked_at WHERE media_id = (SELECT max(id) FROM media)",
    "UPDATE account_latest SET last_checked_at = last_checked_at WHERE account_id = (SELECT min(id) FROM accounts)"
    " AND metric = 'followers_count'",
    "UPDATE comments SET text = text WHERE id = (SELECT max(id) FROM comments)",
)


@dataclass
class Wait:
    """The longest that was seen, of what."""

    ms: float = 0.0
    what: str = ""

    def note(self, ms: float, what: str) -> None:
        if ms > self.ms:
            self.ms, self.what = round(ms, 1), what


@dataclass
class Held:
    """What was waited for in a time, by readers, writers of a table and writers of a row; and what was locked."""

    reader: Wait = field(default_factory=Wait)
    writer: Wait = field(default_factory=Wait)
    row: Wait = field(default_factory=Wait)
    lock: Wait = field(default_factory=Wait)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--since", default="0014", help="the revision that the upgrade begins from")
    parser.add_argument("--home", type=Path, help="a folder in which the year is kept")
    arguments = parser.parse_args()
    with a_database(None, home=arguments.home) as (database, url):
        generate(database, accounts=arguments.accounts, days=arguments.days)
        try:
            found = measure(database, url, since=arguments.since)
        finally:
            upgrade(database)
    for name, one in found.items():
        print(f"{name:6} {one['seconds']:7.1f} s  {_line(one)}")
    print(json.dumps({"accounts": arguments.accounts, "days": arguments.days, "revisions": found}))


def measure(database: Database, url: str, *, since: str) -> dict[str, dict[str, Any]]:
    """What each revision after `since` took and held up, by its number; the database is taken down to it before."""
    revisions = _after(since)
    found = {"idle": _with_probes(url, _tables(database), partial(threading.Event().wait, _IDLE_S))}
    _to(database, since, down=True)
    for revision in revisions:
        tables = _tables(database)  # those that are there before it: of its own nobody knows yet
        found[revision] = _with_probes(url, tables, partial(_to, database, revision))
    return found


def _after(since: str) -> list[str]:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    return [one.revision for one in reversed(list(scripts.iterate_revisions("head", since)))]


def _to(database: Database, revision: str, *, down: bool = False) -> None:
    with database.engine.connect() as connection:
        (command.downgrade if down else command.upgrade)(_config(connection), revision)


def _tables(database: Database) -> dict[int, str]:
    with database.glance() as connection:
        return {int(row.oid): str(row.relname) for row in connection.exec_driver_sql(_TABLES)}


def _with_probes(url: str, tables: dict[int, str], act: Callable[[], object]) -> dict[str, Any]:
    """Do it while others use these tables; what it took, and what they had to wait for."""
    held, stop = Held(), threading.Event()
    acts = [partial(_probe, url, list(tables.values())[number::_PROBES], held, stop) for number in range(_PROBES)]
    acts += [partial(_write, url, held, stop), partial(_watch, url, list(tables), held, stop)]
    with ThreadPoolExecutor(len(acts)) as pool:
        running = [pool.submit(one) for one in acts]
        try:
            started = time.monotonic()
            act()
            seconds = time.monotonic() - started
            stop.wait(_AFTERWARDS_S)  # what still waits at the end gets its turn
        finally:
            stop.set()
        for one in running:
            one.result()
    return {"seconds": round(seconds, 1), **asdict(held)}


def _probe(url: str, tables: Sequence[str], held: Held, stop: threading.Event) -> None:
    """Ask for each table by turns, to read it and to write to it; a row lock is not among that."""
    with psycopg.connect(url, autocommit=True, application_name=_NAME) as connection:
        while not stop.wait(_PAUSE_S):
            for table in tables:
                for who, mode in _MODES.items():
                    asked = sql.SQL("LOCK TABLE {} IN {} MODE").format(sql.Identifier(table), sql.SQL(mode))
                    with suppress(psycopg.errors.UndefinedTable):
                        getattr(held, who).note(_timed(connection, asked), table)


def _write(url: str, held: Held, stop: threading.Event) -> None:
    with psycopg.connect(url, autocommit=True, application_name=_NAME) as connection:
        while not stop.wait(_PAUSE_S):
            for statement in _ROWS:
                held.row.note(_timed(connection, sql.SQL(statement)), statement.split()[1])


def _timed(connection: psycopg.Connection, statement: sql.SQL | sql.Composed) -> float:
    started = time.perf_counter()
    with connection.transaction():
        connection.execute(statement)
    return (time.perf_counter() - started) * 1000


def _watch(url: str, oids: Sequence[int], held: Held, stop: threading.Event) -> None:
    """How long each lock that keeps somebody out is seen."""
    since: dict[tuple[int, str, str], float] = {}
    with psycopg.connect(url, autocommit=True, application_name=_NAME) as connection:
        while not stop.wait(_LOOK_EVERY_S):
            now = time.perf_counter()
            seen = {(row[0], row[1], row[2]) for row in connection.execute(_LOCKS, (list(oids), _NAME))}
            since = {one: since.get(one, now) for one in seen}
            for (_, table, mode), first in since.items():
                held.lock.note((now - first) * 1000, f"{table} {mode}")


def _line(one: dict[str, Any]) -> str:
    return "  ".join(
        f"{name} {one[name]['ms']:7.1f} ms {one[name]['what']:30}" for name in ("reader", "writer", "row", "lock")
    )


if __name__ == "__main__":
    main()
