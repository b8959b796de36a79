"""What the database refuses and is no error of ours: others were quicker, or a text holds what no text can."""

from __future__ import annotations

from psycopg import DataError, Error
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure, UniqueViolation
from sqlalchemy.exc import DBAPIError

from pressrun.errors import Invalid, Kind, PressrunError
from pressrun.written import no_text


class Contended(PressrunError):
    """Somebody else was changing the same at that moment: try again."""

    kind = Kind.FAILED
    type = "contended"


def told_as(trouble: DBAPIError) -> PressrunError | None:
    """The error by which it is told; None: it is one of ours.

    A name is looked for before it is taken, so that only who took it in between meets the constraint behind it. And
    wherever a text came in, it is here at the latest that one with NUL is met.
    """
    problem = trouble.orig
    if isinstance(problem, UniqueViolation | DeadlockDetected | LockNotAvailable | SerializationFailure):
        return Contended()
    if isinstance(problem, DataError) and "NUL (0x00)" in str(problem):
        return Invalid(no_text("\0"), type="request.invalid")
    return None


def where(trouble: DBAPIError) -> str | None:
    """The constraint or table that refused, for the log: what is met again and again is a fault of ours after all."""
    problem = trouble.orig
    return (problem.diag.constraint_name or problem.diag.table_name) if isinstance(problem, Error) else None
