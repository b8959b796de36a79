"""What pages know of accounts: a colour with a pattern each, and the zone that times are shown in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

HUES = 12


class HasZone(Protocol):
    @property
    def timezone(self) -> str: ...


def hues_of(names: Sequence[str]) -> dict[str, int]:
    """Account → its colour: by the order of names, so that it is the same on every page."""
    return {name: number % HUES for number, name in enumerate(sorted(names))}


def zone_of(accounts: Iterable[HasZone], wanted: str | None = None) -> str:
    """The one that was asked for; else that of all of these accounts, if they share one; else UTC."""
    if wanted:
        return wanted
    zones = {one.timezone for one in accounts}
    return zones.pop() if len(zones) == 1 else "UTC"
