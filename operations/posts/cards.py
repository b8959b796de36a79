"""Posts as pages draw them."""

from __future__ import annotations

from collections.abc import Sequence

from models.reading.posts import cards
from models.reading.posts.cards import Card
from operations.operation import Asker, Context, Effect, Scope, operation

__all__ = ["Card"]


@operation("post.cards", effect=Effect.READS, scope=Scope.READ)
def show(ctx: Context, asker: Asker, posts: Sequence[int]) -> list[Card]:
    """These posts by their numbers, in the order given, as cards; unknown ones are left out."""
    with ctx.database.transaction() as tx:
        return cards.those(tx, posts)
