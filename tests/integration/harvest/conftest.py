"""Harvest and inbox steps one at a time: real rows, a real simulator, claims as scheduler and worker make them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row, text

from graph.wire.transport import Transport
from models.accounts.account import Account
from models.harvests.crons import STANDING_CRONS
from models.harvests.harvest import HarvestKind, add_harvests
from models.hooks.inbox import NewChange, store_changes
from models.owed.claims import Lease, claim_due, take
from models.owed.works import WORKS
from models.store.session import Database
from pressrun import clock, failpoints
from pressrun.network.hints import Queue
from pressrun.settings import Settings
from pressrun.vault import Vault
from scheduler.harvests.planning import plan
from tests.factories.rows import KEY, make_account
from tests.support.simulator import Simulator
from tests.unit.graph.server import ScriptedServer
from worker import inbox
from worker.context import WorkerContext
from worker.harvests import run as harvest

LEASE_S = 30.0

STILL: dict[str, Any] = {"speed": 0.0001, "fetch_media": False, "image_processing_s": 0.0}
"""A simulator whose time stands still, so that no number changes by itself between two reads of a test."""


@dataclass
class Field:
    """A database and an Instagram, with the steps that lie between them."""

    database: Database
    settings: Settings
    instagram: Simulator | None = None
    transport: Transport = field(default_factory=Transport)

    @property
    def simulator(self) -> Simulator:
        assert self.instagram is not None, "this test answers for Instagram itself"
        return self.instagram

    @property
    def ctx(self) -> WorkerContext:
        return WorkerContext(self.settings, self.database, Vault([KEY]), self.transport)

    def account(self, index: int = 0, **over: Any) -> Account:
        """The simulator's account `index` with its harvests, none of them planned yet."""
        values: dict[str, Any] = {"login": "facebook" if index % 2 == 0 else "instagram", "username": None}
        if self.instagram is not None:
            values |= {"ig_id": self.simulator.ig_id(index), "token": self.simulator.token(index)}
        with self.database.transaction() as tx:
            account = make_account(tx, **values | over)
            add_harvests(tx, account.id, STANDING_CRONS)
        return account

    def plan(self) -> int:
        """Plan until nothing waits for a slot, as the scheduler's loop does; returns how many were planned."""
        planned = 0
        while True:
            with self.database.look() as tx:
                step = plan(tx, clock.now())
            planned += step
            if not step:
                return planned

    def lease(self, kind: HarvestKind, account: Account) -> Lease:
        """The claim of that harvest, whose slot is now due (a new one, unless one is owed)."""
        self.sql(
            """
            UPDATE harvests
               SET slot_at = CASE WHEN slot_at <= now() THEN slot_at ELSE now() END,
                   next_action_at = now(), leased_until = now(), claim = claim + 1
             WHERE account_id = :account_id AND kind = :kind
            """,
            account_id=account.id,
            kind=kind.value,
        )
        row = self.row("SELECT id, claim FROM harvests WHERE account_id = :a AND kind = :k", a=account.id, k=kind.value)
        with self.database.transaction() as tx:
            lease = take(tx, "harvests", row.id, row.claim, lease_s=LEASE_S)
        assert lease is not None
        return lease

    def harvest(self, kind: HarvestKind, account: Account, ctx: WorkerContext | None = None) -> Row[Any]:
        """Run it for the slot that is due; returns its latest run."""
        harvest.run(ctx or self.ctx, self.lease(kind, account))
        return self.latest_run(kind, account)

    def latest_run(self, kind: HarvestKind, account: Account) -> Row[Any]:
        return self.row(
            """
            SELECT r.*, h.slot_at AS owed_slot, h.next_action_at, h.tries, h.refused, h.leased_until
              FROM harvests h LEFT JOIN harvest_runs r ON r.harvest_id = h.id
             WHERE h.account_id = :account_id AND h.kind = :kind
             ORDER BY r.id DESC LIMIT 1
            """,
            account_id=account.id,
            kind=kind.value,
        )

    def repeat_slot(self, kind: HarvestKind, account: Account) -> None:
        """Make the slot of the latest run owed and open again: as if its worker had died before the end."""
        run = self.latest_run(kind, account)
        self.sql("UPDATE harvest_runs SET status = 'running', finished_at = NULL WHERE id = :id", id=run.id)
        self.sql("UPDATE harvests SET slot_at = :slot WHERE id = :id", slot=run.slot_at, id=run.harvest_id)
        self.recount()

    def recount(self) -> None:
        """After runs have been changed by hand: what their harvests say of them."""
        self.sql(
            """
            UPDATE harvests h SET last_run_id = r.last_run_id, last_slot_at = r.last_slot_at, done_at = r.done_at,
                   covered_at = r.covered_at
              FROM (SELECT harvest_id, max(id) AS last_run_id,
                           (array_agg(slot_at ORDER BY id DESC))[1] AS last_slot_at,
                           max(greatest(slot_at, finished_at)) FILTER (WHERE status <> 'running') AS done_at,
                           max(finished_at) FILTER (WHERE status IN ('done', 'partial') AND covers) AS covered_at
                      FROM harvest_runs WHERE backfill_id IS NULL GROUP BY harvest_id) r
             WHERE r.harvest_id = h.id
            """
        )

    def notify(self, account: Account | None, field: str, value: Any, *, entry_id: str = "") -> int:
        """A webhook change in the inbox; returns the event's number."""
        with self.database.transaction() as tx:
            sent_at = clock.now() - timedelta(seconds=2)
            account_id, ig_id = (account.id, account.ig_id) if account else (None, entry_id)
            store_changes(tx, [NewChange(account_id, "instagram", ig_id, field, value, sent_at)])
        return int(self.value("SELECT max(id) FROM inbox_events"))

    def handle(self, event_id: int | None = None) -> Row[Any]:
        """Handle that event (the newest, if none is named) as if it were due now; returns it as it is then."""
        event_id = event_id or int(self.value("SELECT max(id) FROM inbox_events"))
        self.sql("UPDATE inbox_events SET next_action_at = now(), leased_until = NULL WHERE id = :id", id=event_id)
        work = next(work for work in WORKS if work.queue is Queue.INBOX)
        with self.database.transaction() as tx:
            hints = claim_due(tx, work, limit=10, lease_s=LEASE_S)
        hint = next(hint for hint in hints if hint.id == event_id)
        with self.database.transaction() as tx:
            lease = take(tx, "inbox_events", hint.id, hint.claim, lease_s=LEASE_S)
        assert lease is not None
        inbox.run(self.ctx, lease)
        return self.row("SELECT * FROM inbox_events WHERE id = :id", id=event_id)

    def count(self, table: str) -> int:
        return int(self.value(f"SELECT count(*) FROM {table}"))  # noqa: S608

    def history(self) -> dict[str, int]:
        """How many rows each table of the history has."""
        return {
            table: self.count(table)
            for table in ("account_observations", "audience_snapshots", "media_snapshots", "media", "tags")
        }

    def value(self, sql: str, **parameters: Any) -> Any:
        with self.database.transaction() as tx:
            return tx.execute(text(sql), parameters).scalar()

    def row(self, sql: str, **parameters: Any) -> Row[Any]:
        return self.rows(sql, **parameters)[0]

    def rows(self, sql: str, **parameters: Any) -> list[Row[Any]]:
        with self.database.transaction() as tx:
            return list(tx.execute(text(sql), parameters))

    def sql(self, sql: str, **parameters: Any) -> None:
        with self.database.transaction() as tx:
            tx.execute(text(sql), parameters)


def settings_for(url: str, **over: Any) -> Settings:
    return Settings(graph_url=url, **{"call_deadline": "5s", "lease": "30s"} | over)


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


@pytest.fixture
def field_(database: Database, simulator_factory: Callable[..., Simulator]) -> Iterator[Field]:
    simulator = simulator_factory(accounts=4, **STILL)
    field = Field(database, settings_for(simulator.url), simulator)
    yield field
    field.transport.close()


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """An Instagram that answers word for word what the test says."""
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def scripted_field(database: Database, scripted: ScriptedServer) -> Iterator[Field]:
    field = Field(database, settings_for(scripted.url))
    yield field
    field.transport.close()
