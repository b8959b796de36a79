"""What a schema is made of, as Postgres itself writes it down, in an order that can be compared."""

from __future__ import annotations

from sqlalchemy import text

from models.store.session import Database

_PARTS: dict[str, str] = {
    "columns": """
        SELECT format('%s.%s %s%s default %s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                      CASE WHEN a.attnotnull THEN ' not null' ELSE '' END, pg_get_expr(d.adbin, d.adrelid),
                      CASE WHEN a.attidentity <> '' THEN ' identity ' || a.attidentity::text ELSE '' END)
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
    """,
    "constraints": """
        SELECT format('%s %s %s', c.relname, k.conname, pg_get_constraintdef(k.oid))
          FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype <> 'n'
    """,
    "indexes": """
        SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE true
    """,
    "partitioning": "SELECT format('%s %s', c.relname, pg_get_partkeydef(c.oid)) FROM pg_class c WHERE c.relkind = 'p'",
}
_OURS = "c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND c.relname <> 'alembic_version'"
_EVERYTHING = {
    "relations": "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    "functions": "SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "triggers": "SELECT tgrelid::regclass || ' ' || tgname FROM pg_trigger WHERE NOT tgisinternal",
}


def tables(database: Database) -> dict[str, list[str]]:
    """Columns, constraints, indexes and partition keys of all tables, apart from partitions."""
    return _read(database, {name: f"{query} AND {_OURS}" for name, query in _PARTS.items()})


def everything(database: Database) -> dict[str, list[str]]:
    """The names of all that there is, partitions, functions and triggers included."""
    return _read(database, _EVERYTHING)


def _read(database: Database, queries: dict[str, str]) -> dict[str, list[str]]:
    with database.transaction() as tx:
        return {name: sorted(tx.execute(text(query)).scalars()) for name, query in queries.items()}
