"""When slots come: in order, once each, whatever the clock of their zone does."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.posts.slot import WeeklyTime, occurrences
from pressrun.errors import Invalid
from scheduler.slots import parse_days, parse_time

OSLO = ZoneInfo("Europe/Oslo")
DAILY = tuple(range(1, 8))


def _next(times: list[WeeklyTime], after: str, count: int, zone: ZoneInfo = OSLO) -> list[str]:
    found = islice(occurrences(times, zone, after=datetime.fromisoformat(after)), count)
    return [f"{at.astimezone(UTC):%m-%d %H:%M}" for at in found]


def test_they_follow_the_week() -> None:
    times = [WeeklyTime(5, time(17)), WeeklyTime(1, time(9)), WeeklyTime(1, time(12))]

    assert _next(times, "2026-11-23T08:00:00+00:00", 4) == ["11-23 11:00", "11-27 16:00", "11-30 08:00", "11-30 11:00"]


def test_a_skipped_time_comes_at_the_first_instant_after_the_gap() -> None:
    times = [WeeklyTime(day, time(2, 30)) for day in DAILY]

    assert _next(times, "2027-03-27T02:00:00+00:00", 2) == ["03-28 01:00", "03-29 00:30"]


def test_a_time_that_occurs_twice_comes_once() -> None:
    times = [WeeklyTime(day, time(2, 30)) for day in DAILY]

    assert _next(times, "2027-10-30T12:00:00+00:00", 2) == ["10-31 00:30", "11-01 01:30"]


def test_two_times_in_one_gap_are_one_instant() -> None:
    times = [WeeklyTime(7, time(2, 15)), WeeklyTime(7, time(2, 45))]

    assert _next(times, "2027-03-27T12:00:00+00:00", 2) == ["03-28 01:00", "04-04 00:15"]


def test_without_times_there_is_none() -> None:
    assert list(occurrences([], OSLO, after=datetime(2026, 11, 23, tzinfo=UTC))) == []


@given(
    zone=st.sampled_from(sorted(available_timezones())),
    after=st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    times=st.lists(st.tuples(st.sampled_from(DAILY), st.times()), min_size=1, max_size=5),
)
def test_in_every_zone_they_come_later_and_later(zone: str, after: datetime, times: list[tuple[int, time]]) -> None:
    weekly = [WeeklyTime(day, at.replace(microsecond=0)) for day, at in times]

    found = list(islice(occurrences(weekly, ZoneInfo(zone), after=after), 6))

    assert found[0] > after
    assert found[0] - after < timedelta(days=9)
    assert all(earlier < later for earlier, later in pairwise(found))


@pytest.mark.parametrize(
    ("text", "days"),
    [("daily", [1, 2, 3, 4, 5, 6, 7]), ("weekdays", [1, 2, 3, 4, 5]), ("weekend", [6, 7]), ("Fri, monday,fri", [1, 5])],
)
def test_days(text: str, days: list[int]) -> None:
    assert parse_days(text) == days


@pytest.mark.parametrize("text", ["", "m", "mon,,tue", "someday", "8"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="is no day"):
        parse_days(text)


@pytest.mark.parametrize(
    ("text", "at"), [("9:30", time(9, 30)), ("09:30:15", time(9, 30, 15)), ("23:59", time(23, 59))]
)
def test_times(text: str, at: time) -> None:
    assert parse_time(text) == at


@pytest.mark.parametrize("text", ["", "24:00", "9", "9:60", "09:30+01:00", "noon", "-1:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="no time of day"):
        parse_time(text)
