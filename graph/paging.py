"""Pages and their cursors (graph-api.md §4.4).

The end of a list is the absence of `next`; a short page is not the end. Only the cursor is kept, since `next` embeds
the token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

from graph.endpoints import Endpoint
from graph.errors import unreadable
from graph.reading import Node
from pressrun.errors import Invalid

T = TypeVar("T")

PAGE_LIMIT = 1000


@dataclass(frozen=True)
class Page(Generic[T]):
    """Part of a list. `after` asks for the next part; `has_next` says whether there is one."""

    items: tuple[T, ...]
    after: str | None
    has_next: bool
    extra: dict[str, Any] = field(default_factory=dict)


def read_page(answer: Any, endpoint: Endpoint, parse: Callable[[Node], T], *, cursor_only: bool = False) -> Page[T]:
    """The page in an answer. Raises GraphError when it is none.

    `cursor_only`: an edge that never sends `next` (`/tags`, business_discovery, mentioned_*): there a cursor and a
    page with something on it mean that more may follow.
    """
    node = Node(answer, endpoint)
    if not node.has("data"):
        raise unreadable(endpoint, "the list has no data")
    items = node.each("data", parse)
    paging = node.node("paging")
    following = paging.text("next") if paging else None
    cursors = paging.node("cursors") if paging else None
    after = (cursors.text("after") if cursors else None) or _cursor_in(following)
    more = following is not None or (cursor_only and bool(items))
    _leave_out_the_way_back(paging, cursors)
    return Page(items, after or None, has_next=more and bool(after), extra=node.rest())


def iterate(fetch: Callable[[str | None], Page[T]], *, limit_pages: int = PAGE_LIMIT) -> Iterator[T]:
    """All items, page after page; `fetch` takes the cursor, None for the first page.

    Ends at `limit_pages`, and at a cursor that has been seen before: a list must not go round in circles.
    """
    after: str | None = None
    seen: set[str] = set()
    for _ in range(limit_pages):
        page = fetch(after)
        yield from page.items
        if not page.has_next or page.after is None or page.after in seen:
            return
        seen.add(page.after)
        after = page.after


def checked_limit(limit: int, most: int) -> int:
    """A page size that Instagram accepts. Raises Invalid."""
    if not 1 <= limit <= most:
        raise Invalid(f"a page holds 1 to {most} items, not {limit}", type="limit.invalid", field="limit")
    return limit


def _leave_out_the_way_back(paging: Node | None, cursors: Node | None) -> None:
    """Lists are walked forwards; and `previous` embeds the token, like `next`."""
    if paging is not None:
        paging.raw("previous")
    if cursors is not None:
        cursors.raw("before")


def _cursor_in(following: str | None) -> str | None:
    if following is None:
        return None
    try:
        return parse_qs(urlsplit(following).query).get("after", [None])[0]
    except ValueError:
        return None
