"""Insights of the account and of single media (graph-api.md §6).

Empty is unknown: what Instagram leaves out is an empty tuple or None here, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graph.accounts.metric_rules import check_account, check_media
from graph.answers import fields as names
from graph.answers.errors import unreadable
from graph.answers.reading import Node, Number
from graph.calls import Caller
from graph.wire.endpoints import Endpoint
from pressrun import clock

Value = Number | Mapping[str, Number] | None


@dataclass(frozen=True)
class InsightValue:
    """One point; `end_time` is the end of its period in UTC. Some metrics map a key (an hour) to a count."""

    value: Value
    end_time: datetime | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BreakdownResult:
    dimension_values: tuple[str, ...]
    value: Number | None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Breakdown:
    dimension_keys: tuple[str, ...]
    results: tuple[BreakdownResult, ...]
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TotalValue:
    value: Number | None
    breakdowns: tuple[Breakdown, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Insight:
    """One metric. Times in milliseconds for the reels watch-time metrics, plain counts otherwise."""

    name: str
    period: str | None = None
    title: str | None = None
    values: tuple[InsightValue, ...] = ()
    total: TotalValue | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class Insights:
    """`client.insights`. Every call raises GraphError; UnknownMetric or InvalidMetricRequest before a call."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def account(
        self,
        metrics: Sequence[str],
        *,
        period: str,
        metric_type: str | None = None,
        breakdown: str | Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        timeframe: str | None = None,
        allow_unknown: bool = False,
    ) -> tuple[Insight, ...]:
        """Account metrics over at most 30 days, by default the last 24 h. Reach of two ranges cannot be added up."""
        breakdowns = _listed(breakdown)
        check_account(
            metrics,
            self._caller.login,
            version=self._caller.version,
            on=clock.now().date(),
            period=period,
            metric_type=metric_type,
            breakdowns=breakdowns,
            since=since,
            until=until,
            timeframe=timeframe,
            allow_unknown=allow_unknown,
        )
        answer = self._caller.get(
            Endpoint.ACCOUNT_INSIGHTS,
            self._caller.ig_id,
            "insights",
            metric=",".join(metrics),
            period=period,
            metric_type=metric_type,
            breakdown=",".join(breakdowns) or None,
            since=since,
            until=until,
            timeframe=timeframe,
        )
        return read_insights(answer, Endpoint.ACCOUNT_INSIGHTS)

    def media(
        self,
        media_id: str,
        metrics: Sequence[str],
        *,
        breakdown: str | None = None,
        product_type: str | None = None,
        allow_unknown: bool = False,
    ) -> tuple[Insight, ...]:
        """Lifetime metrics of one media; never of an album's children. One bad metric fails the whole call.

        With `product_type`, metrics that such media do not have are refused before the call.
        """
        check_media(
            metrics,
            self._caller.login,
            version=self._caller.version,
            on=clock.now().date(),
            product_type=product_type,
            breakdown=breakdown,
            allow_unknown=allow_unknown,
        )
        answer = self._caller.get(
            Endpoint.MEDIA_INSIGHTS, media_id, "insights", metric=",".join(metrics), breakdown=breakdown
        )
        return read_insights(answer, Endpoint.MEDIA_INSIGHTS)


def nested_insights(
    caller: Caller, metrics: Sequence[str] | None, *, product_type: str | None = None, allow_unknown: bool = False
) -> list[str]:
    """The nested field that reads these lifetime metrics along with media; nothing without any.

    Raises UnknownMetric or InvalidMetricRequest.
    """
    if not metrics:
        return []
    check_media(
        metrics,
        caller.login,
        version=caller.version,
        on=clock.now().date(),
        product_type=product_type,
        allow_unknown=allow_unknown,
    )
    return [names.insights(metrics)]


def read_insights(answer: Any, endpoint: Endpoint) -> tuple[Insight, ...]:
    """The insights in `{"data": […]}`. Raises GraphError when there is no such list."""
    node = Node(answer, endpoint)
    if not isinstance(node.raw("data"), list):
        raise unreadable(endpoint, "the insights have no data")
    return insights_in(node, "data")


def insights_in(node: Node, name: str) -> tuple[Insight, ...]:
    """The metrics in a list, without those of which it says different things."""
    return node.told_once(name, node.each(name, read_insight), _series, lambda one: (one.values, one.total))


def read_insight(node: Node) -> Insight:
    values = node.each("values", _read_value)
    return Insight(
        name=node.id("name"),
        period=node.text("period"),
        title=node.text("title"),
        values=node.told_once("values", values, lambda one: one.end_time, lambda one: one.value),
        total=node.one("total_value", _read_total),
        extra=node.rest(),
    )


def _read_value(node: Node) -> InsightValue:
    counts = node.node("value") if isinstance(node.raw("value"), dict) else None
    value = _read_counts(counts) if counts else node.number("value")
    end_time = node.instant("end_time")
    if "end_time" in node.odd:  # it would be taken for a value of another period
        raise node.refuse("has an end_time that is no time")
    return InsightValue(value, end_time, node.rest())


def _read_counts(node: Node) -> dict[str, Number]:
    read = {key: node.number(key) for key in node.names()}
    return {key: number for key, number in read.items() if number is not None}


def _read_total(node: Node) -> TotalValue:
    breakdowns = node.each("breakdowns", _read_breakdown)
    known = node.told_once("breakdowns", breakdowns, lambda one: one.dimension_keys, lambda one: one.results)
    return TotalValue(node.number("value"), known, node.rest())


def _read_breakdown(node: Node) -> Breakdown:
    keys = node.texts("dimension_keys")
    if len(set(keys)) < len(keys) or (not keys and node.raw("results")):
        raise node.refuse("names no dimensions, or one of them twice")
    results = node.each("results", lambda result: _read_result(result, len(keys)))
    known = node.told_once("results", results, lambda one: one.dimension_values, lambda one: one.value)
    return Breakdown(keys, known, node.rest())


def _read_result(node: Node, dimensions: int) -> BreakdownResult:
    values = node.texts("dimension_values")
    if len(values) != dimensions:
        raise node.refuse(f"has {len(values)} dimension values for {dimensions} dimensions")
    return BreakdownResult(values, node.number("value"), node.rest())


def _series(insight: Insight) -> tuple[object, ...]:
    """What an insight is of."""
    breakdowns = insight.total.breakdowns if insight.total else ()
    return insight.name, insight.period, tuple(one.dimension_keys for one in breakdowns)


def _listed(breakdown: str | Sequence[str] | None) -> tuple[str, ...]:
    if breakdown is None:
        return ()
    return tuple(breakdown.split(",")) if isinstance(breakdown, str) else tuple(breakdown)
