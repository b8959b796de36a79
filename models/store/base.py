"""The declarative base: constraint names, and a repr that shows identity and never a column's content."""

from __future__ import annotations

from typing import cast

from sqlalchemy import MetaData, Table, event, inspect
from sqlalchemy.orm import DeclarativeBase, Session

from models.store.types import ONE_OF


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )

    def __repr__(self) -> str:
        state = inspect(self)
        identity = state.identity if state.identity else "new"
        return f"<{type(self).__name__} {identity}>"


@event.listens_for(Session, "before_flush")
def _know_all_tables(*_: object) -> None:
    """A row is written after those that it refers to, so their tables have to be known; who only reads pays nothing."""
    import models.registry  # noqa: F401 - imports this module


def relations() -> frozenset[str]:
    """Names of all tables and views that are ours, partitions aside; loads all models."""
    from models.registry import RELATIONS

    return RELATIONS


def words_of(table: str) -> dict[str, tuple[str, ...]]:
    """Of a table's columns that hold one of some words (`one_of`) those that this release knows.

    The module that declares the table has to have been imported.
    """
    checks = (one for one in Base.metadata.tables[table].constraints if ONE_OF in one.info)
    return dict(sorted(one.info[ONE_OF] for one in checks))


def table_of(model: type[Base]) -> Table:
    """The bare table, for statements that need nothing of the ORM.

    Rows of an insert that are given as parameters beside it share one compiled statement, however many they are.
    """
    return cast(Table, model.__table__)
