"""How far somebody was told what happens in one source, by the numbers of its rows.

A number may be taken and its row not be there yet: what was told is everything up to a number, but for some below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_MOST_SPANS: Final = 20
"""That a text names; of further ones it says more than is true: whoever reads it is told something twice, and misses
nothing."""
_WRITTEN = re.compile(r"(\d{1,18})((?:-\d{1,3}(?::\d{1,3})?)*)", re.ASCII)


@dataclass(frozen=True)
class Place:
    """Everything up to `top` was told, but for what is missing."""

    top: int
    missing: frozenset[int] = frozenset()

    def has(self, number: int) -> bool:
        return number <= self.top and number not in self.missing

    def lacks(self, upto: Place) -> bool:
        """Whether something may have been told there that was not told here."""
        return self.top < upto.top or any(upto.has(one) for one in self.missing)

    def through(self, number: int, upto: Place) -> Place:
        """After all that `upto` has was told as well, up to that number."""
        number = min(number, upto.top)
        still = {one for one in self.missing if one > number or not upto.has(one)}
        absent = {one for one in upto.missing if self.top < one <= number}
        return Place(max(self.top, number), frozenset(still | absent))

    def __str__(self) -> str:
        """The top, and how far below it something is missing: `120`, `120-3`, `120-17:9-3`."""
        spans = list(_spans(self.missing))
        if len(spans) > _MOST_SPANS:
            cut = len(spans) - _MOST_SPANS
            spans = [(spans[0][0], spans[cut][1]), *spans[cut + 1 :]]
        below = ((self.top - first, self.top - last) for first, last in spans)
        return str(self.top) + "".join(f"-{far}" if far == near else f"-{far}:{near}" for far, near in below)

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """None: it is no text of a place."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            return None
        top, missing = int(found[1]), set[int]()
        for far, _, near in (one.partition(":") for one in found[2].split("-")[1:]):
            missing.update(range(top - int(far), top - int(near or far) + 1))
        return cls(top, frozenset(one for one in missing if 0 < one < top))


def told_to(number: int, ahead: frozenset[int]) -> Place:
    """Everything up to a number was told, and some above it."""
    top = max(ahead, default=0)
    return Place(number) if top <= number else Place(top, frozenset(range(number + 1, top)) - ahead)


def _spans(numbers: frozenset[int]) -> Iterator[tuple[int, int]]:
    """First and last of those that follow each other."""
    first = last = None
    for one in sorted(numbers):
        if last is not None and first is not None and one > last + 1:
            yield first, last
            first = None
        first, last = one if first is None else first, one
    if first is not None and last is not None:
        yield first, last
