from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from cli.main import app
from cli.problems import run
from machine.runtime import Runtime, runtime
from models.accounts.account import Account, Login
from models.reading.upkeep.workers import has_worker
from models.store.session import Database
from operations.accounts.connections import NewAccount, connect, outcome
from operations.operation import OWNER, Context
from pressrun.network.hints import Queue
from pressrun.settings import Settings
from tests.factories.rows import KEY
from tests.support.logs import logging_restored
from tests.support.processes import environment
from tests.support.simulator import Simulator
from tests.support.waiting import until
from worker.app import make_context
from worker.pull import Puller
from worker.tasks import STEPS


@dataclass
class Command:
    """Runs `pressrun` commands with these settings, in this process: a new interpreter takes a second to import all."""

    settings: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, text: str = "", **over: str) -> subprocess.CompletedProcess[str]:
        """What `subprocess.run` would give."""
        told = environment(self.settings | {f"PRESSRUN_{name}": value for name, value in over.items()})
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err), logging_restored():
            for name, value in told.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.StringIO(text))
            code = run(app, arguments)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    def json(self, *arguments: str, code: int = 0, **over: str) -> Any:
        """The one document that a command prints with --json."""
        done = self.run(*arguments, "--json", **over)
        assert done.returncode == code, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)


@pytest.fixture
def command(database_url: str, redis_url: str, simulator: Simulator, tmp_path: Path) -> Command:
    """Commands against the test's own database and simulator."""
    return Command(
        {
            "PRESSRUN_DATABASE_URL": database_url,
            "PRESSRUN_REDIS_URL": redis_url,
            "PRESSRUN_GRAPH_URL": simulator.url,
            "PRESSRUN_SECRET_KEYS": KEY,
            "PRESSRUN_HOME": str(tmp_path / "home"),
        }
    )


@dataclass(frozen=True)
class Added:
    """An account that is connected by now."""

    account: Account
    is_new: bool
    posts_woken: int


@dataclass
class Here:
    """The same in this process."""

    runtime: Runtime
    simulator: Simulator

    @property
    def database(self) -> Database:
        return self.runtime.database

    def add(self, index: int = 0, **over: Any) -> Added:
        """`account add --no-check` for the simulator's account `index`."""
        values: dict[str, Any] = {
            "login": Login.INSTAGRAM if index % 2 else Login.FACEBOOK,
            "ig_id": self.simulator.ig_id(index),
            "name": f"sim-{index}",
            "token": self.simulator.token(index),
        }
        ctx = Context(self.runtime.database, self.runtime.settings)
        done = outcome(ctx, OWNER, connect(ctx, OWNER, NewAccount(**values | over), check=False))
        account = self.account(index)
        assert account is not None
        return Added(account, done.is_new, done.posts_woken)

    def account(self, index: int = 0) -> Account | None:
        with self.database.transaction() as tx:
            return tx.scalar(select(Account).where(Account.ig_id == self.simulator.ig_id(index)))

    def execute(self, sql: str, **parameters: Any) -> None:
        with self.database.transaction() as tx:
            tx.execute(text(sql), parameters)


@pytest.fixture
def here(database: Database, database_url: str, simulator: Simulator, tmp_path: Path) -> Iterator[Here]:
    """A runtime on the test's own database; the invariants are checked at its end."""
    settings = Settings(
        database_url=database_url,
        graph_url=simulator.url,
        secret_keys=[SecretStr(KEY)],
        home=tmp_path / "home",
    )
    with runtime(settings) as running:
        yield Here(running, simulator)


@pytest.fixture
def workers(here: Here) -> Iterator[None]:
    """Workers of all queues, without a broker: what is overdue they pull from the database, as when Redis is away."""
    ctx = make_context(
        here.runtime.settings, database_url=here.runtime.database_url, concurrency=8, media_base_url=None
    )
    puller = Puller(ctx, STEPS, list(Queue), concurrency=4)
    puller.start()
    try:
        until(lambda: _is_seen(here), what="the database sees no worker")
        yield
    finally:
        ctx.stopping.set()
        puller.stop()
        ctx.transport.close()
        ctx.database.close()


def _is_seen(here: Here) -> bool:
    with here.database.transaction() as tx:
        return has_worker(tx, Queue.PREPARE)
