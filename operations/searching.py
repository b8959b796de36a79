"""Looking for posts: by words, account, state and type, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.post import PostType
from models.reading import cards
from models.reading.cards import Card, Search
from models.states import PostState
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.which import account_id_of
from pressrun.errors import Invalid

__all__ = ["Card", "Found"]

PAGE = 50


@dataclass(frozen=True)
class Found:
    """A page of posts, latest due first. `after`: the cursor of the next page, if there is one."""

    posts: list[Card]
    after: str | None


@operation("post.search", effect=Effect.READS, scope=Scope.READ)
def search(
    ctx: Context,
    asker: Asker,
    *,
    words: str | None = None,
    account: str | None = None,
    states: Sequence[str] = (),
    type_: str | None = None,
    after: str | None = None,
    limit: int = PAGE,
) -> Found:
    """Posts that fit. Raises Unknown for the account; Invalid for a state, a type or a cursor that is none."""
    for state in states:
        if state not in set(PostState):
            known = ", ".join(PostState)
            raise Invalid(f"unknown state {state!r}; the states are {known}", type="post.state", field="state")
    if type_ and type_ not in set(PostType):
        raise Invalid(f"unknown type {type_!r}; the types are {', '.join(PostType)}", type="post.type", field="type")
    before = _cursor(after) if after else None
    with ctx.database.transaction() as tx:
        wanted = Search(words, account_id_of(tx, account), tuple(states) or None, type_ or None, before)
        found = cards.found(tx, wanted, limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Found(found[:limit], None if last is None else f"{last.publish_at.isoformat()}~{last.id}")


def _cursor(text: str) -> tuple[datetime, int]:
    at, _, number = text.partition("~")
    try:
        return datetime.fromisoformat(at), int(number)
    except ValueError:
        raise Invalid("that is no cursor of this list", type="cursor.invalid", field="after") from None
