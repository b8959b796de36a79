"""What it costs to plan, to look and to ask after a year: the same as after a day, or something grows.

python -m benchmarks.year                                200 accounts, a year, in a throwaway Postgres (make bench-year)
python -m benchmarks.year --accounts 3 --days 40         a small one
python -m benchmarks.year --home .years/200x365          a year that is kept there, and made where there is none
python -m benchmarks.year --database-url …               an empty or generated database, which is kept

A line for each planning step, command of the terminal, query of docs/history.md and view of a past instant: the median
of several runs in milliseconds; what this process and the server worked for it, which says more where other work uses
the machine; rows read (those that Postgres looked at, not those that came of it), and pages of 8 kB looked at. Commands
run in this process: a new interpreter takes a second to import all. Ends with one JSON line.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.history import a_database, generate, queries
from benchmarks.support.counting import await_counts
from benchmarks.support.spending import postgres_cpu_s
from cli.main import app
from cli.problems import run as run_command
from models.accounts.account import token_context
from models.store.session import Database
from pressrun import clock
from pressrun.embedded.servers import borrow_redis, wait_stopped
from pressrun.vault import Vault, generate_key
from scheduler.harvests.planning import plan
from scheduler.loop import make_ready

PLANNING_MS, ASKING_MS, DOCTOR_MS = 5.0, 300.0, 3000.0
"""What a planning step, a command or query, and `doctor` may take."""
ACCOUNT = "harbour-bakery"
_RUNS = 3
_TIMED = ("plan", "command", "query", "as of")

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("account", "list"),
    ("harvest", "list"),
    ("harvest", "list", "--account", ACCOUNT),
    ("harvest", "list", "--json"),
    ("harvest", "watches"),
    ("insight", "coverage"),
    ("insight", "coverage", "--account", ACCOUNT),
    ("insight", "show"),
    ("post", "list", "--limit", "50"),
    ("post", "list", "--account", ACCOUNT, "--limit", "50"),
    ("post", "show", "1"),
    ("slot", "list"),
    ("tag", "list", "--account", ACCOUNT),
    ("mention", "list", "--account", ACCOUNT),
    ("insight", "show", "--account", ACCOUNT),
    ("insight", "export", "--view", "account_daily", "--account", ACCOUNT),
    ("insight", "export", "--view", "follower_growth", "--account", ACCOUNT),
    ("insight", "export", "--view", "coverage", "--account", ACCOUNT),
    ("db", "status"),
    ("doctor",),
)
AS_OF = ("account_daily", "media_totals", "story_final", "audience", "follower_growth")

# Of tables and indexes alike; the catalogs, which this itself reads, are not among them.
_READS = text("""
    SELECT (SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables)
         + (SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes) AS rows,
           (SELECT coalesce(sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit, 0) + coalesce(idx_blks_read, 0)
                              + coalesce(toast_blks_hit, 0) + coalesce(toast_blks_read, 0)), 0)
              FROM pg_statio_user_tables) AS pages
