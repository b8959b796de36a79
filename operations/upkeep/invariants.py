"""What may never be, and is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.upkeep import invariants, seen_invariant
from operations.operation import Asker, Context, Effect, Scope, operation


@dataclass(frozen=True)
class Broken:
    """Invariant → what breaks it. `since`: only what has changed from then on was looked at; null: all of it."""

    violated: dict[str, list[str]]
    since: datetime | None
    checked: int


@operation("system.invariants", effect=Effect.READS, scope=Scope.ADMIN, whole=True)
def check(ctx: Context, asker: Asker, *, full: bool = False) -> Broken:
    """Everything that may never be, and is: nothing, unless something is wrong with Pressrun itself.

    Args:
        full: look at the whole history, and not only at what has changed since it held.
    """
    with ctx.database.transaction() as tx:
        seen = seen_invariant.look(tx, full=full)
    return Broken({name: list(lines) for name, lines in seen.violated.items()}, seen.since, len(invariants.INVARIANTS))
