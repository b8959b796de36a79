"""Roles that may read the history and nothing else: what a BI tool signs in as.

Rights go to an existing role by plain GRANTs, which the owner of the tables may give on a managed Postgres too.
Partitions need none of their own: they are read through their table, also those made later. ALTER DEFAULT PRIVILEGES
is not used: it would open every table to come, whatever it holds.
"""

from __future__ import annotations

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.meanings.dictionary import FUNCTIONS, HISTORY
from pressrun import log
from pressrun.errors import PressrunError, Unknown

ACCOUNT_COLUMNS = ("id", "ig_id", "name", "username", "timezone", "state", "created_at")
"""What a reader sees of `accounts`: not the token, and not the reason of a state, which may quote an answer."""

_OF_VIEWS = ("pressrun_utc",)
"""Functions that views call: a view runs them as whoever asks."""

OWN_READER = "pressrun_reader"
"""The reader of an embedded server. It has no password: whoever reaches the server's socket may sign in."""

_LOCK = 7_303_022  # any constant: two commands must not make the role at once
_log = log.get(__name__)

# One grant tells a reader: that of the view everybody wants.
_READERS = text("""
    SELECT DISTINCT r.rolname::text
      FROM pg_class c
     CROSS JOIN LATERAL aclexplode(c.relacl) g
      JOIN pg_roles r ON r.oid = g.grantee
     WHERE c.oid = to_regclass('account_daily') AND g.privilege_type = 'SELECT' AND g.grantee <> c.relowner
     ORDER BY 1
""")

_IS_THERE = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")

_BEYOND = text("""
    SELECT CASE WHEN r.rolsuper THEN 'is a superuser'
                WHEN pg_has_role(r.oid, t.relowner, 'USAGE') THEN 'is the owner of ' || t.relname || ' or in its role'
                WHEN has_table_privilege(r.oid, t.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                  OR has_any_column_privilege(r.oid, t.oid, 'INSERT, UPDATE') THEN 'may write to ' || t.relname
                ELSE 'may read ' || t.relname END
      FROM pg_roles r
     CROSS JOIN pg_class t
     WHERE r.rolname = :role AND t.relkind IN ('r', 'p', 'v') AND NOT t.relispartition
       AND t.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'accounts'::regclass)
       AND (r.rolsuper
            OR pg_has_role(r.oid, t.relowner, 'USAGE')
            OR has_table_privilege(r.oid, t.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
            OR has_any_column_privilege(r.oid, t.oid, 'INSERT, UPDATE')
            OR t.relname = 'accounts' AND has_column_privilege(r.oid, t.oid, 'token_sealed', 'SELECT')
            OR t.relname <> 'accounts' AND t.relname <> ALL (CAST(:readable AS text[]))
               AND has_any_column_privilege(r.oid, t.oid, 'SELECT'))
     ORDER BY t.relname
     LIMIT 1
""")


class TooPowerful(PressrunError):
    """The role may do more than a reader may."""

    type = "role.too_powerful"


def readers(tx: Session) -> list[str]:
    """The roles that were made readers."""
    return list(tx.scalars(_READERS))


def renew_readers(tx: Session) -> None:
    """Give every reader what has been added since. One that may do more by now is left as it is, and told of."""
    for role in readers(tx):
        try:
            grant_reader(tx, role)
        except TooPowerful as problem:
            _log.warning("readers.not_renewed", role=role, reason=str(problem))


def ensure_own_reader(tx: Session) -> str:
    """The reader of an embedded server, made if there is none, with all that there is to read."""
    tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    if OWN_READER not in readers(tx):
        if not tx.scalar(_IS_THERE, {"role": OWN_READER}):
            tx.execute(text(f"CREATE ROLE {OWN_READER} LOGIN"))
        # No right is taken by it; whoever tries to write is told so, and not of some table's rights.
        tx.execute(text(f"ALTER ROLE {OWN_READER} SET default_transaction_read_only = on"))
        grant_reader(tx, OWN_READER)
    return OWN_READER


def require_role(tx: Session, role: str) -> None:
    """Raises Unknown where the server has no such role."""
    if not tx.scalar(_IS_THERE, {"role": role}):
        said = f"there is no role {role!r}: make it first, with CREATE ROLE … LOGIN PASSWORD '…'"
        raise Unknown(said, type="role.unknown", field="role")


def grant_reader(tx: Session, role: str) -> None:
    """Let the role read the history: views, functions, tables, and the names of accounts. Running it again is harmless.

    Raises:
        Unknown: there is no such role.
        TooPowerful: the role may do more than that already, for another reason; nothing was granted.
    """
    require_role(tx, role)
    beyond = tx.scalar(_BEYOND, {"role": role, "readable": sorted(HISTORY)})
    if beyond is not None:
        raise TooPowerful(f"role {role!r} {beyond}: it would be no mere reader; take a role of its own", field="role")
    schema = str(tx.scalar(text("SELECT relnamespace::regnamespace FROM pg_class WHERE oid = 'accounts'::regclass")))
    grants = [
        f"USAGE ON SCHEMA {schema}",
        f"SELECT ON {', '.join(sorted(HISTORY))}",
        f"SELECT ({', '.join(ACCOUNT_COLUMNS)}) ON accounts",
        *(f"EXECUTE ON FUNCTION {name}(timestamptz)" for name in sorted({*FUNCTIONS, *_OF_VIEWS})),
    ]
    quoted = sql.Identifier(role).as_string()
    for grant in grants:
        tx.connection().exec_driver_sql(f"GRANT {grant} TO {quoted}")
