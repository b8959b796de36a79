"""The shapes of insight answers (graph-api.md §6.4) and the reading of their parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import methodcaller
from typing import Any

from simulator.calls.call import Call
from simulator.calls.node_type import NodeType
from simulator.protocol import errors
from simulator.protocol.fields import Field
from simulator.protocol.params import Params
from simulator.world.clock import graph_time


def wanted_metrics(params: Params, known: Collection[str]) -> list[str]:
    """The metrics asked for. One that is unknown, or gone since, fails the whole call."""
    metrics = params.listing("metric")
    if not metrics:
        raise errors.missing("metric")
    for at, metric in enumerate(metrics):
        if metric not in known:
            allowed = ", ".join(sorted(known))
            raise errors.invalid(f"metric[{at}] must be one of the following values: {allowed}")
    return list(dict.fromkeys(metrics))


def wanted_period(params: Params) -> str | None:
    """The period asked for; Meta's SDK sends it as a list of one."""
    periods = params.listing("period")
    if len(periods) > 1:
        raise errors.invalid("Param period takes one value")
    return periods[0] if periods else None


def row(node: str, metric: str, period: str, **content: Any) -> dict[str, Any]:
    title = metric.replace("_", " ").capitalize()
    return {
        "name": metric,
        "period": period,
        **content,
        "title": title,
        "description": f"{title} of the object, as the simulator counts it.",
        "id": f"{node}/insights/{metric}/{period}",
    }


INSIGHT = NodeType("InstagramInsightsResult")
for _field in ("id", "name", "period", "values", "total_value", "title", "description"):
    INSIGHT.plain(_field, methodcaller("get", _field))


def shown(call: Call, rows: Sequence[dict[str, Any]], selection: tuple[Field, ...]) -> list[dict[str, Any]]:
    """The rows with the selected fields, and whole without a selection."""
    return [INSIGHT.render(call, one, selection) for one in rows] if selection else list(rows)


def series(points: Sequence[tuple[Any, float]]) -> list[dict[str, Any]]:
    return [{"value": value, "end_time": graph_time(end)} for value, end in points]


def breakdown(keys: Sequence[str], parts: Mapping[tuple[str, ...], int]) -> dict[str, Any]:
    results = [{"dimension_values": list(values), "value": value} for values, value in parts.items()]
    return {"dimension_keys": list(keys), "results": results}
