"""A post beside its peers."""

from __future__ import annotations

from models.reading.curves import AGES_H, Grown, grown
from operations.operation import Asker, Context, Effect, Scope, operation

__all__ = ["AGES_H", "Grown"]


@operation("insight.grown", effect=Effect.READS, scope=Scope.READ)
def growth(ctx: Context, asker: Asker, media: str) -> Grown | None:
    """How a media's reach grew by its age, beside the median of earlier ones of its kind; None: never seen."""
    with ctx.database.transaction() as tx:
        return grown(tx, media)