""")


@dataclass(frozen=True)
class Cost:
    """What one thing took. `rows` and `pages`: read of tables and indexes.

    `cpu_ms`: time of processors, on average; None where that of the server cannot be seen.
    """

    ms: float
    cpu_ms: float | None
    rows: int
    pages: int


class Meter:
    """Measures what is done, by this process or others, while nobody else uses the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def measure(self, act: Callable[[], object], *, runs: int = 1) -> Cost:
        """The median time of these runs, and what the last one read."""
        times, worked_ms, rows, pages = list[float](), list[float](), 0, 0
        for _ in range(runs):
            before, worked = self._reads(), self._worked_ms()
            started = time.perf_counter()
            act()
            times.append((time.perf_counter() - started) * 1000)
            ended, after = self._worked_ms(), self._reads()
            worked_ms += [] if worked is None or ended is None else [ended - worked]
            rows, pages = after[0] - before[0], after[1] - before[1]
        cpu_ms = round(statistics.mean(worked_ms), 1) if len(worked_ms) == runs else None
        return Cost(round(statistics.median(times), 1), cpu_ms, rows, pages)

    def _worked_ms(self) -> float | None:
        """Of this process and of the server, with the sessions that have ended; None if it is on another machine."""
        with self._database.glance() as connection:
            session = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        server_s = postgres_cpu_s(session)
        return None if server_s is None else (time.process_time() + server_s) * 1000

    def _reads(self) -> tuple[int, int]:
        await_counts(self._database)
        with self._database.transaction() as tx:
            row = tx.execute(_READS).one()
        return int(row.rows), int(row.pages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--full", action="store_true", help="doctor --full too, which looks at the whole year")
    parser.add_argument("--home", type=Path, help="a folder in which the year is kept")
    parser.add_argument("--database-url", help="an empty or generated database to use and keep")
    arguments = parser.parse_args()
    with a_database(arguments.database_url, home=arguments.home) as (database, url):
        generate(database, accounts=arguments.accounts, days=arguments.days)
        found = measure_all(database, url, is_full=arguments.full)
    for name, one in found.items():
        worked = f"{one.cpu_ms:10.1f}" if one.cpu_ms is not None else f"{'?':>10}"
        print(f"{one.ms:10.1f} ms {worked} ms CPU {one.rows:12,} rows {one.pages:10,} pages  {name}")
    print(json.dumps(_told(found, accounts=arguments.accounts, days=arguments.days)))


def measure_all(database: Database, url: str, *, is_full: bool = False) -> dict[str, Cost]:
    """What everything costs, by its name: `plan …`, `command …`, `query …`, `as of …`."""
    meter = Meter(database)
    found = planning(database, meter)
    with commands_against(database, url) as run:
        for command in (*COMMANDS, *([("doctor", "--full")] if is_full else [])):
            run(*command)  # imports what it needs
            runs = 1 if command[1:] == ("--full",) else _RUNS
            found[f"command {' '.join(command)}"] = meter.measure(partial(run, *command), runs=runs)
    for name, query in queries().items():
        found[f"query {name}"] = meter.measure(partial(_ask, database, query), runs=_RUNS)
    for view in AS_OF:
        for days in (2, 30):
            query = f"SELECT * FROM {view}_as_of(now() - interval '{days} days') WHERE account = '{ACCOUNT}'"  # noqa: S608
            found[f"as of {view}, {days} days ago"] = meter.measure(partial(_ask, database, query), runs=_RUNS)
    return found


def planning(database: Database, meter: Meter) -> dict[str, Cost]:
    """The steps in which every harvest is planned, as after a night; the median, and the longest one."""
    with database.transaction() as tx:
        tx.execute(text("UPDATE harvests SET slot_at = NULL, next_action_at = now()"))
    times: list[float] = []
    make_ready()  # as a scheduler's process does

    def plan_all() -> None:
        planned = 1
        while planned:
            started = time.perf_counter()
            with database.look() as tx:
                planned = plan(tx, clock.now())
            times.append((time.perf_counter() - started) * 1000)

    whole = meter.measure(plan_all)
    cpu_ms = None if whole.cpu_ms is None else round(whole.cpu_ms / len(times), 2)
    each = (cpu_ms, whole.rows // len(times), whole.pages // len(times))
    return {
        f"plan step, median of {len(times)}": Cost(round(statistics.median(times), 1), *each),
        "plan step, 99 of 100": Cost(round(sorted(times)[int(len(times) * 0.99)], 1), *each),
    }


@contextmanager
def commands_against(database: Database, url: str) -> Iterator[Callable[..., str]]:
    """Run commands in this process with settings of their own; each returns what it printed."""
    key = generate_key()
    _seal_tokens(database, Vault([key]))
    home = Path(tempfile.mkdtemp(prefix="pressrun-year-", dir="/tmp"))
    home.chmod(0o711)
    with _throwaway(home), borrow_redis(home / "home", durable=False) as redis_url:
        settings = {
            "PRESSRUN_HOME": str(home / "home"),
            "PRESSRUN_DATABASE_URL": url,
            "PRESSRUN_REDIS_URL": redis_url,
            "PRESSRUN_SECRET_KEYS": key,
        }
        with _environment(settings):
            yield _run


@contextmanager
def _throwaway(home: Path) -> Iterator[None]:
    try:
        yield
        wait_stopped(home / "home")
    finally:
        shutil.rmtree(home, ignore_errors=True)


class _Terminal(io.StringIO):
    """What a command says there is what people wait for; with --json it says all."""

    def isatty(self) -> bool:
        return True


def _run(*command: str) -> str:
    out, err = _Terminal(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run_command(app, command)
    if code:
        raise SystemExit(f"pressrun {' '.join(command)} ended with {code}:\n{out.getvalue()}{err.getvalue()}")
    return out.getvalue()


def _seal_tokens(database: Database, vault: Vault) -> None:
    with database.transaction() as tx:
        for id_ in tx.execute(text("SELECT id FROM accounts")).scalars().all():
            sealed = vault.seal("SIM-TOKEN-of-the-year", context=token_context(id_))
            tx.execute(text("UPDATE accounts SET token_sealed = :sealed WHERE id = :id"), {"sealed": sealed, "id": id_})


def _ask(database: Database, query: str) -> int:
    with database.transaction() as tx:
        return len(tx.execute(text(query.replace(":", "\\:"))).all())


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _told(found: Mapping[str, Cost], *, accounts: int, days: int) -> dict[str, Any]:
    return {
        "accounts": accounts,
        "days": days,
        **{kind: {n: asdict(one) for n, one in found.items() if n.startswith(kind)} for kind in _TIMED},
        "slowest": {kind: max(one.ms for n, one in found.items() if n.startswith(kind)) for kind in _TIMED},
        "over": sorted(name for name, one in found.items() if one.ms > _most_ms(name)),
        "worked_over": sorted(name for name, one in found.items() if one.cpu_ms and one.cpu_ms > _most_ms(name)),
    }


def _most_ms(name: str) -> float:
    if name.startswith("plan"):
        return PLANNING_MS
    if name == "command doctor --full":
        return float("inf")
    return DOCTOR_MS if name == "command doctor" else ASKING_MS


if __name__ == "__main__":
    main()
