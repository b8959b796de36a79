"""The data dictionary in the database: COMMENT ON each table, view, function and column of the history.

The comments are no matter of revisions: after every upgrade those that differ from `models/meanings` are written.
"""

from __future__ import annotations

from sqlalchemy import MetaData, text
from sqlalchemy.orm import Session

from models.meanings.tables import TABLES
from models.meanings.views import AS_OF, NOW_ONLY, VIEWS

HISTORY = {**TABLES, **VIEWS, **NOW_ONLY}
"""Name → what it is, and what each column is: all that people read."""

FUNCTIONS = {
    f"{view}_as_of": f"{view} as it was known at that instant: {left_out}." for view, left_out in AS_OF.items()
}

_FOUND = text("""
    SELECT CAST(c.relname AS text) AS relation, CAST(a.attname AS text) AS column, c.relkind = 'v' AS is_view,
           CASE WHEN a.attnum IS NULL THEN obj_description(c.oid, 'pg_class')
                ELSE col_description(c.oid, a.attnum) END AS comment
      FROM unnest(CAST(:names AS text[])) AS wanted(name)
      JOIN pg_class c ON c.oid = to_regclass(wanted.name)
     CROSS JOIN LATERAL (
            SELECT NULL AS attname, NULL AS attnum
             UNION ALL
            SELECT attname, attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) a
""")
_FOUND_FUNCTION = text("""
    SELECT obj_description(p.oid, 'pg_proc') FROM pg_proc p
     WHERE p.oid = to_regprocedure(:name || '(timestamptz)')
""")


def describe(metadata: MetaData) -> None:
    """Give the tables of the models their comments, so that they are what the database is compared with."""
    for name, (about, columns) in TABLES.items():
        table = metadata.tables[name]
        table.comment = about
        for column in table.columns:
            column.comment = columns.get(column.name)


def write_comments(tx: Session) -> int:
    """Make the database's comments those of the dictionary; returns how many differed."""
    written = 0
    for row in tx.execute(_FOUND, {"names": sorted(HISTORY)}):
        about, columns = HISTORY[row.relation]
        wanted = about if row.column is None else columns.get(row.column)
        if row.comment != wanted:
            kind = "COLUMN" if row.column else ("VIEW" if row.is_view else "TABLE")
            target = f"{row.relation}.{row.column}" if row.column else row.relation
            _comment(tx, f"{kind} {target}", wanted)
            written += 1
    for name, wanted in FUNCTIONS.items():
        if tx.scalar(_FOUND_FUNCTION, {"name": name}) != wanted:
            _comment(tx, f"FUNCTION {name}(timestamptz)", wanted)
            written += 1
    return written


def _comment(tx: Session, target: str, comment: str | None) -> None:
    # COMMENT takes no parameters; the words are our own.
    quoted = "NULL" if comment is None else "'" + comment.replace("'", "''") + "'"
    tx.connection().exec_driver_sql(f"COMMENT ON {target} IS {quoted}")
