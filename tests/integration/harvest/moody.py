"""An Instagram in a mood: the simulator behind a go-between that refuses metrics and leaves numbers out, by a seed.

It keeps its own book of every number that went through, read from the answers by code that shares nothing with the
harvests: what the history must hold, and nothing else.
"""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime
from typing import Any

import httpx

from pressrun.network.trust import authorities
from simulator.world.metrics import day_of, end_of
from tests.unit.graph.server import Received, Reply, ScriptedServer

Book = dict[tuple[str, ...], int]
"""(kind of node, …) → the number told last."""

_NESTED = re.compile(r"insights\.metric\(([^)]*)\)")


class Moody(ScriptedServer):
    """`refused`: metrics that fail a call. `empty`: the share of numbers that are left out, the same for one `mood`."""

    def __init__(self, behind: str, seed: int) -> None:
        super().__init__()
        self.seed, self.mood = seed, 0
        self.refused: set[str] = set()
        self.empty = 0.15
        self.asked: set[str] = set()
        self.told: Book = {}
        self._behind = httpx.Client(base_url=behind, timeout=60, verify=authorities())

    def close(self) -> None:
        super().close()
        self._behind.close()

    def take(self, request: Received) -> Reply:
        metrics = _metrics(request)
        if self.refused & set(metrics):
            error = {"message": "(#100) metric not supported", "code": 100, "type": "OAuthException"}
            return Reply(400, json.dumps({"error": error}).encode())
        sent = {"authorization": request.headers.get("authorization", "")}
        answer = self._behind.request(request.method, request.path, params=request.query, headers=sent)
        if answer.status_code != 200:
            return Reply(answer.status_code, answer.content)
        with self._lock:
            self.asked.update(metrics)
            body = self._thinned(request, answer.json())
            self._note(request, body)
        return Reply(200, json.dumps(body).encode())

    def _thinned(self, request: Received, body: Any) -> Any:
        """Without the numbers that are left out: empty is unknown, and no error."""
        if request.path.endswith("/insights"):
            node = request.path.split("/")[-2]
            return body | {"data": self._left(body["data"], node, *_where(request))}
        if request.path.endswith("/media"):
            for media in body["data"]:
                if "insights" in media:
                    media["insights"]["data"] = self._left(media["insights"]["data"], media["id"])
        return body

    def _left(self, rows: list[dict[str, Any]], *where: str) -> list[dict[str, Any]]:
        return [
            row
            for row in rows
            if random.Random(repr((self.seed, self.mood, row["name"], *where))).random() >= self.empty
        ]

    def _note(self, request: Received, body: Any) -> None:
        if request.path.endswith("/media"):
            for media in body["data"]:
                self._note_media(media["id"], media.get("insights", {}).get("data", []))
        elif request.path.endswith("/insights") and "period" in request.query and "since" in request.query:
            if request.query["period"] == "day":
                self._note_account(request, body["data"])
        elif request.path.endswith("/insights"):
            self._note_media(request.path.split("/")[-2], body["data"])

    def _note_media(self, media_id: str, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            for one in row.get("values", []):
                self.told["media", media_id, row["name"]] = one["value"]

    def _note_account(self, request: Received, rows: list[dict[str, Any]]) -> None:
        day_end = datetime.fromtimestamp(end_of(day_of(float(request.query["since"]) + 3600)), UTC)
        for row in rows:
            for one in row.get("values", []):
                self.told["account", row["name"], "", _end(one["end_time"])] = one["value"]
            total = row.get("total_value", {})
            if "value" in total and "breakdown" not in request.query:
                self.told["account", row["name"], "", day_end.isoformat()] = total["value"]
            for breakdown in total.get("breakdowns", []):
                name = (
                    "follow_type"
                    if breakdown["dimension_keys"] == ["follower_type"]
                    else breakdown["dimension_keys"][0]
                )
                for result in breakdown["results"]:
                    part = f"{name}={result['dimension_values'][0]}"
                    self.told["account", row["name"], part, day_end.isoformat()] = result["value"]


def _metrics(request: Received) -> list[str]:
    if "metric" in request.query:
        return request.query["metric"].split(",")
    nested = _NESTED.search(request.query.get("fields", ""))
    return nested[1].split(",") if nested else []


def _where(request: Received) -> list[str]:
    """What the dice are thrown for. Totals are of one day; a series is the same one wherever it is asked to begin."""
    of_a_day = ("since",) if request.query.get("metric_type") == "total_value" else ()
    return [request.query.get(name, "") for name in (*of_a_day, "breakdown", "metric_type")]


def _end(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat()
