"""A year of history: how large it is, how quickly it is asked, and how fast it is written.

python -m benchmarks.history                                  100 accounts, a year, in a throwaway Postgres
python -m benchmarks.history --accounts 10 --days 60          a small one
python -m benchmarks.history --only store                     only the writing

Queries are those of docs/history.md, each the median of several runs. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from machine.schema import upgrade
from models.history.insight import Observation, store_observations
from models.history.media import MediaReading, SeenMedia, see_media, store_readings
from models.meanings.metrics import MEDIA_COLUMNS
from models.store.partitions import ensure_partitions
from models.store.session import Database
from pressrun import clock
from pressrun.embedded.servers import borrow_postgres, wait_stopped

_YEAR = Path(__file__).parent / "sql" / "year.sql"
_PAGE = Path(__file__).parents[1] / "docs" / "history.md"
_RUNS = 5
_SIZED = (
    "media",
    "media_snapshots",
    "media_latest",
    "account_observations",
    "account_latest",
    "audience_snapshots",
    "audience_latest",
    "harvest_runs",
    "competitor_observations",
    "public_media",
    "public_media_snapshots",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--only", choices=["store"])
    parser.add_argument("--rows", type=int, default=50_000, help="rows of the writing test")
    parser.add_argument("--database-url", help="an empty or generated database to use and keep")
    arguments = parser.parse_args()
    with a_database(arguments.database_url) as (database, _):
        found: dict[str, Any] = {}
        if arguments.only is None:
            generate(database, accounts=arguments.accounts, days=arguments.days)
            found |= sizes(database, accounts=arguments.accounts, days=arguments.days)
            found["queries"] = query_times(database)
            found["slowest_ms"] = max(one["ms"] for one in found["queries"].values())
        found["store"] = store_speed(database, rows=arguments.rows)
    print(json.dumps(found))


def generate(database: Database, *, accounts: int, days: int) -> None:
    """The history of the last `days` days. A database that holds one is left as it is."""
    with database.transaction() as tx:
        if tx.scalar(text("SELECT EXISTS (SELECT FROM accounts WHERE name = 'harbour-bakery')")):
            return
        for month in range(days // 28 + 2):
            ensure_partitions(tx, now=clock.now() - timedelta(days=28 * month), months_ahead=0)
    script = _YEAR.read_text(encoding="utf-8").replace(":accounts", str(accounts)).replace(":days", str(days))
    with database.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.autocommit = True
        driver.execute("SET work_mem = '512MB'")
        for statement in _statements(script):
            started = time.monotonic()
            driver.execute(statement)
            print(f"{time.monotonic() - started:6.1f} s  {statement.split('(')[0].strip()[:60]}", file=sys.stderr)
        driver.execute("VACUUM ANALYZE")


def _statements(script: str) -> list[str]:
    without_comments = re.sub(r"^--.*$", "", script, flags=re.MULTILINE)
    return [one.strip() for one in re.split(r";\n", without_comments) if one.strip()]


def sizes(database: Database, *, accounts: int, days: int) -> dict[str, Any]:
    """Bytes with indexes: of each table, of a row, of an account in a year."""
    query = """
        SELECT sum(pg_total_relation_size(c.oid))::bigint AS bytes, sum(greatest(c.reltuples, 0))::bigint AS rows
          FROM (SELECT to_regclass(:name) AS relid UNION SELECT relid FROM pg_partition_tree(:name)) t
          JOIN pg_class c ON c.oid = t.relid WHERE c.relkind = 'r'
    """
    tables = {}
    with database.transaction() as tx:
        for name in _SIZED:
            row = tx.execute(text(query), {"name": name}).one()
            tables[name] = {"rows": row.rows, "bytes": row.bytes, "bytes_per_row": round(row.bytes / max(row.rows, 1))}
    in_all = sum(one["bytes"] for one in tables.values())
    return {
        "accounts": accounts,
        "days": days,
        "tables": tables,
        "bytes": in_all,
        "bytes_per_account_year": round(in_all / accounts * 365 / days),
    }


def query_times(database: Database) -> dict[str, dict[str, float]]:
    """Milliseconds and rows of each query of docs/history.md, by its number and first words; all rows are fetched."""
    found = {}
    for name, query in queries().items():
        times, rows = [], 0
        for _ in range(_RUNS):
            with database.transaction() as tx:
                started = time.perf_counter()
                rows = len(tx.execute(text(query.replace(":", "\\:"))).all())
                times.append((time.perf_counter() - started) * 1000)
        found[name] = {"ms": round(statistics.median(times), 1), "rows": rows}
    return found


def query_pages(database: Database) -> dict[str, int]:
    """Pages of 8 kB that each query of docs/history.md looks at: what it costs, on whatever machine."""
    found = {}
    for name, query in queries().items():
        explained = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {query}"
        with database.transaction() as tx:
            (plan,) = tx.execute(text(explained.replace(":", "\\:"))).scalar_one()
        found[name] = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    return found


def queries() -> dict[str, str]:
    """Each query of docs/history.md, by its number and first words."""
    blocks = re.findall(r"^```sql\n(.*?)^```$", _PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return {
        f"{number} {' '.join(block.split())[:60]}": block.rstrip().rstrip(";") for number, block in enumerate(blocks, 1)
    }


def store_speed(database: Database, *, rows: int) -> dict[str, Any]:
    """Rows a second through the functions that harvests use, and through a bare COPY of the same rows beside them."""
    now = clock.now()
    with database.transaction() as tx:
        ensure_partitions(tx, now=now - timedelta(days=31))
        name = f"store-{now:%H%M%S%f}"
        insert = (
            "INSERT INTO accounts (ig_id, login, name, token_sealed) VALUES (:n, 'facebook', :n, 'v1:00:') RETURNING id"
        )
        account_id = int(tx.execute(text(insert), {"n": name}).scalar_one())
        seen = [SeenMedia(str(number)) for number in range(1_000)]
        media_ids = sorted(see_media(tx, account_id, seen, now=now).values())
    count = max(rows // len(media_ids), 1)
    media_s = _time_media(database, media_ids, now, count)
    points_s = _time_points(database, account_id, now, count)
    copy_s = _time_copy(database, now, count * len(media_ids))
    written = count * len(media_ids)
    return {
        "rows": written,
        "media_rows_per_s": round(written / media_s),
        "account_rows_per_s": round(written / points_s),
        "copy_rows_per_s": round(written / copy_s),
        "media_of_copy": round(copy_s / media_s, 3),
        "account_of_copy": round(copy_s / points_s, 3),
    }


def _metrics(number: int) -> dict[str, int]:
    return {name: number * 10 + place for place, name in enumerate(MEDIA_COLUMNS)}


def _time_media(database: Database, media_ids: list[int], now: datetime, count: int) -> float:
    """One transaction for each answer of a thousand media, every value new."""
    started = time.perf_counter()
    for number in range(count):
        at = now - timedelta(minutes=count - number)
        readings = [MediaReading(one, at, _metrics(number), {"reels_skip_rate": number}) for one in media_ids]
        with database.transaction() as tx:
            assert store_readings(tx, readings, run_id=1) == len(media_ids)
    return time.perf_counter() - started


def _time_points(database: Database, account_id: int, now: datetime, count: int) -> float:
    started = time.perf_counter()
    for number in range(count):
        at = now - timedelta(minutes=count - number)
        points = [
            Observation("reach", "day", f"media_product_type=P{part}", now - timedelta(days=day), number)
            for day in range(20)
            for part in range(50)
        ]
        with database.transaction() as tx:
            assert store_observations(tx, account_id, points, captured_at=at, run_id=1) == len(points)
    return time.perf_counter() - started


def _time_copy(database: Database, now: datetime, rows: int) -> float:
    """The same columns and the same two indexes, nothing compared and nothing kept up to date."""
    with database.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("CREATE TABLE bare_copy (LIKE media_snapshots INCLUDING INDEXES)")
        driver.commit()
        columns = ", ".join(("media_id", "captured_at", "run_id", *MEDIA_COLUMNS, "extra"))
        started = time.perf_counter()
        with driver.cursor() as cursor, cursor.copy(f"COPY bare_copy ({columns}) FROM STDIN") as copy:
            for number in range(rows):
                at = now - timedelta(minutes=number // 1000)
                copy.write_row((number % 1000, at, 1, *_metrics(number // 1000).values(), '{"reels_skip_rate": 5}'))
        driver.commit()
        taken = time.perf_counter() - started
        driver.execute("DROP TABLE bare_copy")
        driver.commit()
    return taken


@contextmanager
def a_database(url: str | None, *, home: Path | None = None) -> Iterator[tuple[Database, str]]:
    """That one, or one in that folder, brought up and kept; else a throwaway one. With its address."""
    if home is not None:
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o711)
        with borrow_postgres(home, durable=False) as kept, a_database(kept) as found:
            yield found
        wait_stopped(home)
        return
    if url is not None:
        database = Database(url)
        upgrade(database)
        yield database, url
        database.close()
        return
    throwaway = Path(tempfile.mkdtemp(prefix="pressrun-history-", dir="/tmp"))
    throwaway.chmod(0o711)
    try:
        with a_database(None, home=throwaway / "home") as found:
            yield found
    finally:
        shutil.rmtree(throwaway, ignore_errors=True)


if __name__ == "__main__":
    main()
