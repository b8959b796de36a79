"""Keeping what cannot be asked for again: an answer of Instagram, while the database is away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.owed.claims import Lease
from pressrun import log
from worker.context import WorkerContext

T = TypeVar("T")

_log = log.get(__name__)
_DATABASE_NAP_S = 0.5


def durably(ctx: WorkerContext, lease: Lease, store: Callable[[Session], T]) -> T:
    """Commit what Instagram answered, trying again while the database is away and the lease lasts.

    What is stored here cannot be asked for again; a restart of Postgres must not lose it.
    """
    while True:
        try:
            with ctx.database.transaction() as tx:
                return store(tx)
        except OperationalError as problem:
            if lease.deadline.passed:
                raise
            _log.warning("step.database_away", row_id=lease.id, error=str(problem.orig))
            # Not the stopping event: on shutdown the answer is still worth its wait.
            threading.Event().wait(_DATABASE_NAP_S)
