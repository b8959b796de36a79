"""What tests with foreign clients share: the simulated world and the accounts they take from it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pressrun import clock
from tests.support.simulator import Simulator

APP_ID, APP_SECRET = "SIM-APP", "SIM-APP-SECRET"
_FIRST_PAGE = 10_150_000_000_000_000


def days_ago(days: int) -> int:
    """As `since` wants it. A day that Instagram has told of lies within the last three always, in the last one not."""
    return int((clock.now() - timedelta(days=days)).timestamp())


@dataclass(frozen=True)
class Account:
    """One account of the simulator, as its owner knows it."""

    index: int
    ig_id: str
    username: str
    token: str

    @property
    def page_id(self) -> str:
        return str(_FIRST_PAGE + self.index)

    @property
    def page_token(self) -> str:
        return f"SIM-TOKEN-PAGE-{self.index}"


@dataclass
class World:
    """`media` is the address of the host with the real files."""

    simulator: Simulator
    media: str
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(2))

    @property
    def url(self) -> str:
        return self.simulator.url

    def take(self, *, instagram: bool = False) -> Account:
        """An account that nobody has taken before, with media of all types among its newest eleven."""
        for index in self._numbers:
            if index % 2 == instagram:  # odd ones are on Instagram Login
                node = self.simulator.ig_id(index)
                profile = self.ask(index, node, fields="username,media.limit(11){media_type}")
                if len({media["media_type"] for media in profile["media"]["data"]}) == 3:
                    return Account(index, node, profile["username"], self.simulator.token(index))
        raise AssertionError("unreachable: the numbers never end")

    def ask(self, index: int, path: str, **params: Any) -> Any:
        """What the simulator says to a plain GET: the measure for what a client makes of it."""
        headers = {"authorization": f"Bearer {self.simulator.token(index)}"}
        answer = self.simulator.http.get(f"/v25.0/{path}", params=params, headers=headers)
        return answer.raise_for_status().json()

    def push(self, what: str, account: Account, **body: Any) -> Any:
        """Something happens that only others can do: `mention`, `comment`, `tag`, `token`, `account`."""
        return self.simulator.post(f"/_sim/{what}", account=account.index, **body)

    def published(self, account: Account) -> list[dict[str, Any]]:
        """The account's lines of the ledger, oldest first."""
        return [line for line in self.simulator.publishes() if line["account"] == account.ig_id]
