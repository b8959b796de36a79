"""Insights calls held to the metric catalogue before Instagram is asked (graph-api.md §6).

Meta answers a wrong combination with an error for the whole call, sometimes just "unknown", so it is refused here
first. Where Meta contradicts itself, both readings pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from graph.accounts.metrics import ACCOUNT, MEDIA, PRODUCT_TYPES, AccountMetric, MediaMetric, removal, timeframes
from graph.wire.credentials import Login
from graph.wire.versions import Version
from pressrun.errors import PressrunError
from pressrun.log import redact

LONGEST_RANGE: Final = timedelta(days=30)


class UnknownMetric(PressrunError):
    """The metric does not exist, no longer exists, or not on this login flavour; nothing was called."""

    def __init__(self, message: str) -> None:
        super().__init__(redact(message))  # a name may be anything that the caller mixed up


class InvalidMetricRequest(PressrunError):
    """The metric exists, but cannot be asked for this way; nothing was called."""

    def __init__(self, message: str) -> None:
        super().__init__(redact(message))


def check_account(
    metrics: Sequence[str],
    login: Login,
    *,
    version: Version,
    on: date,
    period: str,
    metric_type: str | None,
    breakdowns: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    timeframe: str | None,
    allow_unknown: bool = False,
) -> None:
    """Raises UnknownMetric or InvalidMetricRequest for what Instagram would refuse on that day in that version."""
    _check_names(metrics)
    if any(at is not None and at.tzinfo is None for at in (since, until)):
        raise InvalidMetricRequest("since and until need a time zone")
    if since is not None and until is not None and not timedelta(0) <= until - since <= LONGEST_RANGE:
        raise InvalidMetricRequest("since..until spans at most 30 days, since first; read longer ranges in pieces")
    for name in metrics:
        metric = ACCOUNT.get(name)
        if metric is None:
            _refuse_unknown(name, "account", version, on, allow_unknown=allow_unknown)
            continue
        _check_login(metric, login)
        _check_account_metric(metric, period, metric_type, breakdowns)
        if timeframe is not None:
            _check_timeframe(metric, timeframe, timeframes(metric, version=version, on=on))


def check_media(
    metrics: Sequence[str],
    login: Login,
    *,
    version: Version,
    on: date,
    product_type: str | None = None,
    breakdown: str | None = None,
    allow_unknown: bool = False,
) -> None:
    """Raises UnknownMetric or InvalidMetricRequest for what Instagram would refuse on that day in that version.

    `product_type` None, or one that the catalogue does not know: for any media.
    """
    _check_names(metrics)
    for name in metrics:
        metric = MEDIA.get(name)
        if metric is None:
            _refuse_unknown(name, "media", version, on, allow_unknown=allow_unknown)
            continue
        _check_login(metric, login)
        _check_media_metric(metric, product_type, breakdown)
        if metric.alone and len(metrics) > 1:
            raise InvalidMetricRequest(f"{name} must be asked for alone: it fails for media that are not on Facebook")


def _check_names(metrics: Sequence[str]) -> None:
    if isinstance(metrics, str):
        raise InvalidMetricRequest("metrics are a list of names, not one text")
    if not metrics:
        raise InvalidMetricRequest("no metric was named")


def _check_login(metric: AccountMetric | MediaMetric, login: Login) -> None:
    if login not in metric.logins:
        only = " or ".join(one.capitalize() for one in metric.logins)
        raise UnknownMetric(f"{metric.name} exists on {only} Login only")


def _check_account_metric(
    metric: AccountMetric, period: str, metric_type: str | None, breakdowns: Sequence[str]
) -> None:
    if period not in metric.periods:
        raise InvalidMetricRequest(f"{metric.name} has the period {' or '.join(metric.periods)}, not {period}")
    if metric_type is not None and metric_type not in metric.metric_types:
        allowed = " or ".join(metric.metric_types) or "none"
        raise InvalidMetricRequest(f"{metric.name} has the metric_type {allowed}, not {metric_type}")
    if metric_type is None and metric.metric_types == ("total_value",):
        raise InvalidMetricRequest(f"{metric.name} needs metric_type=total_value")
    for breakdown in breakdowns:
        if breakdown not in metric.breakdowns:
            raise InvalidMetricRequest(f"{metric.name} cannot be broken down by {breakdown}")


def _check_timeframe(metric: AccountMetric, timeframe: str, allowed: Sequence[str]) -> None:
    if not allowed:
        raise InvalidMetricRequest(f"{metric.name} takes since and until, not a timeframe")
    if timeframe not in allowed:
        raise InvalidMetricRequest(f"{metric.name} has the timeframe {' or '.join(allowed)}, not {timeframe}")


def _check_media_metric(metric: MediaMetric, product_type: str | None, breakdown: str | None) -> None:
    kind = (product_type or "").upper()
    if kind in PRODUCT_TYPES and kind not in metric.product_types:
        raise InvalidMetricRequest(f"{metric.name} exists for {' and '.join(metric.product_types)}, not for {kind}")
    if breakdown is not None and breakdown != metric.breakdown:
        raise InvalidMetricRequest(f"{metric.name} cannot be broken down by {breakdown}")


def _refuse_unknown(name: str, what: str, version: Version, on: date, *, allow_unknown: bool) -> None:
    gone = removal(name)
    if allow_unknown or (gone is not None and not gone.holds(version, on)):
        return
    if gone is not None:
        raise UnknownMetric(f"Instagram removed the metric {name} {gone}")
    raise UnknownMetric(f"no {what} metric is called {name!r}")
