"""A simulator for a test, and the few questions that tests ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx

from cli.demo.month import AGES_H
from pressrun.network.trust import authorities
from simulator.config import SimulatorConfig
from simulator.serve import background

FIRST_IG_ID = 17_841_400_000_000_000


@dataclass
class Simulator:
    """A running simulator. Account `i` is on Facebook Login when even, on Instagram Login when odd."""

    url: str
    http: httpx.Client
    stop: Callable[[], None]
    """End it before the test does."""

    @classmethod
    @contextmanager
    def start(cls, **settings: Any) -> Iterator[Self]:
        """In a thread of this process, on real HTTP. `settings` as of SimulatorConfig; `faults` as on its command line.

        Tests that kill it start it as a process of its own (`tests/unit/simulator/test_durability.py`).
        """
        config = SimulatorConfig(**{"port": 0, **settings})
        with ExitStack() as running:
            url = running.enter_context(background(config))
            with httpx.Client(base_url=url, timeout=60, verify=authorities()) as http:
                yield cls(url, http, running.close)

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

    def past(self, account: str, media: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Older media of an account, by its id, name or number, as the demo's month wants them."""
        answer = self.post("/_sim/past", account=account, media=media, ages_h=AGES_H)
        return list(answer["media"])

    def post(self, path: str, **body: Any) -> Any:
        return self.http.post(path, json=body).raise_for_status().json()
