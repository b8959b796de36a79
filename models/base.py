"""The declarative base: constraint names, and a repr that shows identity and never a column's content."""

from __future__ import annotations

from typing import cast

from sqlalchemy import MetaData, Table, inspect
from sqlalchemy.orm import DeclarativeBase


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


def table_of(model: type[Base]) -> Table:
    """The bare table, for statements that need nothing of the ORM.

    Rows of an insert that are given as parameters beside it share one compiled statement, however many they are.
    """
    return cast(Table, model.__table__)
