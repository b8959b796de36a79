"""Who follows: the largest groups of each breakdown, by the names that people know them by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

from operations.history.overview import Group

_BREAKDOWNS = ("age", "gender", "country", "city")
_GENDERS = {"F": "Women", "M": "Men", "U": "Not said"}
_LARGEST = 8


@dataclass(frozen=True)
class Breakdown:
    """`groups`: name and people of each, the largest first; ages in their order. `most`: people of the largest."""

    name: str
    groups: list[tuple[str, float]]
    most: float
    at: datetime


def breakdowns(found: Iterable[Group]) -> list[Breakdown]:
    """Those of which something is known; `found` has the largest groups first."""
    counted, made = list(found), list[Breakdown]()
    for breakdown in _BREAKDOWNS:
        those = [one for one in counted if one.breakdown == breakdown][:_LARGEST]
        if those:
            most, at = max(one.people for one in those), those[0].captured_at
            if breakdown == "age":
                those.sort(key=lambda one: one.category)
            groups = [(group_name(breakdown, one.category), one.people) for one in those]
            made.append(Breakdown(breakdown, groups, most, at))
    return made


def group_name(breakdown: str, category: str) -> str:
    """`Norway` for the country NO; what has no name of its own stays as Instagram says it."""
    if breakdown == "gender":
        return _GENDERS.get(category, category)
    return _countries().get(category, category) if breakdown == "country" else category


@cache
def _countries() -> Mapping[str, str]:
    """ISO 3166's two letters → name: the table stands beside the time zones, in the package that brings them."""
    table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {code: name for code, name, *_ in rows}
