"""Statements that are asked often, by the driver itself: a third of what they cost by way of SQLAlchemy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString

import psycopg
from psycopg.errors import IdleInTransactionSessionTimeout, ReadOnlySqlTransaction
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

_AWAY = (ReadOnlySqlTransaction, IdleInTransactionSessionTimeout)
"""Of the driver's errors those that tell of the server and not of the statement, by a class that says otherwise."""


def rows_of(
    tx: Session | Connection, sql: LiteralString, values: Mapping[str, Any], *, prepare: bool | None = None
) -> list[tuple[Any, ...]]:
    """The rows of a statement.

    It is a statement of the transaction like any other, and those who listen to statements hear of it. What a session
    has not written yet, it does not see. Raises DBAPIError.

    Args:
        sql: with `%(name)s` for each value.
    """
    connection = tx.connection() if isinstance(tx, Session) else tx
    driver: Any = connection.connection.driver_connection  # of psycopg
    for told in connection.dispatch.before_cursor_execute:
        told(connection, None, sql, values, None, False)
    try:
        rows: list[tuple[Any, ...]] = driver.execute(sql, values, prepare=prepare).fetchall()
    except psycopg.Error as problem:
        raise failed(connection, problem, sql) from problem
    for told in connection.dispatch.after_cursor_execute:
        told(connection, None, sql, values, None, False)
    return rows


def failed(connection: Connection, problem: psycopg.Error, sql: str) -> BaseException:
    """What SQLAlchemy would have raised for it. As it does, the pool asks a lost connection for nothing any more."""
    driver: Any = connection.connection.driver_connection  # of psycopg
    if driver.closed or isinstance(problem, _AWAY):
        connection.invalidate(problem)
    return as_sqlalchemy_says(problem, sql, connection.engine)


def as_sqlalchemy_says(problem: psycopg.Error, sql: str, engine: Engine) -> BaseException:
    """What SQLAlchemy would have raised for it, so that one kind of error is caught everywhere."""
    if isinstance(problem, _AWAY):
        return _as_away(problem, sql)
    return DBAPIError.instance(sql, None, problem, psycopg.Error, dialect=engine.dialect)


def count_as_away(context: ExceptionContext) -> BaseException | None:
    """Listens to a pool: what `_AWAY` names is waited for like a server that does not answer.

    The pool lets go of its sessions: those in a server that was demoted stay there for as long as they live.
    """
    problem = context.original_exception
    if not isinstance(problem, _AWAY):
        return None
    context.is_disconnect = True
    return _as_away(problem, context.statement or "")


def _as_away(problem: BaseException, sql: str) -> OperationalError:
    return OperationalError(sql, None, problem, connection_invalidated=True)
