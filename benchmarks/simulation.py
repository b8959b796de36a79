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
import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

from benchmarks.support.events import Server, Store, Work, World
from benchmarks.support.rig import percentile


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


# `cpu_ms_a_post` of the two quiet bursts of docs/performance.md, in ms a post: worker-publish 1.9 to 2.0, Postgres 0.8
# to 0.9, scheduler 0.0 to 0.1, broker 0.0 to 0.1, simulator 0.5 to 0.6. A durable commit takes 1 / 4,900 s, and up to
# sixteen armed posts share one. The halves before and after the call and `wake_ms` are guesses.
MEASURED = Costs(
    worker_before_ms=1.1,
    worker_after_ms=0.85,
    postgres_before_ms=0.45,
    postgres_after_ms=0.4,
    postgres_commit_ms=0.02,
    scheduler_ms=0.05,
    postgres_claim_ms=0.05,
    broker_ms=0.05,
    instagram_ms=0.55,
    beside_ms=0.1,
    wake_ms=60.0,
)


@dataclass(frozen=True)
class Shape:
    """What there is of each part, for one database."""

    cores: int = 2
    """Of the machine, or of Postgres' machine if it stands apart."""
    processes: int = 1
    threads: int = 32
    schedulers: int = 1
    in_flight: int = 256
    """PRESSRUN_IN_FLIGHT."""
    batch: int = 100
    latency_ms: float = 0.0
    is_apart: bool = False
    """Postgres has its machine for itself, each worker process and scheduler a core; else all share the same cores."""


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
        self.room = Server(shape.in_flight)
        self.threads = Server(shape.processes * shape.threads)
        # What a thread is needed for, without its waiting for others: that is their share.
        self._own_ms = shape.latency_ms + costs.worker_before_ms + costs.worker_after_ms
        self._own_ms += costs.postgres_before_ms + costs.postgres_after_ms + 2 * costs.postgres_commit_ms
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
        parts = {"postgres": self.postgres, "commits": self.commits, "broker": self.broker, "threads": self.threads}
        parts |= self.pythons | self.schedulers
        if self.machine is not None:
            parts["machine"] = parts.pop("postgres")
        shares = {name: one.busy_ms / one.capacity / self.world.now_ms for name, one in parts.items()}
        return {name: round(share, 2) for name, share in sorted(shares.items(), key=lambda one: -one[1])}

    def _schedule(self, python: Server) -> Work:
        while self._left > 0:
            count = max(min(self.shape.batch, self._left, self.room.free), 1)
            self._left -= count
            for _ in range(count):
                yield "take", self.room
            python.busy_ms += count * self.costs.postgres_claim_ms  # it waits for its claim, and does nothing else
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
            self.threads.busy_ms += self._own_ms
            yield "free", self.room

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
    ("10,000, eight cores", 1_000, 1, Shape(8, 4, 64, latency_ms=300)),
    ("100,000", 10_000, 1, Shape(8, 8, 64, 2, 2000, latency_ms=300, is_apart=True)),
    ("100,000, more of all", 10_000, 1, Shape(16, 16, 64, 4, 2000, latency_ms=300, is_apart=True)),
    ("1,000,000, one database", 100_000, 1, Shape(32, 48, 64, 8, 5000, latency_ms=300, is_apart=True)),
    ("1,000,000", 100_000, 16, Shape(16, 16, 64, 4, 2000, latency_ms=300, is_apart=True)),
)
"""Accounts; posts on the same full hour, of a tenth of them; databases; what there is for each."""


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
    for name in ("cores", "processes", "threads", "schedulers", "in_flight"):
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=int, default=getattr(Shape(), name), help="for each database"
        )
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
