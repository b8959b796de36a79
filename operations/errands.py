"""Errands: rows of owed work that somebody waits for, done by the workers that are there or by hands that are lent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from operations.operation import Context


@dataclass(frozen=True)
class Errand:
    """Rows of one kind of work, by its name in `models.claims.WORKS`."""

    name: str
    ids: tuple[int, ...]

    @classmethod
    def of(cls, name: str, ids: Sequence[int]) -> Errand:
        return cls(name, tuple(ids))


Hands = Callable[[Errand, Callable[[int], None]], None]
"""Waits until the rows are done or put off, and does them where nobody else does."""


def await_errand(ctx: Context, errand: Errand, *, on_look: Callable[[int], None], hands: Hands) -> None:
    """Wait until each row is done or put off. `on_look` is told again and again how many are left."""
    hands(errand, on_look)
