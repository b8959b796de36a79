"""What the history costs, on a small scale and on any machine: pages looked at, statements sent, never milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from benchmarks.history import generate, query_pages, query_times, sizes, store_speed
from models.history.insight import Observation, store_observations
from models.history.media import MediaReading, SeenMedia, see_media, store_readings
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import make_account

_FINDS_NOTHING = ("FROM generate_series(current_date - 30", "SELECT p.key")
"""No day is missing, and nothing was published by Pressrun."""
NOW = clock.now()


@pytest.mark.parametrize(
    ("accounts", "days", "most_pages"),
    [(2, 40, 10_000), pytest.param(100, 365, 100_000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
)
def test_a_year_has_rows_for_every_query_and_none_looks_at_it_again_and_again(
    database: Database, accounts: int, days: int, most_pages: int
) -> None:
    generate(database, accounts=accounts, days=days)

    found, pages = query_times(database), query_pages(database)

    empty = [name for name, one in found.items() if one["rows"] == 0]
    assert [name for name in empty if not any(part in name for part in _FINDS_NOTHING)] == []
    assert {name: count for name, count in pages.items() if count > most_pages} == {}
    assert all(one["bytes"] > 0 for one in sizes(database, accounts=accounts, days=days)["tables"].values())


def test_an_answer_is_stored_in_as_many_statements_whatever_it_holds(database: Database) -> None:
    assert _statements_to_store(database, 10) == _statements_to_store(database, 1_000)


def test_the_benchmark_of_writing_writes(database: Database) -> None:
    assert store_speed(database, rows=1_000)["rows"] == 1_000


def _statements_to_store(database: Database, count: int) -> tuple[int, int]:
    """For the readings of that many media, and for that many points of an account."""
    with database.transaction() as tx:
        account_id = make_account(tx).id
        seen = [SeenMedia(f"{count}-{number}") for number in range(count)]
        ids = see_media(tx, account_id, seen, now=NOW).values()
    readings = [MediaReading(id_, NOW, {"views": id_}, {"reels_skip_rate": 1}) for id_ in ids]
    points = [Observation("reach", "day", f"p={n}", NOW - timedelta(days=1), n) for n in range(count)]
    with database.transaction() as tx, _statements(database) as of_media:
        assert store_readings(tx, readings, run_id=1) == count
    with database.transaction() as tx, _statements(database) as of_points:
        assert store_observations(tx, account_id, points, captured_at=NOW, run_id=1) == count
    return len(of_media), len(of_points)


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    """What the driver is asked to execute; with a list of parameters, once for each of them."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, is_many: bool) -> None:
        seen.extend([statement] * (len(parameters) if is_many else 1))

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)
