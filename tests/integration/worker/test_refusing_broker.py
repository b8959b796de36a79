"""A broker that answers and refuses: no worker ends, work goes on by the pull, and hints are heard again afterwards."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.posts.states import PostState
from models.store.session import Database
from pressrun.errors import ServerUnreachable
from pressrun.network.broker import Broker
from pressrun.network.hints import Hint, Queue, Task
from tests.factories.rows import KEY, make_inbox_event
from tests.support.bench import Bench
from tests.support.debian_servers import RedisServer, redis_server
from tests.support.processes import Process, start_module
from tests.support.servers import Servers, clone_database, drop_database
from tests.support.waiting import until

INBOX = next(work for work in WORKS if work.name == "inbox")
PUBLISH = WORKS[0]
PASSWORD = "first-password"

_DUE = text("UPDATE posts SET next_action_at = now(), publish_at = now() WHERE id = :id")
_IS_HANDLED = text("SELECT handled_at IS NOT NULL FROM inbox_events WHERE id = :id")
_LEASE = text("""
    SELECT extract(epoch FROM leased_until - now())::float8, extract(epoch FROM next_action_at - now())::float8
      FROM inbox_events WHERE id = :id
""")
_LEASE_IS_OVER = text("""
    UPDATE inbox_events SET leased_until = now(), next_action_at = next_action_at - (leased_until - now())
     WHERE id = :id
