"""Which parts a calendar has, where the clocks change too, and how many of each part fit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from console.pages.posts.calendar_grid import Frame, local
from pressrun.errors import Invalid
from pressrun.folding import fold

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _hours(on: str, zone: str) -> list[int]:
    frame = Frame.of("day", on, zone, NOW)
    return [local(at, zone).hour for at in (frame.since, *frame.marks)]


@pytest.mark.parametrize(
    ("on", "zone", "hours"),
    [
        ("2026-06-01", "Europe/Oslo", [*range(24)]),
        ("2026-03-29", "Europe/Oslo", [0, 1, *range(3, 24)]),
        ("2026-10-25", "Europe/Oslo", [0, 1, 2, *range(2, 24)]),
        ("2026-06-01", "Asia/Kathmandu", [*range(24)]),
        ("2026-04-05", "Australia/Lord_Howe", [0, 1, *range(1, 24)]),
        ("2026-10-04", "Australia/Lord_Howe", [*range(24)]),
    ],
)
def test_each_hour_of_the_clocks_is_a_part_of_a_day(on: str, zone: str, hours: list[int]) -> None:
    assert _hours(on, zone) == hours


def test_a_day_that_was_skipped_is_no_part_of_its_month() -> None:
    frame = Frame.of("month", "2011-12-05", "Pacific/Apia", NOW)
    bounds = [frame.since, *frame.marks, frame.until]

    assert all(one < other for one, other in pairwise(bounds))
    assert "2011-12-30" not in {f"{local(at, frame.zone):%Y-%m-%d}" for at in bounds}


def test_an_hour_that_comes_twice_is_listed_whole() -> None:
    twice = Frame.of("list", "2026-10-25", "Europe/Oslo", NOW, "2").within
    once = Frame.of("list", "2026-10-25", "Europe/Oslo", NOW, "3").within

    assert twice is not None
    assert once is not None
    assert [end - begin for begin, end in (twice, once)] == [timedelta(hours=2), timedelta(hours=1)]
    assert Frame.of("week", "2026-10-25", "Europe/Oslo", NOW, "2").within is None
    with pytest.raises(Invalid, match="has no 02:00"):
        _ = Frame.of("list", "2026-03-29", "Europe/Oslo", NOW, "2").within
    for hour in ("24", "-1", "x", "1" * 9000, "0" * 9000, "²"):
        with pytest.raises(Invalid, match="is no hour"):
            Frame.of("list", "2026-10-25", "Europe/Oslo", NOW, hour)


@pytest.mark.parametrize(
    ("counts", "each"),
    [
        ([], 1),
        ([0, 0], 1),
        ([300], 300),
        ([301], 300),
        ([1, 2, 400], 297),
        ([10] * 168, 1),
        ([2] * 150, 2),
        ([5, 5, 500, 500], 145),
    ],
)
def test_as_many_of_each_part_are_shown_as_fit_together(counts: list[int], each: int) -> None:
    assert fold(counts, 300) == each
    assert sum(min(count, each) for count in counts) <= 300
    if any(count > each for count in counts):
        assert sum(min(count, each + 1) for count in counts) > 300
