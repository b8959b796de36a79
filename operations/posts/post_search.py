"""Looking for posts: with filters, words and an order, page by page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from models.posts import event as events
from models.posts.post import PostType, find_post
from models.posts.states import PostState
from models.reading.posts import post_search as reading
from models.reading.posts.post_search import SORTS, Behind, PostFilter
from models.reading.posts.posts import EventShown, PostShown, events_shown
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.times import instant
from operations.which import account_id_of
from pressrun import clock
from pressrun.errors import Invalid
from pressrun.paging import Page, page, place_of

__all__ = ["SORTS", "PostQuery", "PostState", "PostType", "search", "timeline"]

Name = TypeVar("Name", bound=StrEnum)


@dataclass(frozen=True, kw_only=True)
class PostQuery:
    """Which posts, as a person writes it. None, or empty: not asked for. Times without a zone are UTC."""

    account: str | None = None
    state: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    q: str | None = None
    sort: str = "publish_at"


@operation("post.search", effect=Effect.READS, scope=Scope.READ)
def search(
    ctx: Context, asker: Asker, query: PostQuery, *, cursor: str | None = None, limit: int = 50
) -> Page[PostShown]:
    """Posts by account, states, types, time and words, in an order, page by page.

    Raises Unknown for the account, Invalid for what cannot be read.
    """
    if query.sort not in SORTS:
        raise Invalid(f"posts are sorted by {', '.join(SORTS)}", type="post.sort", field="sort")
    name = f"posts {query.sort}"
    place = place_of(name, cursor, int if query.sort.endswith("id") else datetime, int)
    now = clock.now()
    since, until = (instant(text, field=field, now=now) if text else None for field, text in _bounds(query))
    states, types = _names("state", PostState, query.state), _names("type", PostType, query.type)
    with ctx.database.look() as tx:
        wanted = PostFilter(
            account_id=account_id_of(tx, query.account),
            states=states,
            types=types,
            since=since,
            until=until,
            words=query.q,
        )
        behind = None if place is None else Behind(*place)
        rows = reading.search_posts(tx, wanted, sort=query.sort, behind=behind, limit=limit + 1)
    return page(name, rows, lambda one: _place(one, query.sort), limit=limit)


@operation("post.timeline", effect=Effect.READS, scope=Scope.READ)
def timeline(ctx: Context, asker: Asker, post: str, *, cursor: str | None = None, limit: int = 50) -> Page[EventShown]:
    """Everything that happened to a post, oldest first, page by page. Raises Unknown, and Invalid for the cursor."""
    place = place_of("timeline", cursor, int)
    with ctx.database.look() as tx:
        post_id = find_post(tx, post).id
        rows = events_shown(events.timeline(tx, post_id, after=0 if place is None else place[0], limit=limit + 1))
    return page("timeline", rows, lambda one: (one.id,), limit=limit)


def _bounds(query: PostQuery) -> tuple[tuple[str, str | None], ...]:
    return ("since", query.since), ("until", query.until)


def _place(post: PostShown, sort: str) -> tuple[Any, ...]:
    return getattr(post, sort.removeprefix("-")), post.id


def _names(field: str, kind: type[Name], texts: Iterable[str]) -> tuple[Name, ...]:
    try:
        return tuple(kind(text) for text in texts)
    except ValueError:
        said = f"unknown {field}; known: {', '.join(kind)}"
        raise Invalid(said, type=f"post.{field}", field=field) from None
