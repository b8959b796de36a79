"""Which columns hold what the vault has sealed, and sealing all of it anew under the newest key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.access import user
from models.accounts import account
from models.connecting import connection
from models.telling import endpoint
from pressrun.vault import SecretUnreadable, Vault

SEALED: Final[Mapping[tuple[str, str], Callable[[int], str]]] = {
    ("accounts", "token_sealed"): account.token_context,
    ("accounts", "user_token_sealed"): account.user_token_context,
    ("connections", "token_sealed"): connection.token_context,
    ("connections", "user_token_sealed"): connection.user_token_context,
    ("connections", "code_sealed"): lambda number: connection.context_of(number, "code"),
    ("connections", "found_sealed"): lambda number: connection.context_of(number, "found"),
    ("endpoints", "address_sealed"): endpoint.address_context,
    ("endpoints", "secret_sealed"): endpoint.secret_context,
    ("endpoints", "old_secret_sealed"): endpoint.old_secret_context,
    ("users", "totp_sealed"): user.totp_context,
}
"""(Table, column) → what binds what is sealed there to its row, by the row's number."""


def is_anything_sealed(tx: Session) -> bool:
    """Whether the vault has sealed anything that is stored; of a schema that is behind, what there is of it."""
    found = text("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()")
    there = {(row.table_name, row.column_name) for row in tx.execute(found)}
    some = [
        f"EXISTS (SELECT FROM {table} WHERE {column} IS NOT NULL)"
        for table, column in SEALED
        if (table, column) in there
    ]
    return bool(some) and bool(tx.scalar(text(f"SELECT {' OR '.join(some)}")))


def seal_anew(tx: Session, vault: Vault) -> tuple[dict[str, int], list[str]]:
    """Seal all that is sealed under another key than the newest; what is replaced meanwhile stays as it is then.

    Returns:
        Table → how many secrets were sealed anew; then what no key of the ring opens.
    """
    done: dict[str, int] = {}
    unread: list[str] = []
    for (table, column), context_of in SEALED.items():
        done.setdefault(table, 0)
        query = f"SELECT id, {column} AS sealed FROM {table} WHERE {column} IS NOT NULL ORDER BY id"  # noqa: S608
        for row in tx.execute(text(query)).all():
            if vault.is_newest(row.sealed):
                continue
            context = context_of(row.id)
            try:
                secret = vault.open(row.sealed, context=context)
            except SecretUnreadable as problem:
                unread.append(str(problem))
                continue
            # Compared and set: whoever stores another secret at this moment has sealed it with the newest key.
            put = f"UPDATE {table} SET {column} = :new WHERE id = :id AND {column} = :old"  # noqa: S608
            told = {"new": vault.seal(secret, context=context), "id": row.id, "old": row.sealed}
            result: Any = tx.execute(text(put), told)
            done[table] += int(result.rowcount)
    return done, unread
