"""Which versions of the Graph API are alive (graph-api.md §1.1).

An expired one is served as the next one that is usable, which the answer names; the report tells of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime


def _midnight(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


_ENDS: Mapping[str, float] = {
    "v20.0": _midnight("2026-09-24"),
    "v21.0": _midnight("2027-01-21"),
    "v22.0": _midnight("2027-05-20"),
    "v23.0": _midnight("2027-10-08"),
    "v24.0": _midnight("2028-02-18"),
    "v25.0": _midnight("2028-07-29"),
    "v26.0": math.inf,
    "v27.0": math.inf,
}
"""Seconds since 1970 from which on a version is dead; those before v20.0 are, those after v27.0 are not yet known."""


def is_alive(version: str, now: float) -> bool:
    return now < _ENDS.get(version, 0.0)


def served(version: str, now: float) -> str:
    """The version that really answers: this one, or else the oldest that is alive. A later one is taken as it is."""
    if is_alive(version, now) or _number(version) > max(map(_number, _ENDS)):
        return version
    return min((name for name in _ENDS if is_alive(name, now)), key=_number)


def _number(version: str) -> float:
    return float(version.removeprefix("v"))
