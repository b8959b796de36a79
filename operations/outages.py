"""A database that does not answer is no fault of ours: it is told as what it is, in every face."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from pressrun import log
from pressrun.errors import ServerUnreachable

_log = log.get(__name__)


@contextmanager
def told_as_outage() -> Iterator[None]:
    """Raises ServerUnreachable where the database has failed us, or too many ask at once."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolExhausted) as trouble:
        _log.warning("database.down", error=str(getattr(trouble, "orig", None) or trouble).splitlines()[0])
        raise ServerUnreachable("the database does not answer: try again in a moment") from None
