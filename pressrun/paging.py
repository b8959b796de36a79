"""Lists page by page: a page ends with a cursor, and the next one begins behind it, whatever was added meanwhile.

A cursor is opaque to whoever gets it. It holds where the page ended and of which list it was, and is of no use for
another one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from pressrun.errors import Invalid
from pressrun.plain import plain

Item = TypeVar("Item")

MOST = 200
"""Items of a page."""
_LONGEST = 2000


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some items of a list. `next_cursor` null: there are no more."""

    items: Sequence[Item]
    next_cursor: str | None


def cursor_of(list_: str, *place: Any) -> str:
    """A cursor behind that place of that list."""
    text = json.dumps([list_, *place], default=plain, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(list_: str, cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """Where the page before ended, as values of these kinds. Raises Invalid for what is no cursor of that list."""
    if cursor is None:
        return None
    try:
        told = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        name, *values = told if isinstance(told, list) and told else [None]
        found = tuple(_value(one, kind) for one, kind in zip(values, kinds, strict=True))
    except (ValueError, TypeError, RecursionError):
        name, found = None, ()
    if name != list_ or len(cursor) > _LONGEST:
        said = "this is no cursor of this list: take the one that the page before told"
        raise Invalid(said, type="cursor.bad", field="cursor")
    return found


def cut(list_: str, items: Sequence[Item], key: Callable[[Item], str], *, cursor: str | None, limit: int) -> Page[Item]:
    """A page of a short list that is there whole, sorted by `key`, a text that no two items share."""
    rows = sorted(items, key=key)
    behind = place_of(list_, cursor, str)
    if behind is not None:
        rows = [one for one in rows if key(one) > behind[0]]
    return page(list_, rows[: limit + 1], lambda one: (key(one),), limit=limit)


def page(list_: str, rows: Sequence[Item], place: Callable[[Item], tuple[Any, ...]], *, limit: int) -> Page[Item]:
    """A page of at most `limit` of the rows; there is one more row where there are more pages."""
    items = rows[:limit]
    return Page(items, cursor_of(list_, *place(items[-1])) if len(rows) > limit and items else None)


def _value(told: Any, kind: type) -> Any:
    """Raises ValueError or TypeError."""
    if kind is datetime:
        found = datetime.fromisoformat(told)
        return found.astimezone(UTC) if found.tzinfo else _refuse()
    is_fit = isinstance(told, kind) and not isinstance(told, bool)
    is_fit = is_fit and (not isinstance(told, int) or abs(told) < 2**63)
    return told if is_fit and (not isinstance(told, str) or "\0" not in told) else _refuse()


def _refuse() -> None:
    raise ValueError
