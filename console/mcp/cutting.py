"""Answers of a size that a conversation can hold: lists are cut, and a cursor goes on where they were.

A list that the operation itself gives page by page is asked for again with as many items as fit, so that its cursor is
a true one. Any other that is read is cut behind an item, by number. What an answer to a change is too long for is left
off, and said so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pressrun.paging import cursor_of, place_of

MOST_CHARACTERS = 24_000
"""Of an answer as JSON."""
LONGEST_TEXT = 4_000
"""Of one text in it. No caption of Instagram is longer."""

Told = dict[str, Any]


def fit_page(ask: Callable[[Told], Told], arguments: Told) -> Told:
    """The answer to a list that is asked for page by page, with fewer items than wanted where they are long."""
    told: Told = shortened(ask(arguments))
    items = told["items"]
    if _size(told) <= MOST_CHARACTERS or len(items) <= 1:
        return told
    fewer: Told = shortened(ask({**arguments, "limit": _fitting(items, MOST_CHARACTERS)}))
    return fewer


def fit_list(name: str, told: Told, cursor: str | None) -> Told:
    """The answer with its longest list cut, and from `cursor` on.

    Args:
        name: of the tool: a cursor is of no use for another.

    Raises Invalid for a cursor that is none.
    """
    told = shortened(told)
    place = place_of(name, cursor, str, int)
    field, begins = place if place is not None else (_longest(told), 0)
    if not isinstance(told.get(field), list):
        return told
    items = told[field][begins:]
    room = MOST_CHARACTERS - _size({**told, field: []})
    count = len(items) if _size(items) <= room else _fitting(items, room)
    is_over = count == len(items)
    next_cursor = None if is_over else cursor_of(name, field, begins + count)
    return {**told, field: items[:count], "next_cursor": next_cursor}


def fit_change(told: Told) -> Told:
    """The answer to what was changed, with its longest list cut; `left_off` says how many items are not in it."""
    told = shortened(told)
    field = _longest(told)
    if _size(told) <= MOST_CHARACTERS or field is None:
        return told
    items = told[field]
    count = _fitting(items, MOST_CHARACTERS - _size({**told, field: []}))
    return {**told, field: items[:count], "left_off": {field: len(items) - count}}


def shortened(told: Any) -> Any:
    """Texts that are too long for an answer end with how much more there is."""
    if isinstance(told, dict):
        return {name: shortened(value) for name, value in told.items()}
    if isinstance(told, list):
        return [shortened(one) for one in told]
    if isinstance(told, str) and len(told) > LONGEST_TEXT:
        return f"{told[:LONGEST_TEXT]}… ({len(told) - LONGEST_TEXT} more characters)"
    return told


def _longest(told: Told) -> str | None:
    lists = [name for name, value in told.items() if isinstance(value, list)]
    return max(lists, key=lambda name: _size(told[name]), default=None)


def _fitting(items: list[Any], room: int) -> int:
    """How many of them fit; at least one, or nobody would get on."""
    count = 0
    for one in items:
        room -= _size(one) + 1
        if room < 0:
            break
        count += 1
    return max(1, count)


def _size(told: Any) -> int:
    return len(json.dumps(told, ensure_ascii=False, separators=(",", ":")))
