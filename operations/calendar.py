"""The calendar: what is due in a span, which slots are free in it, and what moving a post would come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.reading import cards
from models.reading.cards import Card
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.which import account_id_of
from pressrun import clock
from pressrun.errors import Invalid
from scheduler.posts import moving
from scheduler.posts.moving import Consequences, FreeSlot, free_slots

__all__ = ["Card", "Consequences", "FreeSlot", "Span"]

MOST = 2_000
"""Posts that a span may show; it says when there are more."""


@dataclass(frozen=True)
class Span:
    """What is due from one instant to before another."""

    posts: Sequence[Card]
    free: Sequence[FreeSlot]
    is_cut: bool


@operation("calendar.show", effect=Effect.READS, scope=Scope.READ)
def show(ctx: Context, asker: Asker, since: datetime, until: datetime, *, account: str | None = None) -> Span:
    """Posts and free slots from `since` to before `until`. Raises Unknown for the account, Invalid for the span."""
    if since >= until:
        raise Invalid("the end is not after the beginning", type="calendar.empty_span", field="until")
    with ctx.database.transaction() as tx:
        account_id = account_id_of(tx, account)
        found = cards.between(tx, account_id, since=since, until=until, limit=MOST + 1)
        free = free_slots(tx, account_id, since=max(since, clock.now()), until=until)
    return Span(found[:MOST], free, len(found) > MOST)


@operation("calendar.consequences", effect=Effect.READS, scope=Scope.READ)
def consequences(ctx: Context, asker: Asker, post: str, publish_at: str) -> Consequences:
    """What it would come to if a post were moved to a time as a person writes it, in the post's own zone.

    Raises Unknown; Invalid for the time.
    """
    with ctx.database.transaction() as tx:
        return moving.consequences(tx, ctx.settings, post, publish_at, now=clock.now())
