"""A list that is there whole, shown some at a time: `?page=2`. Of several on a page each has a name of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from console.pages.house import Visit

Item = TypeVar("Item")


@dataclass(frozen=True)
class Sheaf(Generic[Item]):
    """Some of a list. `number` counts from 1."""

    items: Sequence[Item]
    number: int
    has_more: bool
    count: int
    """Of the whole list."""

    @classmethod
    def of(cls, items: Sequence[Item], visit: Visit, at_once: int, *, by: str = "page") -> Sheaf[Item]:
        """What the address asks for; a page beyond the last one is the last one."""
        last = max(-(-len(items) // at_once), 1)
        number = min(max(visit.whole(by, 1), 1), last)
        return cls(items[(number - 1) * at_once : number * at_once], number, number < last, len(items))
