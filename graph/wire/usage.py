"""How much of the call budget is used, from the headers of every answer (graph-api.md §4.2).

A header that is missing or cannot be read means unknown (None), never 0.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_APP = "x-app-usage"
_BUSINESS = "x-business-use-case-usage"
_OTHERS = ("x-page-usage", "x-ad-account-usage")
_COUNTERS = ("call_count", "total_time", "total_cputime", "acc_id_util_pct")


@dataclass(frozen=True)
class Usage:
    """Percent of the app's and the account's budget, the highest counter of each.

    `regain_access_s` is in seconds; 0 says "not blocked now", not "healthy". Throttling starts at 100 percent.
    """

    app_percent: int | None = None
    account_percent: int | None = None
    regain_access_s: float | None = None
    raw: dict[str, Any] = field(default_factory=dict)


def parse(headers: Mapping[str, str]) -> Usage:
    """Usage in the headers (lower-case names). Never raises."""
    raw = {name: _decode(headers[name]) for name in (_APP, _BUSINESS, *_OTHERS) if name in headers}
    entries = list(_business_entries(raw.get(_BUSINESS)))
    account = [percent for entry in (*entries, *(raw.get(name) for name in _OTHERS)) for percent in _percents(entry)]
    minutes = [left for entry in entries if (left := _number(entry.get("estimated_time_to_regain_access"))) is not None]
    return Usage(
        app_percent=max(_percents(raw.get(_APP)), default=None),
        account_percent=max(account, default=None),
        regain_access_s=max(minutes) * 60 if minutes else None,
        raw=raw,
    )


def _business_entries(header: Any) -> Iterator[dict[str, Any]]:
    # The keys may be business ids or Instagram ids, up to 32 of them: any entry can be the one that throttles.
    for group in header.values() if isinstance(header, dict) else ():
        yield from (entry for entry in (group if isinstance(group, list) else [group]) if isinstance(entry, dict))


def _percents(entry: Any) -> list[int]:
    if not isinstance(entry, dict):
        return []
    numbers = (_number(entry.get(name)) for name in _COUNTERS)
    return [math.ceil(number) for number in numbers if number is not None]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _decode(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
