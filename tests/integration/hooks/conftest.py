"""A desk: a worker and operations on one database, beside a simulator that all tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from models.accounts.account import Login
from models.connecting.joining import NewAccount, join_account
from models.store.session import Database
from pressrun.vault import Vault
from tests.factories.rows import KEY
from tests.support import desk as support
from tests.support.simulator import Simulator


class Desk(support.Desk):
    """Connects accounts of the simulator, and is the worker that works on what is owed them."""

    def join(self, index: int = 0, **over: Any) -> int:
        """The simulator's account `index`, as one that was confirmed."""
        values: dict[str, Any] = {
            "login": Login.INSTAGRAM if index % 2 else Login.FACEBOOK,
            "ig_id": self.simulator.ig_id(index),
            "name": f"sim-{index}",
            "token": self.simulator.token(index),
        }
        with self.database.transaction() as tx:
            return join_account(tx, NewAccount(**values | over), Vault([KEY])).account_id

    def work(self, name: str, **over: Any) -> int:
        """One step of all rows of that kind, as if they were due; how many that were."""
        hints = self.claim(name)
        for hint in hints:
            self.perform(hint)
        return len(hints)


@pytest.fixture(scope="module")
def instagram() -> Iterator[Simulator]:
    """One for all tests of a module; each has the account that it changes for itself, or puts it back."""
    with Simulator.start(accounts=16, image_processing_s=0.0, fetch_media=False) as running:
        yield running


@pytest.fixture
def desk(database: Database, instagram: Simulator) -> Iterator[Desk]:
    with Desk.open(database, instagram, **support.APP) as desk:
        yield desk
