"""Changing the key that seals: all that is sealed, anew under the newest one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.upkeep import sealing
from operations.operation import Asker, Context, Effect, Scope, operation


@dataclass(frozen=True)
class Resealed:
    """What was sealed anew, and what could not be."""

    secrets: Mapping[str, int]
    """Table → secrets that are under the newest key since now."""
    unreadable: tuple[str, ...]
    """What no key of PRESSRUN_SECRET_KEYS opens, a line each; it stays as it is."""


@operation("system.reseal", effect=Effect.CHANGES, scope=Scope.ADMIN, whole=True)
def reseal(ctx: Context, asker: Asker) -> Resealed:
    """Seal every token, address and second factor anew under the newest key. Raises Invalid when there is no key."""
    vault = ctx.vault()
    with ctx.database.transaction() as tx:
        done, unreadable = sealing.seal_anew(tx, vault)
    return Resealed(done, tuple(unreadable))
