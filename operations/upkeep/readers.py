"""Who else may read the history, by SQL."""

from __future__ import annotations

from dataclasses import dataclass

from models.meanings import readers
from operations.operation import Asker, Context, Effect, Scope, operation


@dataclass(frozen=True)
class Readers:
    """The role that was made a reader, and all that are."""

    role: str
    readers: list[str]


@operation("system.grant_reader", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def grant_reader(ctx: Context, asker: Asker, role: str) -> Readers:
    """Let a role of Postgres read the history and nothing else.

    Raises Unknown for the role, and TooPowerful when it may do more already.
    """
    with ctx.database.transaction() as tx:
        readers.grant_reader(tx, role)
        return Readers(role, readers.readers(tx))
