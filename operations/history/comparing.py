"""A post beside its peers."""

from __future__ import annotations

from models.reading.history.curves import AGES_H, METRICS, Grown, grown
from operations.operation import Asker, Context, Effect, Scope, operation

__all__ = ["AGES_H", "METRICS", "Grown"]


@operation("insight.grown", effect=Effect.READS, scope=Scope.READ)
def growth(ctx: Context, asker: Asker, media: str, *, metric: str = "reach") -> Grown | None:
    """How a number of a media grew by its age, beside the median of earlier ones of its kind; None: never seen.

    Raises Invalid for the metric.
    """
    with ctx.database.transaction() as tx:
        return grown(tx, media, metric)
