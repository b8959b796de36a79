"""The benchmark of the history on a small scale: it measures what it says, and nothing has become ten times slower."""

from __future__ import annotations

from benchmarks.history import generate, query_times, sizes, store_speed
from models.session import Database

_FINDS_NOTHING = ("FROM generate_series(current_date - 30", "SELECT p.key")
"""No day is missing, and nothing was published by Pressrun."""


def test_a_small_year_has_rows_for_every_query(database: Database) -> None:
    generate(database, accounts=2, days=40)

    found = query_times(database)

    empty = [name for name, one in found.items() if one["rows"] == 0]
    assert [name for name in empty if not any(part in name for part in _FINDS_NOTHING)] == []
    assert max(one["ms"] for one in found.values()) < 1_000
    assert all(one["bytes"] > 0 for one in sizes(database, accounts=2, days=40)["tables"].values())


def test_harvests_write_thousands_of_rows_a_second(database: Database) -> None:
    found = store_speed(database, rows=5_000)

    assert found["rows"] == 5_000
    assert found["media_rows_per_s"] > 1_000, found
    assert found["account_rows_per_s"] > 1_000, found
