"""A simulator process for a test, and the few questions that tests ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx

from tests.support.processes import Process, start_module

FIRST_IG_ID = 17_841_400_000_000_000


@dataclass
class Simulator:
    """A running simulator. Account `i` is on Facebook Login when even, on Instagram Login when odd."""

    url: str
    process: Process
    http: httpx.Client

    @classmethod
    @contextmanager
    def start(cls, **flags: Any) -> Iterator[Self]:
        """`flags` as on its command line, with underscores; True stands alone, a list is given several times."""
        arguments: list[str] = []
        for name, value in {"port": 0, **flags}.items():
            option = "--" + name.replace("_", "-")
            for one in value if isinstance(value, list | tuple) else [value]:
                arguments += [option] if one is True else [option, str(one)]
        with start_module("simulator", *arguments) as process:
            url = process.line(r"^LISTENING (http://\S+)$")
            with httpx.Client(base_url=url, timeout=10) as http:
                yield cls(url, process, http)

    def ig_id(self, index: int) -> str:
        return str(FIRST_IG_ID + index)

    def token(self, index: int) -> str:
        return f"SIM-TOKEN-{index}"

    def publishes(self) -> list[dict[str, Any]]:
        """The ledger: every publish that the simulator accepted, oldest first."""
        answer = self.http.get("/_sim/ledger").raise_for_status().json()
        return list(answer["publishes"])

    def report(self) -> dict[str, Any]:
        return dict(self.http.get("/_sim/report").raise_for_status().json())

    def fault(self, **rule: Any) -> None:
        self.http.post("/_sim/faults", json=rule).raise_for_status()

    def clear_faults(self) -> None:
        self.http.delete("/_sim/faults").raise_for_status()

    def post(self, path: str, **body: Any) -> Any:
        return self.http.post(path, json=body).raise_for_status().json()
