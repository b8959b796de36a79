"""How costs grow with accounts, with queued posts and with the history: measured in a throwaway Postgres, and drawn.

python -m benchmarks.growth                          10 → 10⁴ accounts, 10³ → 10⁶ queued posts, 10⁵ → 10⁷ snapshots
python -m benchmarks.growth --larger                 one size larger of each
python -m benchmarks.growth --only queued --small    the smallest two sizes, to see that it works

Draws a curve of each into docs/performance/ (--folder) as SVG. A curve that is flat costs the same at any size; one
that climbs as the diagonal does, in proportion to it. The last line is what was measured, as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

from sqlalchemy import text

from benchmarks.history import a_database, generate, query_times
from benchmarks.peers import claims
from benchmarks.support.curves import Curve, draw
from benchmarks.support.rig import cpu_times, steal_percent
from benchmarks.year import Meter, planning
from models.harvests.harvest import HarvestKind
from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.store.session import Database

_FOLDER = Path(__file__).parents[1] / "docs" / "performance"
_ROUNDS = 5
_CLAIMED = 1_000
_BATCH = 100
_SNAPSHOTS_OF_AN_ACCOUNT = 33_000
"""About what a year of one account comes to in `sql/year.sql`; what is drawn is counted."""
_ACCOUNTS = text("""
    WITH made AS (
        INSERT INTO accounts (ig_id, login, name, token_sealed)
        SELECT 'growth-' || n, 'facebook', 'growth-' || n, 'v1:00:'
          FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n RETURNING id)
    INSERT INTO harvests (account_id, kind, cron, next_action_at)
    SELECT made.id, kind, '7 * * * *', now() FROM made, unnest(CAST(:kinds AS text[])) kind
""")
_KINDS = [HarvestKind.PROFILE, HarvestKind.ACCOUNT, HarvestKind.MEDIA, HarvestKind.STORIES, HarvestKind.TAGS]
_HARVESTS_DUE = text("UPDATE harvests SET next_action_at = now(), slot_at = now(), leased_until = NULL")
_NEXT_DUE = text("SELECT min(next_action_at) FROM posts WHERE next_action_at IS NOT NULL")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=list(PARTS))
    parser.add_argument("--larger", action="store_true", help="one size larger of each")
    parser.add_argument("--small", action="store_true", help="the smallest two sizes of each")
    parser.add_argument("--folder", type=Path, default=_FOLDER, help="where the SVGs are put")
    given = parser.parse_args()
    found, before = {}, cpu_times()
    for name in given.only or PARTS:
        measured, what, sizes = PARTS[name]
        chosen = sizes[:2] if given.small else sizes if given.larger else sizes[:-1]
        curves = measured(chosen)
        given.folder.mkdir(parents=True, exist_ok=True)
        (given.folder / f"{name}.svg").write_text(draw(what, curves), encoding="utf-8")
        found[name] = {curve.name: curve.points for curve in curves}
        print(f"{name}: {json.dumps(found[name])}", file=sys.stderr)
    print(json.dumps({"benchmark": "growth", **found, "steal_percent": steal_percent(before, cpu_times())}))


def accounts(sizes: Sequence[int]) -> list[Curve]:
    """A planning step, and a claim of a hundred due harvests, with that many accounts."""
    planned, claimed = Curve("a planning step, ms"), Curve(f"a claim of {_BATCH} due harvests, ms")
    with a_database(None) as (database, _):
        for first, last in _grown(sizes):
            with database.transaction() as tx:
                tx.execute(_ACCOUNTS, {"first": first, "last": last, "kinds": [kind.value for kind in _KINDS]})
            _vacuum(database, "harvests")
            planned.add(last, next(iter(planning(database, Meter(database)).values())).ms)
            with database.transaction() as tx:
                tx.execute(_HARVESTS_DUE)
            _vacuum(database, "harvests")
            claimed.add(last, _median_ms(lambda: _claim_harvests(database)))
    return [planned, claimed]


def queued(sizes: Sequence[int]) -> list[Curve]:
    """A claim of a hundred due posts, and the look for the next one, beside that many posts of next month."""
    claimed, looked = Curve(f"a claim of {_BATCH} due posts, ms"), Curve("the look for the next due post, ms")
    with a_database(None) as (database, _):
        claims.make_accounts(database)
        for first, last in _grown(sizes):
            claims.queue(database, first=first, last=last)
            rates = [claims.claims_per_s(database, min(_CLAIMED, last)) for _ in range(_ROUNDS)]
            claimed.add(last, 1000 * _BATCH / median(rates))
            looked.add(last, _median_ms(lambda: _look(database)))
    return [claimed, looked]


def snapshots(sizes: Sequence[int]) -> list[Curve]:
    """The queries of docs/history.md, of one account and of all, with that many snapshots of media."""
    slowest, usual = Curve("the slowest query of docs/history.md, ms"), Curve("the median query, ms")
    for size in sizes:
        with a_database(None) as (database, _):
            generate(database, accounts=max(size // _SNAPSHOTS_OF_AN_ACCOUNT, 1), days=365)
            with database.transaction() as tx:
                rows = int(tx.execute(text("SELECT count(*) FROM media_snapshots")).scalar_one())
            times = [one["ms"] for one in query_times(database).values()]
            slowest.add(rows, max(times))
            usual.add(rows, median(times))
    return [slowest, usual]


PARTS: dict[str, tuple[Callable[[Sequence[int]], list[Curve]], str, tuple[int, ...]]] = {
    "accounts": (accounts, "accounts", (10, 100, 1_000, 10_000, 100_000)),
    "queued": (queued, "queued posts", (1_000, 10_000, 100_000, 1_000_000, 10_000_000)),
    "snapshots": (snapshots, "snapshots of media", (100_000, 1_000_000, 10_000_000, 100_000_000)),
}
"""The last size of each is the one that is measured on demand."""


def _grown(sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last number of what is added for each size."""
    first = 1
    for size in sizes:
        yield first, size
        first = size + 1


def _median_ms(act: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        act()
        times.append((time.perf_counter() - started) * 1000)
    return median(times)


def _claim_harvests(database: Database) -> None:
    work = next(work for work in WORKS if work.table == "harvests")
    with database.transaction() as tx:
        claim_due(tx, work, limit=_BATCH, lease_s=30)
        tx.rollback()


def _look(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(_NEXT_DUE).scalar_one()


def _vacuum(database: Database, table: str) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"VACUUM ANALYZE {table}"))


if __name__ == "__main__":
    main()
