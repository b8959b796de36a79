"""What a full second comes to on machines we do not have: a simulation of schedulers, workers and servers by events.

python -m benchmarks.simulation --posts 1000                                  two cores, as measured
python -m benchmarks.simulation --posts 4000 --cores 8 --processes 4          one larger machine
python -m benchmarks.simulation --posts 40000 --databases 4 --apart --processes 8 --schedulers 2 --latency-ms 300
python -m benchmarks.simulation --million                                     the table of docs/performance.md

Its constants stand in `MEASURED` and nowhere else; a test holds it to the bursts that docs/performance.md tells. Each
part is a server with a queue: a process runs Python on one core at a time, Postgres works on several and commits in
turn, the broker is one thread. Posts are dealt out to databases by account, so one of several is simulated.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from benchmarks.rig import percentile


@dataclass(frozen=True)
class Costs:
    """Milliseconds of a core for one publish at its second, by part; `_commit_ms` of the disk."""

    worker_before_ms: float
    """Up to the call: the hint, the intent, the request."""
    worker_after_ms: float
    """From the answer on: reading it, the settled row."""
    postgres_before_ms: float
    postgres_after_ms: float
    postgres_commit_ms: float
    """Between two durable commits of one database."""
    scheduler_ms: float
    """Of a hint: its share of the claim, and the sending."""
    postgres_claim_ms: float
    broker_ms: float
    instagram_ms: float
    """The simulator's, which in our measurements shares the cores with us."""
    beside_ms: float
    """What the same second costs besides: presence, upkeep, the supervisor."""
    wake_ms: float
    """From the due second to the first claim."""


MEASURED = Costs(
    worker_before_ms=1.9,
    worker_after_ms=1.5,
    postgres_before_ms=0.8,
    postgres_after_ms=0.7,
    postgres_commit_ms=0.2,
    scheduler_ms=1.1,
    postgres_claim_ms=0.5,
    broker_ms=0.4,
    instagram_ms=1.0,
    beside_ms=0.5,
    wake_ms=150.0,
)


@dataclass(frozen=True)
class Shape:
    """What there is of each part, for one database."""

    cores: int = 2
    """Of the machine, or of Postgres' machine if it stands apart."""
    processes: int = 1
    threads: int = 32
    schedulers: int = 1
    batch: int = 100
    latency_ms: float = 0.0
    is_apart: bool = False
    """Postgres has its machine for itself, each worker process and scheduler a core; else all share the same cores."""


class Server:
    """Serves that many at a time, in the order in which they came."""

    def __init__(self, capacity: int) -> None:
        self.free, self.busy_ms, self.capacity = capacity, 0.0, capacity
        self.waiting: deque[Work] = deque()


@dataclass
class Store:
    """Hints that wait for a thread."""

    held: deque[int] = field(default_factory=deque)
    waiting: deque[Work] = field(default_factory=deque)


Work = Generator[tuple[str, Any], int, None]


