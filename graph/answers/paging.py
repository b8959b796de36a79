"""Pages and their cursors (graph-api.md §4.4).

The end of a list is the absence of `next`; a short page is not the end. Only the cursor is kept, since `next` embeds
the token. Whoever reads more than one page of a list walks it with a `Walk`, which knows what has been proved by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

from graph.answers.aside import set_aside
from graph.answers.errors import GraphError, unreadable
from graph.answers.reading import Node
from graph.wire.endpoints import Endpoint
from pressrun.errors import Invalid

T = TypeVar("T")

PAGE_LIMIT = 1000


@dataclass(frozen=True)
class Page(Generic[T]):
    """Part of a list. `after` asks for the next part; `has_next` says whether there is one.

    `dropped` items of it could not be read. `is_cut`: whether there is a next part cannot be told.
    """

    items: tuple[T, ...]
    after: str | None
    has_next: bool
    extra: dict[str, Any] = field(default_factory=dict)
    dropped: int = 0
    is_cut: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether what is missing on this page, and behind it where there is no next, is not there."""
        return not self.dropped and not self.is_cut


def read_page(answer: Any, endpoint: Endpoint, parse: Callable[[Node], T], *, cursor_only: bool = False) -> Page[T]:
    """The page in an answer. Raises GraphError when it is none.

    `cursor_only`: an edge that never sends `next` (`/tags`, business_discovery, mentioned_*): there a cursor and a
    page with something on it mean that more may follow.
    """
    node = Node(answer, endpoint)
    if not isinstance(node.raw("data"), list):
        raise unreadable(endpoint, "the list has no data")
    items = node.each("data", parse)
    paging = node.node("paging")
    following = paging.text("next") if paging else None
    cursors = paging.node("cursors") if paging else None
    after = (cursors.text("after") if cursors else None) or _cursor_in(following)
    more = following is not None or (cursor_only and bool(items))
    # A `next` without a cursor says that the list goes on, and not where.
    is_odd, is_lost = _is_odd(node, paging, cursors), following is not None and not after
    if is_lost and not is_odd:  # what is odd is told already
        set_aside(endpoint, "paging.next", "names no cursor: the list goes on, and where is not known")
    is_cut = (is_odd and not after) or is_lost
    _leave_out_the_way_back(paging, cursors)
    return Page(items, after or None, more and bool(after), node.rest(), dropped=node.dropped, is_cut=is_cut)


def nested_page(node: Node, name: str, parse: Callable[[Node], T]) -> Page[T]:
    """The page in a part of an answer, which the rest of it does not depend on; empty when there is none."""
    value = node.raw(name)
    if not value:
        return Page((), None, has_next=False)
    try:
        return read_page(value, node.endpoint, parse, cursor_only=True)
    except GraphError as error:
        set_aside(node.endpoint, name, error.message)
        return Page((), None, has_next=False, is_cut=True)


class Walk:
    """A reading of one list, page after page: where it goes on, and whether what it has not shown is not there.

    It ends where the list does or breaks off, and at a cursor that was asked for already: a list that leads back must
    not be read for ever, and nobody has seen its end.
    """

    def __init__(self, after: str | None = None, *, on_round: Callable[[], None] | None = None) -> None:
        """`after`: where an earlier reading has stopped; `on_round` is told once that the list leads back."""
        self.after = after
        """The cursor to ask for next; None for the first page."""
        self.is_over = self.leads_back = False
        self.is_whole = True
        """Nothing that was listed is missing so far, and if it is over, that was the end of the list."""
        self._asked: set[str | None] = set()
        self._on_round = on_round

    def take(self, page: Page[Any]) -> None:
        """Take note of the page that was asked for with `after`."""
        self._asked.add(self.after)
        self.leads_back = page.has_next and page.after in self._asked
        self.is_over = self.leads_back or not page.has_next
        self.is_whole = self.is_whole and page.is_whole and not self.leads_back
        self.after = page.after
        if self.leads_back and self._on_round is not None:
            self._on_round()

    def pages(self, fetch: Callable[[str | None], Page[T] | None], *, most: int) -> Iterator[Page[T]]:
        """The pages until it is over, at most so many; `fetch` takes the cursor. One that it cannot give ends it."""
        for _ in range(most):
            page = fetch(self.after)
            if page is None:
                self.is_whole = False
                return
            self.take(page)
            yield page
            if self.is_over:
                return


def iterate(fetch: Callable[[str | None], Page[T]], *, limit_pages: int = PAGE_LIMIT) -> Iterator[T]:
    """All items, page after page; `fetch` takes the cursor, None for the first page. Ends at `limit_pages`, too."""
    for page in Walk().pages(fetch, most=limit_pages):
        yield from page.items


def checked_limit(limit: int, most: int) -> int:
    """A page size that Instagram accepts. Raises Invalid."""
    if not 1 <= limit <= most:
        raise Invalid(f"a page holds 1 to {most} items, not {limit}", type="limit.invalid", field="limit")
    return limit


def _is_odd(node: Node, paging: Node | None, cursors: Node | None) -> bool:
    """Whether what says how the list goes on is of the wrong kind. It is not kept: it may hold the token."""
    parts = [one.odd for one in (paging, cursors) if one is not None and one.odd]
    for odd in parts:
        odd.clear()
    return node.odd.pop("paging", None) is not None or bool(parts)


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
