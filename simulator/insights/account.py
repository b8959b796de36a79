"""GET /{ig}/insights (graph-api.md §6.1): every metric with its periods, types and breakdowns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from simulator.calls.call import Call
from simulator.calls.paging import link
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.insights.audience import AUDIENCE, audience_row
from simulator.insights.rows import breakdown, row, series, shown, wanted_metrics, wanted_period
from simulator.protocol import errors
from simulator.world.clock import DAY
from simulator.world.followers import followers
from simulator.world.metrics import account_day, day_of, end_of, known_until, split, weights, zone_of
from simulator.world.noise import between, unit, whole
from simulator.world.records import Account

_RANGE_S = 30 * DAY
_KEPT_S = 90 * DAY
_TOTAL, _SERIES = "total_value", "time_series"
_FOLLOW = frozenset({"follow_type", "follower_type"})
_PRODUCT = frozenset({"media_product_type"})


@dataclass(frozen=True, slots=True)
class Metric:
    types: frozenset[str]
    breakdowns: frozenset[str] = frozenset()
    periods: frozenset[str] = frozenset({"day"})
    needs_followers: bool = False


_ONLY_TOTAL = frozenset({_TOTAL})
_ONLY_SERIES = frozenset({_SERIES})
METRICS: Mapping[str, Metric] = {
    "reach": Metric(frozenset({_TOTAL, _SERIES}), _PRODUCT | _FOLLOW, frozenset({"day", "week", "days_28"})),
    "views": Metric(_ONLY_TOTAL, _PRODUCT | _FOLLOW),
    "accounts_engaged": Metric(_ONLY_TOTAL),
    "total_interactions": Metric(_ONLY_TOTAL, _PRODUCT),
    "likes": Metric(_ONLY_TOTAL, _PRODUCT),
    "comments": Metric(_ONLY_TOTAL, _PRODUCT),
    "saves": Metric(_ONLY_TOTAL, _PRODUCT),
    "shares": Metric(_ONLY_TOTAL, _PRODUCT),
    "replies": Metric(_ONLY_TOTAL),
    "reposts": Metric(_ONLY_TOTAL),
    "follows_and_unfollows": Metric(_ONLY_TOTAL, _FOLLOW, needs_followers=True),
    "profile_links_taps": Metric(_ONLY_TOTAL, frozenset({"contact_button_type"})),
    "follower_demographics": Metric(_ONLY_TOTAL, AUDIENCE, frozenset({"lifetime"}), needs_followers=True),
    "engaged_audience_demographics": Metric(_ONLY_TOTAL, AUDIENCE, frozenset({"lifetime"})),
    "follower_count": Metric(_ONLY_SERIES, needs_followers=True),
    "online_followers": Metric(_ONLY_SERIES, periods=frozenset({"lifetime"}), needs_followers=True),
}
_VALUES: Mapping[str, tuple[str, ...]] = {
    "media_product_type": ("POST", "REELS", "STORY", "CAROUSEL_CONTAINER", "AD"),
    "follow_type": ("FOLLOWER", "NON_FOLLOWER", "UNKNOWN"),
    "follower_type": ("FOLLOWER", "NON_FOLLOWER", "UNKNOWN"),
    "contact_button_type": ("BOOK_NOW", "CALL", "DIRECTION", "EMAIL", "INSTANT_EXPERIENCE", "TEXT", "UNDEFINED"),
}
_DAYS = {"day": 1, "week": 7, "days_28": 28}


@dataclass(frozen=True, slots=True)
class _Query:
    period: str
    metric_type: str | None
    breakdowns: tuple[str, ...]
    since: float
    until: float


@endpoint(
    "user_insights",
    "GET",
    "user/insights",
    params="metric period metric_type breakdown timeframe since until",
    need=Need.INSIGHTS,
)
def insights(call: Call, account: Account) -> Any:
    metrics = wanted_metrics(call.params, METRICS)
    query = _read(call)
    for metric in metrics:
        _check(call, metric, query)
    rows = [found for metric in metrics if (found := _row(call, account, metric, query)) is not None]
    answer: dict[str, Any] = {"data": shown(call, rows, call.fields())}
    if any("values" in found for found in rows):
        span, args = query.until - query.since, dict(call.params)
        path = f"{account.ig_id}/insights"
        back, ahead = int(query.since - span), int(query.until + span)
        answer["paging"] = {
            "previous": link(call, path, args, since=back, until=int(query.since)),
            "next": link(call, path, args, since=int(query.until), until=ahead),
        }
    return answer


def _read(call: Call) -> _Query:
    params = call.params
    period = wanted_period(params)
    if period is None:
        raise errors.missing("period")
    metric_type = params.text("metric_type")
    if metric_type not in {None, _TOTAL, _SERIES}:
        raise errors.invalid("metric_type must be one of: total_value, time_series")
    until = params.instant("until")
    since = params.instant("since")
    if until is None:
        until = call.world.now()
    if since is None:
        since = until - DAY
    if since > until:
        raise errors.invalid("since must be before until")
    if until - since > _RANGE_S:
        raise errors.invalid("There cannot be more than 30 days (2592000 s) between since and until")
    return _Query(period, metric_type, tuple(params.listing("breakdown")), since, until)


def _check(call: Call, metric: str, query: _Query) -> None:
    """Raises GraphError for what the metric does not offer."""
    spec = METRICS[metric]
    if query.period not in spec.periods:
        raise errors.invalid(f"Metric {metric} is incompatible with period {query.period}")
    if query.metric_type is None and _SERIES not in spec.types:
        raise errors.invalid(f"The metric {metric} should be specified with parameter metric_type=total_value")
    if query.metric_type is not None and query.metric_type not in spec.types:
        raise errors.invalid(f"The metric {metric} does not support metric_type={query.metric_type}")
    if query.breakdowns and (not spec.breakdowns.issuperset(query.breakdowns) or query.metric_type != _TOTAL):
        raise errors.unknown_error()
    if metric == "follower_count" and query.since < call.world.now() - 31 * DAY:
        raise errors.invalid("(follower_count) metric only supports the last 30 days")


def _row(call: Call, account: Account, metric: str, query: _Query) -> dict[str, Any] | None:
    """None where Instagram has nothing to say: missing is not 0."""
    world = call.world
    if METRICS[metric].needs_followers and followers(world, account, world.now()) < 100:
        return None
    if metric.endswith("_demographics"):
        return audience_row(call, account, metric, query.breakdowns)
    if metric == "online_followers":
        points = _points(call, account, query, 1, lambda day: _online(call, account, day))
        return _series_row(account, metric, query, points)
    if query.metric_type == _TOTAL:
        return _total_row(call, account, metric, query)
    span = _DAYS[query.period]
    points = _points(call, account, query, span, lambda day: _sum(call, account, metric, day, span))
    return _series_row(account, metric, query, points)


def _series_row(account: Account, metric: str, query: _Query, points: list[tuple[Any, float]]) -> dict[str, Any] | None:
    if not points:
        return None
    return row(account.ig_id, metric, query.period, values=series(points))


def _points(
    call: Call, account: Account, query: _Query, span: int, value: Callable[[date], Any]
) -> list[tuple[Any, float]]:
    """Buckets that ended within the range, are not older than 90 days, and have been computed by now."""
    world, now = call.world, call.world.now()
    zone, points = zone_of(world, account), []
    day = day_of(query.since, zone) - timedelta(days=1)
    while (end := end_of(day, zone)) <= query.until:
        late = _delay(world.seed, day)
        if end > query.since and now - _KEPT_S < end and end + late <= now:
            points.append((value(day), end))
        day += timedelta(days=1)
    return points


def _delay(seed: int, day: date) -> float:
    """Most days are there within two hours, one in twelve takes up to 48 hours."""
    key = (seed, "delay", day.isoformat())
    return between(6, 48, *key, "long") * 3600 if unit(*key) < 1 / 12 else between(0, 2, *key, "short") * 3600


def _sum(call: Call, account: Account, metric: str, last: date, span: int) -> int:
    days = [last - timedelta(days=back) for back in range(span)]
    total = sum(account_day(call.world, account, metric, day, call.world.now()) for day in days)
    return int(total * _unique(metric, span))


def _unique(metric: str, days: float) -> float:
    """The same person is reached on several days: sums of unique people are too high."""
    return 1.0 if metric not in {"reach", "accounts_engaged"} or days <= 1 else 1 / (1 + 0.09 * (days - 1))


def _total_row(call: Call, account: Account, metric: str, query: _Query) -> dict[str, Any] | None:
    world, now = call.world, call.world.now()
    since = max(query.since, now - _KEPT_S)
    if since >= query.until or since >= now:
        return None
    zone = zone_of(world, account)
    total, day = 0.0, day_of(since, zone)
    while (start := end_of(day - timedelta(days=1), zone)) < query.until:
        end = end_of(day, zone)
        # A running day is counted up to the last refresh: a range that ends after that holds all there is.
        counted = min(end, known_until(now))
        if counted > start:
            share = (min(counted, query.until) - max(start, since)) / (counted - start)
            total += account_day(world, account, metric, day, now) * max(0.0, share)
        day += timedelta(days=1)
    value = int(total * _unique(metric, (query.until - since) / DAY))
    content: dict[str, Any] = {"value": value}
    if query.breakdowns:
        content["breakdowns"] = [breakdown(query.breakdowns, _parts(call, account, metric, query, value))]
    return row(account.ig_id, metric, query.period, total_value=content)


def _parts(call: Call, account: Account, metric: str, query: _Query, value: int) -> dict[tuple[str, ...], int]:
    parts: dict[tuple[str, ...], int] = {(): value}
    for name in query.breakdowns:
        shares = weights(_VALUES[name], call.world.seed, account.index, metric, name)
        parts = {(*head, tail): n for head, total in parts.items() for tail, n in split(total, shares).items()}
    return parts


def _online(call: Call, account: Account, day: date) -> dict[str, int]:
    key = (call.world.seed, account.index, "online", day.isoformat())
    count = followers(call.world, account, call.world.now())
    return {str(hour): whole(count // 20, max(1, count // 3), *key, hour) for hour in range(24)}