class World:
    """The events, by their time in milliseconds. A piece of work yields ("take"|"free", server), ("wait", ms),
    ("get", store) or ("put", (store, item))."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self._events: list[tuple[float, int, Work, int]] = []
        self._order = itertools.count()

    def start(self, work: Work, at_ms: float = 0.0, value: int = 0) -> None:
        heapq.heappush(self._events, (at_ms, next(self._order), work, value))

    def run(self) -> None:
        while self._events:
            self.now_ms, _, work, value = heapq.heappop(self._events)
            self._go_on(work, value)

    def _go_on(self, work: Work, value: int) -> None:
        """Until it has to wait. `next` of a fresh generator is `send(None)`, which a value of 0 stands for."""
        step = next(work, None) if value == 0 else _sent(work, value)
        while step is not None:
            wish, what = step
            if wish == "wait":
                self.start(work, self.now_ms + what)
                return
            if wish == "take" and not self._take(what, work):
                return
            if wish == "free":
                self._release(what)
            if wish == "put":
                self._put(*what)
            if wish == "get":
                if not what.held:
                    what.waiting.append(work)
                    return
                step = _sent(work, what.held.popleft())
                continue
            step = next(work, None)

    def _take(self, server: Server, work: Work) -> bool:
        if server.free:
            server.free -= 1
            return True
        server.waiting.append(work)
        return False

    def _release(self, server: Server) -> None:
        if server.waiting:
            self.start(server.waiting.popleft(), self.now_ms)
        else:
            server.free += 1

    def _put(self, store: Store, item: int) -> None:
        if store.waiting:
            self.start(store.waiting.popleft(), self.now_ms, item)
        else:
            store.held.append(item)


def _sent(work: Work, value: int) -> tuple[str, Any] | None:
    try:
        return work.send(value)
    except StopIteration:
        return None


class Burst:
    """Posts that are all due in the same second, on one database and what works for it."""

    def __init__(self, shape: Shape, costs: Costs, posts: int) -> None:
        self.world, self.shape, self.costs, self.posts = World(), shape, costs, posts
        machine = Server(shape.cores)
        self.postgres, self.broker, self.commits = machine, Server(1), Server(1)
        self.instagram = None if shape.is_apart else machine
        self.machine = None if shape.is_apart else machine
        self.pythons = {f"worker {n}": Server(1) for n in range(shape.processes)}
        self.schedulers = {f"scheduler {n}": Server(1) for n in range(shape.schedulers)}
        self.hints, self.late_ms, self._left = Store(), list[float](), posts

    def run(self) -> list[float]:
        """How late each publish call reached Instagram, in milliseconds."""
        for python in self.schedulers.values():
            self.world.start(self._schedule(python), self.costs.wake_ms)
        for python in self.pythons.values():
            for _ in range(self.shape.threads):
                self.world.start(self._work(python))
        self.world.run()
        return self.late_ms

    def busiest(self) -> dict[str, float]:
        """The share of the whole time in which each part was busy, the busiest first."""
        parts = {"postgres": self.postgres, "commits": self.commits, "broker": self.broker}
        parts |= self.pythons | self.schedulers
        if self.machine is not None:
            parts["machine"] = parts.pop("postgres")
        shares = {name: one.busy_ms / one.capacity / self.world.now_ms for name, one in parts.items()}
        return {name: round(share, 2) for name, share in sorted(shares.items(), key=lambda one: -one[1])}

    def _schedule(self, python: Server) -> Work:
        while self._left > 0:
            count = min(self.shape.batch, self._left)
            self._left -= count
            yield from self._served(self.postgres, count * self.costs.postgres_claim_ms)
            yield from self._served(self.commits, self.costs.postgres_commit_ms)
            for _ in range(count):
                yield from self._python(python, self.costs.scheduler_ms)
                yield "put", (self.hints, 1)

    def _work(self, python: Server) -> Work:
        while True:
            yield "get", self.hints
            yield from self._broker()
            yield from self._python(python, self.costs.worker_before_ms)
            yield from self._served(self.postgres, self.costs.postgres_before_ms)
            yield from self._served(self.commits, self.costs.postgres_commit_ms)
            self.late_ms.append(self.world.now_ms)
            yield from self._answer()
            yield from self._python(python, self.costs.worker_after_ms)
            yield from self._served(self.postgres, self.costs.postgres_after_ms)
            yield from self._served(self.commits, self.costs.postgres_commit_ms)

    def _answer(self) -> Work:
        if self.instagram is not None:
            yield from self._served(self.instagram, self.costs.instagram_ms + self.costs.beside_ms)
        yield "wait", self.shape.latency_ms

    def _broker(self) -> Work:
        yield "take", self.broker
        yield from self._on_machine(self.broker, self.costs.broker_ms)
        yield "free", self.broker

    def _python(self, python: Server, ms: float) -> Work:
        yield "take", python
        yield from self._on_machine(python, ms)
        yield "free", python

    def _on_machine(self, holder: Server, ms: float) -> Work:
        """On a core of the machine that all share, if there is one."""
        holder.busy_ms += ms
        if self.machine is None:
            yield "wait", ms
        else:
            yield from self._served(self.machine, ms)

    def _served(self, server: Server, ms: float) -> Work:
        yield "take", server
        server.busy_ms += ms
        yield "wait", ms
        yield "free", server


def burst(posts: int, *, shape: Shape | None = None, databases: int = 1, costs: Costs = MEASURED) -> dict[str, Any]:
    """What a full second comes to: lateness in milliseconds, posts a second, and what was busiest."""
    run = Burst(shape or Shape(), costs, ceil(posts / databases))
    late = run.run()
    return {
        "posts": posts,
        "p50_ms": round(percentile(late, 0.5)),
        "p99_ms": round(percentile(late, 0.99)),
        "last_ms": round(max(late)),
        "posts_per_s": round(posts / max(late) * 1000),
        "busiest": dict(list(run.busiest().items())[:3]),
    }


MILLION: tuple[tuple[str, int, int, Shape], ...] = (
    ("1,000", 100, 1, Shape()),
    ("10,000", 1_000, 1, Shape()),
    ("10,000, eight cores", 1_000, 1, Shape(cores=8, processes=4, latency_ms=300)),
    ("100,000", 10_000, 1, Shape(cores=8, processes=8, schedulers=2, latency_ms=300, is_apart=True)),
    ("1,000,000, one database", 100_000, 1, Shape(cores=32, processes=32, schedulers=4, latency_ms=300, is_apart=True)),
    ("1,000,000", 100_000, 16, Shape(cores=8, processes=8, schedulers=2, latency_ms=300, is_apart=True)),
)
"""Accounts; a tenth of them with a post on the same full hour; databases; what there is for each database."""


def million() -> Iterator[str]:
    """The table of docs/performance.md, made with `MEASURED`."""
    for accounts, posts, databases, shape in MILLION:
        found = burst(posts, shape=shape, databases=databases)
        first, share = next(iter(found["busiest"].items()))
        yield (
            f"| {accounts} | {posts:,} | {databases} | {shape.processes} × {shape.threads} | {shape.schedulers} |"
            f" {found['posts_per_s']:,} | {found['p50_ms'] / 1000:.1f} s | {found['p99_ms'] / 1000:.1f} s |"
            f" {first.split()[0]} {share:.0%} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=1000)
    parser.add_argument("--databases", type=int, default=1)
    for name in ("cores", "processes", "threads", "schedulers"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Shape(), name), help="for each database")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--apart", action="store_true", help="Postgres and each process on cores of their own")
    parser.add_argument("--million", action="store_true", help="print the table of docs/performance.md")
    given = vars(parser.parse_args())
    if given.pop("million"):
        print("\n".join(million()))
        return
    posts, databases = given.pop("posts"), given.pop("databases")
    print(json.dumps(burst(posts, shape=Shape(is_apart=given.pop("apart"), **given), databases=databases)))


if __name__ == "__main__":
    main()
