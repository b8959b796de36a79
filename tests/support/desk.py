"""A desk: operations, and the worker that works on what they owe, on one database beside a simulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic import SecretStr
from sqlalchemy import Row, text

from graph.wire.transport import Transport
from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.store.session import Database
from operations.operation import Context
from pressrun.network.hints import Hint
from pressrun.settings import Settings
from pressrun.vault import Vault
from tests.factories.rows import KEY
from tests.support.simulator import Simulator
from worker.boundary import perform
from worker.context import WorkerContext
from worker.tasks import STEPS

APP: dict[str, Any] = {"app_id": "SIM-APP", "app_secret": SecretStr("SIM-APP-SECRET")}
"""The simulator's app, in settings."""


@dataclass
class Desk:
    """Asks, and is the worker that is asked. Rooms of tests add what they ask for."""

    database: Database
    settings: Settings
    simulator: Simulator
    transport: Transport = field(default_factory=Transport)

    @classmethod
    @contextmanager
    def open(cls, database: Database, simulator: Simulator, **settings: Any) -> Iterator[Self]:
        told = {"graph_url": simulator.url, "secret_keys": [SecretStr(KEY)], "call_deadline": "5s", "lease": "30s"}
        desk = cls(database, Settings(**told | settings), simulator)
        try:
            yield desk
        finally:
            desk.transport.close()
            simulator.clear_faults()

    @property
    def context(self) -> Context:
        return Context(self.database, self.settings)

    @property
    def worker(self) -> WorkerContext:
        return WorkerContext(self.settings, self.database, Vault([KEY]), self.transport)

    def claim(self, name: str, only: int | None = None) -> list[Hint]:
        """Claim all rows of that kind of work that are owed anything, or the one, as if they were due now."""
        work = next(one for one in WORKS if one.name == name)
        due = "SET next_action_at = now(), leased_until = NULL WHERE next_action_at IS NOT NULL"
        self.sql(f"UPDATE {work.table} {due} AND id = coalesce(:only, id)", only=only)
        with self.database.transaction() as tx:
            return claim_due(tx, work, limit=100, lease_s=30.0)

    def perform(self, hint: Hint, ctx: WorkerContext | None = None) -> None:
        """What a worker does with that hint."""
        perform(ctx or self.worker, STEPS, hint)

    def sql(self, sql: str, **parameters: Any) -> None:
        with self.database.transaction() as tx:
            tx.execute(text(sql), parameters)

    def one(self, sql: str, **parameters: Any) -> Row[Any]:
        with self.database.transaction() as tx:
            return tx.execute(text(sql), parameters).one()
