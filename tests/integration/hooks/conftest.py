"""A desk: a worker and operations on one database, beside a simulator that all tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Row, text

from graph.transport import Transport
from models.account import Login
from models.claims import claim_due
from models.joining import NewAccount, join_account
from models.session import Database
from models.works import WORKS
from operations.operation import Context
from pressrun.settings import Settings
from pressrun.vault import Vault
from tests.factories.rows import KEY
from tests.support.simulator import Simulator
from worker.boundary import perform
from worker.context import WorkerContext
from worker.tasks import STEPS


@dataclass
class Desk:
    """Connects accounts of the simulator, and is the worker that works on what is owed them."""

    database: Database
    settings: Settings
    simulator: Simulator
    transport: Transport = field(default_factory=Transport)

    @property
    def context(self) -> Context:
        return Context(self.database, self.settings)

    @property
    def worker(self) -> WorkerContext:
        return WorkerContext(self.settings, self.database, Vault([KEY]), self.transport)

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
        work = next(one for one in WORKS if one.name == name)
        due = "SET next_action_at = now(), leased_until = NULL WHERE next_action_at IS NOT NULL"
        self.sql(f"UPDATE {work.table} {due}")
        with self.database.transaction() as tx:
            hints = claim_due(tx, work, limit=100, lease_s=30.0)
        for hint in hints:
            perform(self.worker, STEPS, hint)
        return len(hints)

    def sql(self, sql: str, **parameters: Any) -> None:
        with self.database.transaction() as tx:
            tx.execute(text(sql), parameters)

    def one(self, sql: str, **parameters: Any) -> Row[Any]:
        with self.database.transaction() as tx:
            return tx.execute(text(sql), parameters).one()


@pytest.fixture(scope="module")
def instagram() -> Iterator[Simulator]:
    """One for all tests of a module; each has the account that it changes for itself, or puts it back."""
    with Simulator.start(accounts=16, image_processing_s=0.0, fetch_media=False) as running:
        yield running


@pytest.fixture
def desk(database: Database, instagram: Simulator) -> Iterator[Desk]:
    settings = Settings(
        graph_url=instagram.url,
        secret_keys=[SecretStr(KEY)],
        app_id="SIM-APP",
        app_secret=SecretStr("SIM-APP-SECRET"),
        call_deadline="5s",
        lease="30s",
    )
    desk = Desk(database, settings, instagram)
    yield desk
    desk.transport.close()
    instagram.clear_faults()
