"""Changing the key that seals: nothing that is sealed anywhere is left behind under the old one."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.access.user import User
from models.store.base import Base
from models.store.session import Database
from models.upkeep.sealing import SEALED, is_anything_sealed, seal_anew
from pressrun import clock
from pressrun.vault import Vault, generate_key
from tests.factories.rows import KEY, make_account, make_connection, make_endpoint

NEW_KEY = generate_key()


def test_every_sealed_column_of_the_models_is_known() -> None:
    columns = {(table.name, one.name) for table in Base.metadata.tables.values() for one in table.columns}

    assert set(SEALED) == {(table, column) for table, column in columns if column.endswith("_sealed")}


def test_all_is_opened_by_the_newest_key_alone_afterwards(database: Database) -> None:
    with database.transaction() as tx:
        _fill(tx, Vault([KEY]))

    with database.transaction() as tx:
        done, unread = seal_anew(tx, Vault([NEW_KEY, KEY]))

    assert unread == []
    assert done == {"accounts": 2, "connections": 4, "endpoints": 3, "users": 1}
    with database.transaction() as tx:
        assert _opened(tx, Vault([NEW_KEY])) == {f"{table}.{column}" for table, column in SEALED}
        assert seal_anew(tx, Vault([NEW_KEY, KEY])) == (dict.fromkeys(done, 0), [])
        _seal_all(tx, Vault([KEY]))  # the guards of the suite know that key


def test_whether_anything_is_sealed_is_known_of_every_schema(database: Database) -> None:
    with database.transaction() as tx:
        assert not is_anything_sealed(tx)
        make_endpoint(tx)
        assert is_anything_sealed(tx)
        tx.execute(text("CREATE SCHEMA younger; SET LOCAL search_path = younger"))
        assert not is_anything_sealed(tx)
        tx.execute(text("CREATE TABLE accounts (id bigint, token_sealed text)"))
        assert not is_anything_sealed(tx)
        tx.execute(text("INSERT INTO accounts VALUES (1, 'v1:a:b:c')"))
        assert is_anything_sealed(tx)
        tx.rollback()


def test_what_no_key_opens_is_named_and_stays_as_it_is(database: Database) -> None:
    with database.transaction() as tx:
        lost, kept = make_account(tx), make_account(tx)
        context = SEALED["accounts", "token_sealed"]
        kept.token_sealed = Vault([NEW_KEY]).seal("kept", context=context(kept.id))
        tx.flush()
        before = lost.token_sealed

        done, unread = seal_anew(tx, Vault([generate_key(), NEW_KEY]))

        assert done["accounts"] == 1
        assert [context(lost.id) in one for one in unread] == [True]
        assert tx.scalar(text("SELECT token_sealed FROM accounts WHERE id = :id"), {"id": lost.id}) == before


def _fill(tx: Session, vault: Vault) -> None:
    """A row of each table, with all that can be sealed in it."""
    make_account(tx)
    make_connection(tx)
    make_endpoint(tx)
    tx.add(User(name="ana", role="author", created_by="owner", totp_sealed="-", totp_since=clock.now()))
    tx.flush()
    _seal_all(tx, vault)


def _seal_all(tx: Session, vault: Vault) -> None:
    for (table, column), context_of in SEALED.items():
        number = tx.execute(text(f"SELECT id FROM {table}")).scalar_one()  # noqa: S608
        told = {"new": vault.seal(column, context=context_of(number)), "id": number}
        tx.execute(text(f"UPDATE {table} SET {column} = :new WHERE id = :id"), told)  # noqa: S608


def _opened(tx: Session, vault: Vault) -> set[str]:
    found = set()
    for (table, column), context_of in SEALED.items():
        row = tx.execute(text(f"SELECT id, {column} AS sealed FROM {table}")).one()  # noqa: S608
        assert vault.open(row.sealed, context=context_of(row.id)) == column
        found.add(f"{table}.{column}")
    return found