""")


@dataclass
class World:
    """One worker of all queues whose broker can be turned against it."""

    redis: RedisServer
    worker: Process
    database: Database

    def troubles(self) -> int:
        return sum("worker.broker_trouble" in line for line in self.worker.lines)

    def event(self) -> int:
        with self.database.transaction() as tx:
            return make_inbox_event(tx).id

    def is_handled(self, event_id: int) -> bool:
        with self.database.transaction() as tx:
            return bool(tx.execute(_IS_HANDLED, {"id": event_id}).scalar_one())

    def claim(self, *, lease_s: float, by_broker: bool = False) -> Hint:
        with self.database.transaction() as tx:
            (hint,) = claim_due(tx, INBOX, limit=1, lease_s=lease_s, by_broker=by_broker)
        return hint

    def hears(self) -> bool:
        """Whether a hint is taken. Nothing but the hint can cause it: the claim holds the row for a minute."""
        event = self.event()
        hint = self.claim(lease_s=60)
        broker = Broker(self.redis.url(user="sender", password=PASSWORD))
        try:
            broker.send(hint)
        finally:
            broker.close()
        until(lambda: self.is_handled(event), what=lambda: self.worker.output)
        return True


def start_worker(redis_url: str, database_url: str, home: Path, **settings: str) -> Process:
    told = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "SECRET_KEYS": KEY, "HOME": str(home), **settings}
    env = {f"PRESSRUN_{name}": value for name, value in told.items()}
    return start_module("cli", "worker", "--concurrency", "2", env=env)


@contextmanager
def guarded_redis() -> Iterator[RedisServer]:
    """With the users `worker` and `sender`, who may do everything."""
    with redis_server("--enable-debug-command", "local") as server:
        for user in ("worker", "sender"):
            server.admin.execute_command("ACL", "SETUSER", user, "on", f">{PASSWORD}", "~*", "&*", "+@all")
        yield server


@pytest.fixture(scope="module")
def world(servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    name = f"refusing_broker_{os.getpid()}"
    url = clone_database(servers.database_url, template, name)
    database = Database(url)
    with guarded_redis() as server:
        redis_url = server.url(user="worker", password=PASSWORD)
        with start_worker(redis_url, url, tmp_path_factory.mktemp("home"), HINT_LEASE="2s") as worker:
            worker.line(r"^READY worker", 60)
            yield World(server, worker, database)
            assert worker.terminate(60) == 0, worker.output
    database.close()
    drop_database(servers.database_url, name)


def _replica(server: RedisServer) -> None:
    server.become_replica()


def _master(server: RedisServer) -> None:
    server.become_master()


def _no_memory(server: RedisServer) -> None:
    server.admin.config_set("maxmemory", "1")
    server.kill_clients()  # so that the worker has to declare its queues, which takes memory


def _memory(server: RedisServer) -> None:
    server.admin.config_set("maxmemory", "0")


def _other_password(server: RedisServer) -> None:
    server.admin.execute_command("ACL", "SETUSER", "worker", "resetpass", ">another")
    server.kill_clients()


def _same_password(server: RedisServer) -> None:
    server.admin.execute_command("ACL", "SETUSER", "worker", "resetpass", f">{PASSWORD}")


def _no_brpop(server: RedisServer) -> None:
    server.admin.execute_command("ACL", "SETUSER", "worker", "-brpop")


def _brpop(server: RedisServer) -> None:
    server.admin.execute_command("ACL", "SETUSER", "worker", "+brpop")


def _between(break_: Callable[[RedisServer], None], mend: Callable[[RedisServer], None]) -> Trouble:
    @contextmanager
    def trouble(server: RedisServer) -> Iterator[None]:
        break_(server)
        try:
            yield
        finally:
            mend(server)

    return trouble


Trouble = Callable[[RedisServer], AbstractContextManager[None]]
TROUBLES: dict[str, Trouble] = {
    "replica": _between(_replica, _master),
    "out of memory": _between(_no_memory, _memory),
    "another password": _between(_other_password, _same_password),
    "no right to BRPOP": _between(_no_brpop, _brpop),
    "MISCONF": _between(RedisServer.cannot_save, RedisServer.can_save),
    "LOADING": RedisServer.loading,
}
_SAYS = {"MISCONF": "MISCONF", "LOADING": "loading the dataset"}


# A Redis that is made to load its data again, slowly and on a crowded machine, has once ended by itself meanwhile, and
# took the other tests' broker with it.
LONG = {"LOADING": [pytest.mark.long]}


@pytest.mark.parametrize("trouble", [pytest.param(name, marks=LONG.get(name, [])) for name in TROUBLES])
def test_a_worker_outlives_a_broker_that_refuses_and_works_meanwhile(world: World, trouble: str) -> None:
    assert world.hears()
    before = world.troubles()

    with TROUBLES[trouble](world.redis):
        until(lambda: world.troubles() > before, what=lambda: world.worker.output)
        event = world.event()
        until(lambda: world.is_handled(event), what=lambda: world.worker.output)
        assert world.worker.returncode is None, world.worker.output

    assert _SAYS.get(trouble, "") in world.worker.output
    assert world.hears()
    assert "Traceback" not in world.worker.output
    assert PASSWORD not in world.worker.output


def test_a_worker_whose_connections_are_killed_hears_the_next_hint(world: World) -> None:
    assert world.hears()

    for _ in range(3):
        world.redis.kill_clients()

    assert world.hears()
    assert world.worker.returncode is None


def test_hints_that_are_accepted_and_handed_out_to_nobody_are_pulled(world: World) -> None:
    """A scheduler sends the same row again the moment it is due: without a part of the lease of its own, the pull
    would never see it."""
    before = world.troubles()
    _no_brpop(world.redis)
    until(lambda: world.troubles() > before, what=lambda: world.worker.output)
    event = world.event()
    broker = Broker(world.redis.url(user="sender", password=PASSWORD))

    hint = world.claim(lease_s=20, by_broker=True)
    broker.send(hint)
    broker.close()

    with world.database.transaction() as tx:
        held_s, due_s = tx.execute(_LEASE, {"id": event}).one()
        assert (round(held_s), round(due_s)) == (20, 24)
        tx.execute(_LEASE_IS_OVER, {"id": event})
    until(lambda: world.is_handled(event), what=lambda: world.worker.output)
    _brpop(world.redis)
    assert world.hears()


def test_posts_go_out_by_the_pull_for_as_long_as_the_broker_is_a_replica(
    bench: Bench, database_url: str, tmp_path: Path
) -> None:
    """Each by the first look that finds it overdue, so the time between two looks is what it is late at most: there is
    no scheduler, and a claim that were lost would hold the post for `PRESSRUN_HINT_LEASE`, an hour here.
    """
    account = bench.account()
    posts = [bench.post(account, publish_at="+20m", caption=f"number {number}") for number in range(3)]
    for post_id in posts:
        bench.drive(post_id, PostState.STAGED, hurry=False)
    with guarded_redis() as server:
        redis_url = server.url(user="worker", password=PASSWORD)
        settings = {"GRAPH_URL": bench.simulator.url, "HINT_LEASE": "1h"}
        with start_worker(redis_url, database_url, tmp_path / "worker", **settings) as worker:
            worker.line(r"^READY worker", 60)
            server.become_replica()
            worker.line(r"worker\.broker_trouble", 30)
            for post_id in posts:
                _goes_out_meanwhile(bench, worker, post_id)

            assert worker.returncode is None
            assert server.admin.info("replication")["role"] == "slave"
            assert worker.terminate(60) == 0, worker.output
    assert _said(worker, r"^READY") == 1
    assert _said(worker, r"pull\.claimed") >= len(posts)
    assert [entry["caption"] for entry in bench.simulator.publishes()] == ["number 0", "number 1", "number 2"]


def _goes_out_meanwhile(bench: Bench, worker: Process, post_id: int) -> None:
    """The post falls due, and is claimed by the pull, once."""
    claim = bench.read(post_id).claim
    with bench.database.transaction() as tx:
        tx.execute(_DUE, {"id": post_id})
    until(lambda: bench.read(post_id).state == PostState.PUBLISHED, what=lambda: worker.output)
    assert bench.read(post_id).claim > claim
    assert {"publish.lost_sight", "worker.gone"}.isdisjoint(bench.events(post_id))


def _said(worker: Process, what: str) -> int:
    return sum(re.search(what, line) is not None for line in worker.lines)


_FAULTY = """
import os
import sys
import typer
from celery import bootsteps
from cli.problems import run
from pressrun.network.broker import make_celery
from pressrun.network.hints import Queue
from worker.consuming import consume

class Faulty(bootsteps.StartStopStep):
    def start(self, parent):
        raise ValueError("a fault of ours")

app = make_celery("memory://")
app.steps["consumer"].add(Faulty)
told = {"queues": [Queue.INBOX], "concurrency": 1, "log_level": "ERROR", "is_told_to_stop": lambda: False}
faulty = typer.Typer(name="pressrun")
faulty.command()(lambda: consume(app, **told))
sys.exit(run(faulty, []))
"""


def test_a_worker_that_must_end_says_why_and_not_with_0() -> None:
    with Process([sys.executable, "-c", _FAULTY]) as worker:
        assert worker.wait(60) == 1, worker.output

    assert worker.lines[-1] == "pressrun: the worker cannot go on: ValueError: a fault of ours"


@pytest.mark.parametrize("trouble", [name for name in TROUBLES if name != "no right to BRPOP"])
def test_every_refusal_is_an_unreachable_server_for_the_sender(trouble: str) -> None:
    hint = Hint(Task.INBOX_HANDLE, Queue.INBOX, 1, 1)
    with guarded_redis() as server:
        broker = Broker(server.url(user="worker", password=PASSWORD))
        broker.send(hint)

        with TROUBLES[trouble](server), pytest.raises(ServerUnreachable) as refused:
            broker.send(hint)

        broker.close()
        assert PASSWORD not in str(refused.value)
