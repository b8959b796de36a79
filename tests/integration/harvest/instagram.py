"""An Instagram of a few lines for what the simulator does not do: refusing the metrics that a test names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pressrun import clock
from pressrun.instagram.pacific import days
from tests.integration.harvest.conftest import Field
from tests.support.simulator import Simulator
from tests.unit.graph.server import Received, Reply, ScriptedServer


class Picky(ScriptedServer):
    """Answers insights of accounts and of a list of media; a call that holds a refused metric fails as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: set[str] = set()
        self.vague: set[str] = set()
        """Refused alone and by any breakdown, with the error that says nothing."""
        self.value: int | None = 5
        """Of every metric; None leaves the metric out."""
        self.media: list[dict[str, Any]] = []
        self.metrics_asked: list[list[str]] = []

    def take(self, request: Received) -> Reply:
        with self._lock:
            self.received.append(request)
        metrics = _metrics(request)
        self.metrics_asked.append(metrics)
        if self.refused & set(metrics):
            return _json(400, {"error": {"message": "(#100) metric not supported", "code": 100, "type": "E"}})
        if self.vague & set(metrics) and ("breakdown" in request.query or len(metrics) == 1):
            return _json(500, {"error": {"message": "An unknown error has occurred", "code": 1, "type": "E"}})
        if request.path.endswith("/insights"):
            return _json(200, {"data": [self._row(name, request) for name in metrics]})
        nested = {"insights": {"data": [self._row(name, request) for name in metrics]}} if metrics else {}
        return _json(200, {"data": [media | nested for media in self.media]})

    def _row(self, name: str, request: Received) -> dict[str, Any]:
        row: dict[str, Any] = {"name": name, "period": request.query.get("period", "lifetime")}
        if self.value is None:
            return row | {"values": []}
        if request.query.get("metric_type") == "total_value":
            return row | {"total_value": {"value": self.value}}
        point: dict[str, Any] = {"value": self.value}
        if "since" in request.query:  # a series: of the day that runs
            point["end_time"] = days(clock.now(), closed=0)[0].until.isoformat()
        return row | {"values": [point]}


@contextmanager
def picky() -> Iterator[Picky]:
    server = Picky()
    try:
        yield server
    finally:
        server.close()


def publish(simulator: Simulator, index: int, *, count: int = 1, story: bool = False) -> list[str]:
    """Media that somebody published without Pressrun; the simulator must not fetch media."""
    http, ig_id = simulator.http, simulator.ig_id(index)
    headers = {"Authorization": f"Bearer {simulator.token(index)}"}
    kind = {"media_type": "STORIES"} if story else {}
    made = []
    for number in range(count):
        form = {"image_url": f"https://example.com/{number}.jpg", **kind} | ({} if story else {"caption": f"c{number}"})
        container = http.post(f"/v25.0/{ig_id}/media", data=form, headers=headers).raise_for_status().json()["id"]
        sent = http.post(f"/v25.0/{ig_id}/media_publish", data={"creation_id": container}, headers=headers)
        made.append(str(sent.raise_for_status().json()["id"]))
    return made


def advance(field: Field, **time: float) -> None:
    """Push Instagram's time ahead; ours stands still."""
    hours = time.get("hours", 0) + time.get("days", 0) * 24
    field.simulator.post("/_sim/advance", seconds=hours * 3600 + time.get("minutes", 0) * 60)


def _metrics(request: Received) -> list[str]:
    if "metric" in request.query:
        return request.query["metric"].split(",")
    nested = re.search(r"insights\.metric\(([^)]*)\)", request.query.get("fields", ""))
    return nested[1].split(",") if nested else []


def _json(status: int, body: object) -> Reply:
    return Reply(status, json.dumps(body).encode())
