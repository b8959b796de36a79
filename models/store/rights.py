"""What the role that we sign in as must be able to do: own the tables, and make more of them.

Upgrades, monthly partitions and retention need the owner; a role that may do everything else would work for weeks and
then fail at midnight. A role that is a member of the owner's counts as the owner, as it does for Postgres.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.store.base import relations
from models.store.session import Database
from pressrun.errors import NotPossible

_MISSING = text("""
    SELECT current_user::text AS role,
           has_schema_privilege(current_schema(), 'CREATE') AS may_create,
           current_schema()::text AS schema
""")
# By the table that it is a partition of, where it is one.
_OF_OTHERS = text("""
    SELECT coalesce(p.relname, c.relname)::text AS relation, pg_get_userbyid(c.relowner)::text AS owner
      FROM pg_class c
      LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
      LEFT JOIN pg_class p ON p.oid = i.inhparent
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v')
       AND NOT pg_has_role(c.relowner, 'USAGE')
""")
_MAKE_OWNER = "sign in as that role, or GRANT it to this one"


def require_rights(database: Database) -> None:
    """Raises NotPossible, naming the role, unless it owns the tables and may make more."""
    with database.transaction() as tx:
        missing = missing_rights(tx)
    if missing is not None:
        raise NotPossible(f"in {database.place} {missing}", type="database.rights", field="database_url")


def missing_rights(tx: Session) -> str | None:
    """What our role lacks, and how it gets it, as the rest of a sentence; None when it lacks nothing."""
    found = tx.execute(_MISSING).one()
    owners = _owners_of_ours(tx)
    if owners:
        return f"role {found.role!r} does not own the tables, which belong to {', '.join(owners)}: {_MAKE_OWNER}"
    if found.schema is None:
        return f"role {found.role!r} has no schema to work in: GRANT USAGE, CREATE ON SCHEMA public TO it"
    if not found.may_create:
        return f"role {found.role!r} may not make tables: GRANT CREATE ON SCHEMA {found.schema} TO it"
    return None


def _owners_of_ours(tx: Session) -> list[str]:
    """Others than our role. What else is in the schema, of an extension or of somebody, is nobody's business here."""
    found = tx.execute(_OF_OTHERS).all()
    ours = relations() if found else frozenset()
    return sorted({row.owner for row in found if row.relation in ours})
