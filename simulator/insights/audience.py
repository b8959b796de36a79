"""Who follows and who engages, by age, city, country and gender (graph-api.md §6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.calls.call import Call
from simulator.insights.rows import breakdown, row
from simulator.protocol import errors
from simulator.world.followers import followers
from simulator.world.metrics import account_day, day_of, split, weights, zone_of
from simulator.world.records import Account

AUDIENCE = frozenset({"age", "city", "country", "gender"})
_TIMEFRAMES = frozenset({"this_week", "this_month"})
_OLDER_TIMEFRAMES = frozenset({"last_14_days", "last_30_days", "last_90_days", "prev_month"})
_MOST_ROWS = 45
_VALUES: Mapping[str, tuple[str, ...]] = {
    "age": ("25-34", "35-44", "18-24", "45-54", "55-64", "65+", "13-17"),
    "gender": ("F", "M", "U"),
    "country": ("US", "DE", "BR", "GB", "FR", "IN", "JP", "IT", "ES", "CA", "MX", "PL", "NL", "AU", "PT", "SE"),
    "city": (
        "New York, New York",
        "Berlin, Berlin",
        "São Paulo, São Paulo (state)",
        "London, England",
        "Paris, Île-de-France",
        "Mumbai, Maharashtra",
        "Tokyo, Tokyo",
        "Milan, Lombardia",
        "Madrid, Comunidad de Madrid",
        "Toronto, Ontario",
        "Lisbon, Lisboa",
        "Stockholm, Stockholm County",
    ),
}


def audience_row(call: Call, account: Account, metric: str, breakdowns: tuple[str, ...]) -> dict[str, Any] | None:
    """None below the least audience of 100."""
    _check_timeframe(call, metric)
    world, now = call.world, call.world.now()
    if metric == "follower_demographics":
        size = followers(world, account, now)
    else:
        day = day_of(now - 2 * 86_400, zone_of(world, account))
        size = 30 * account_day(world, account, "accounts_engaged", day, now)
    if size < 100 or not breakdowns:
        return None
    parts: dict[tuple[str, ...], int] = {(): int(size * 0.94)}
    for name in breakdowns:
        shares = weights(_VALUES[name], world.seed, account.index, metric, name)
        parts = {(*head, tail): n for head, total in parts.items() for tail, n in split(total, shares).items()}
    largest = sorted(parts.items(), key=lambda part: part[1], reverse=True)[:_MOST_ROWS]
    content = {"breakdowns": [breakdown(breakdowns, dict(largest))]}
    return row(account.ig_id, metric, "lifetime", total_value=content)


def _check_timeframe(call: Call, metric: str) -> None:
    """MD requires it, clients in the field leave it out: both readings pass unless told otherwise."""
    timeframe = call.params.text("timeframe")
    if timeframe is None:
        if call.world.reading("audience_timeframe", "optional") == "required":
            raise errors.missing("timeframe")
        return
    allowed = _TIMEFRAMES if metric != "follower_demographics" else _TIMEFRAMES | _OLDER_TIMEFRAMES
    if timeframe not in allowed:
        raise errors.invalid(f"timeframe must be one of: {', '.join(sorted(allowed))}")
