"""What the role that we sign in as must be able to do: own the tables, and make more of them.

Upgrades, monthly partitions and retention need the owner; a role that may do everything else would work for weeks and
then fail at midnight. A role that is a member of the owner's counts as the owner, as it does for Postgres.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

_MISSING = text("""
    SELECT current_user::text AS role,
           has_schema_privilege(current_schema(), 'CREATE') AS may_create,
           current_schema()::text AS schema,
           ARRAY(SELECT DISTINCT pg_get_userbyid(c.relowner)::text
                   FROM pg_class c
                  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v')
                    AND NOT pg_has_role(c.relowner, 'USAGE')
                  ORDER BY 1) AS owners
""")
_MAKE_OWNER = "sign in as that role, or GRANT it to this one"


def missing_rights(tx: Session) -> str | None:
    """What our role lacks, and how it gets it, as the rest of a sentence; None when it lacks nothing."""
    found = tx.execute(_MISSING).one()
    if found.owners:
        return f"role {found.role!r} does not own the tables, which belong to {', '.join(found.owners)}: {_MAKE_OWNER}"
    if found.schema is None:
        return f"role {found.role!r} has no schema to work in: GRANT USAGE, CREATE ON SCHEMA public TO it"
    if not found.may_create:
        return f"role {found.role!r} may not make tables: GRANT CREATE ON SCHEMA {found.schema} TO it"
    return None
