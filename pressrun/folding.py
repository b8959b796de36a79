"""Days, accounts and other parts of one page that may not show all they hold: the fullest are folded first."""

from __future__ import annotations

from collections.abc import Iterable


def fold(counts: Iterable[int], most: int, *, least: int = 1) -> int:
    """How many of each part may be shown, `least` of them at least, so that they are not more than `most` in all."""
    left = sorted(counts)
    for at, count in enumerate(left):
        parts = len(left) - at
        if count * parts > most:
            return max(most // parts, least)
        most -= count
    return max(left, default=0) or least
