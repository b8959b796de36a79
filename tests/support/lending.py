"""One database lent to one test after another, as good as new each time.

A clone of the migrated template costs 20 ms of CPU, the first connection to it as much again, and planning all
invariants twice that. So each worker process lends the database it has, after emptying what the last test filled. What
could make it another database than a fresh clone (a change of its catalogs or settings, many rows) makes it be
replaced instead of lent.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from models.upkeep.invariants import INVARIANTS
from tests.support.servers import clone_database, drop_database
from tests.support.waiting import until

_LOANS = 60
"""How often one is lent: what is deleted leaves pages behind."""
_ROWS = 3_000
"""More than these are not deleted one by one."""
_MOST = 10
"""Offenders named per invariant."""
_US = "tests"
"""Our connections in `pg_stat_activity`."""

# Whatever DDL, GRANT or ALTER DATABASE does gives one of these rows a new xmin; VACUUM and ANALYZE write in place.
# Below these numbers is what is Postgres' own, 5,000 rows of it.
_CATALOGS = " UNION ALL ".join(
    f"SELECT '{name}', count(*), sum(xmin::text::bigint) FROM {name} {where}"  # noqa: S608
    for name, where in {
        "pg_class": "WHERE oid >= 16384",
        "pg_attribute": "WHERE attrelid >= 16384",
        "pg_proc": "WHERE oid >= 16384",
        "pg_trigger": "WHERE oid >= 16384",
        "pg_constraint": "WHERE oid >= 16384",
        "pg_rewrite": "WHERE oid >= 16384",
        "pg_extension": "",
        "pg_default_acl": "",
        "pg_event_trigger": "",
        "pg_policy": "",
        "pg_namespace": "WHERE nspname !~ '^pg_(toast_)?temp_'",
        "pg_database": "WHERE datname = current_database()",
        "pg_db_role_setting": "WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())",
    }.items()
)
_TABLES = """
    SELECT format('%I.%I', n.nspname, c.relname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     ORDER BY 1
"""
_SEQUENCES = """
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
      FROM pg_sequences WHERE last_value IS NOT NULL
"""
_OTHERS = f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> '{_US}'"  # noqa: S608
_END_OTHERS = _OTHERS.replace("count(*)", "pg_terminate_backend(pid)")

_Connection = psycopg.Connection[tuple[object, ...]]


class Lender:
    """Lends databases of one worker process, one at a time."""

    def __init__(self, admin_url: str, template: str) -> None:
        self._admin_url = admin_url
        self._template = template
        self._free: Lent | None = None

    @contextmanager
    def lend(self) -> Iterator[Lent]:
        """A database as good as new, for as long as this lasts."""
        lent, self._free = self._free or Lent(self._admin_url, self._template), None
        is_as_new = False
        try:
            yield lent
            is_as_new = self._free is None and lent.is_as_new()
        finally:
            if is_as_new:
                self._free = lent
            else:
                lent.drop()

    def close(self) -> None:
        if self._free is not None:
            self._free.drop()
            self._free = None


class Lent:
    """A clone of the template, and what it was when it was new."""

    def __init__(self, admin_url: str, template: str) -> None:
        self._admin_url = admin_url
        self._name = f"test_{uuid.uuid4().hex[:16]}"
        self.url = clone_database(admin_url, template, self._name)
        self._connections: dict[str, _Connection] = {}
        self._loans = 0
        connection = self._emptying()
        self._catalogs = connection.execute(_CATALOGS).fetchall()
        self._tables = [str(row[0]) for row in connection.execute(_TABLES)]
        self._filled_by_template = {name: self._copy_of(name) for name in self._filled()}

    def violations(self) -> dict[str, list[str]]:
        """As `models.upkeep.invariants.run_all`, over a connection that has planned all of it before."""
        try:
            return self._violations()
        except psycopg.OperationalError:  # a test has ended it
            self.leave()
            return self._violations()

    def _violations(self) -> dict[str, list[str]]:
        connection = self._connected("asking")
        with connection.pipeline():  # one by one, most of the time would go into taking turns
            asked = {
                name: connection.execute(f"SELECT * FROM ({query}) q LIMIT {_MOST}".encode(), prepare=True)  # noqa: S608
                for name, query in INVARIANTS.items()
            }
            found = {name: [str(row[0]) for row in cursor.fetchall()] for name, cursor in asked.items()}
        return {name: rows for name, rows in found.items() if rows}

    def leave(self) -> None:
        """For a test in which nobody may be connected."""
        for connection in self._connections.values():
            connection.close()

    def is_as_new(self) -> bool:
        """Empty it. False where it is, or would be, another one than a fresh clone: it is not to be lent again."""
        self._loans += 1
        try:
            return self._loans < _LOANS and self._emptied()
        except psycopg.OperationalError:  # a test ended all connections of this server, or the server
            return False

    def drop(self) -> None:
        self.leave()
        drop_database(self._admin_url, self._name)

    def _emptied(self) -> bool:
        connection = self._emptying()
        connection.execute(_END_OTHERS, prepare=True)
        until(lambda: connection.execute(_OTHERS, prepare=True).fetchone() == (0,), what="sessions do not end")
        if connection.execute(_CATALOGS, prepare=True).fetchall() != self._catalogs:
            return False
        with connection.transaction():
            for name in self._filled():
                if not self._made_new(name):
                    return False
            connection.execute(_SEQUENCES, prepare=True)
        return True

    def _made_new(self, table: str) -> bool:
        """Whether the table holds again what it held at first, without many dead rows."""
        connection = self._emptying()
        at_first = self._filled_by_template.get(table)
        if at_first is not None and at_first == self._copy_of(table):
            return True
        if connection.execute(f"DELETE FROM {table}".encode()).rowcount > _ROWS:  # noqa: S608
            return False
        if at_first is not None:
            with connection.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
                copy.write(at_first)
        return True

    def _filled(self) -> list[str]:
        """The tables that hold anything, and those that did at first."""
        some = " UNION ALL ".join(
            f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})"  # noqa: S608
            for name in self._tables
        )
        found = {str(row[0]) for row in self._emptying().execute(some.encode(), prepare=True)}
        return sorted(found | set(getattr(self, "_filled_by_template", ())))

    def _copy_of(self, table: str) -> bytes:
        with self._emptying().cursor().copy(f"COPY {table} TO STDOUT".encode()) as copy:
            return b"".join(bytes(block) for block in copy)

    def _emptying(self) -> _Connection:
        """Without triggers: history refuses to be deleted, and foreign keys have an order.

        Not the one that asks for violations: the switch makes a session forget its plans.
        """
        return self._connected("emptying", options="-c session_replication_role=replica")

    def _connected(self, name: str, options: str = "") -> _Connection:
        connection = self._connections.get(name)
        if connection is None or connection.closed:
            connection = psycopg.connect(self.url, autocommit=True, application_name=_US, options=options)
            self._connections[name] = connection
        return connection
