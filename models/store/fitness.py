"""Whether a database that answers is one that Pressrun can work with, as it is reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from models.store.rights import require_rights
from models.store.session import Database
from pressrun.errors import NotPossible, ServerUnreachable

_ENCODING = "UTF8"
_NATURE = text("SELECT current_setting('server_encoding')")
_READ_ONLY = """
    SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', current_user::text
"""


@contextmanager
def told_read_only(database: Database) -> Iterator[None]:
    """A block that asks the database for something. One that answers, and takes no writes, is told as what it is, not
    as one that does not answer. Raises NotPossible then.
    """
    try:
        yield
    except (ServerUnreachable, OperationalError, psycopg.OperationalError):
        with suppress(psycopg.OperationalError):
            _require_writable(database)
        raise


def require_fit(database: Database) -> None:
    """Raises unless it is.

    Raises:
        NotPossible: our connections do not keep their sessions, nothing may be written, some texts could not be, or
            our role lacks a right.
        OperationalError: of the driver or of SQLAlchemy, when the server does not answer.
    """
    with told_read_only(database):
        database.require_sessions()
    with database.glance() as connection:
        encoding = connection.scalar(_NATURE)
    if encoding != _ENCODING:
        said = (
            f"the database {database.place} has the encoding {encoding}, in which captions cannot be kept: make "
            f"one with ENCODING '{_ENCODING}' TEMPLATE template0"
        )
        raise NotPossible(said, type="database.encoding", field="database_url")
    require_rights(database)


def _require_writable(database: Database) -> None:
    told: dict[str, Any] = {**database.server, "target_session_attrs": "any", "connect_timeout": 5}
    with psycopg.connect(**told) as connection:
        found = connection.execute(_READ_ONLY).fetchone()
    is_standby, is_read_only, role = found or (False, False, "")
    if is_standby:
        said = f"{database.place} is a standby, in which nothing can be written: name the server that takes writes"
        raise NotPossible(said, type="database.standby", field="database_url")
    if is_read_only:
        said = (
            f"nothing can be written in {database.place}: default_transaction_read_only is on for the server, the "
            f"database or role {role!r}: find out why, and set it off"
        )
        raise NotPossible(said, type="database.read_only", field="database_url")
