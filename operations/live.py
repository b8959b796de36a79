"""Whether anything has happened since somebody looked."""

from __future__ import annotations

from models.reading import marks
from operations.operation import Asker, Context, Effect, Scope, operation


@operation("live.mark", effect=Effect.READS, scope=Scope.ENTER)
def mark(ctx: Context, asker: Asker) -> str:
    """A text that is another one once something that pages show has changed; it tells nothing else."""
    with ctx.database.transaction() as tx:
        return marks.mark(tx)
