"""Which versions of the Graph API are alive (graph-api.md §1.1).

What a dead one answers is not documented: it is served like the others, and the report tells of it.
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
}
"""Seconds since 1970 from which on a version is dead; those before v20.0 are, those after v26.0 are not yet known."""


def is_alive(version: str, now: float) -> bool:
    return now < _ENDS.get(version, 0.0)
