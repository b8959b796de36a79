"""Instagram's days end at midnight on the Pacific coast."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.instagram.pacific import Day, closed_days, days, first_whole_day


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_three_closed_days_and_the_one_that_runs() -> None:
    assert days(at("2026-05-05T12:00"), closed=3) == [
        Day(at("2026-05-02T07:00"), at("2026-05-03T07:00")),
        Day(at("2026-05-03T07:00"), at("2026-05-04T07:00")),
        Day(at("2026-05-04T07:00"), at("2026-05-05T07:00")),
        Day(at("2026-05-05T07:00"), at("2026-05-06T07:00")),
    ]


def test_before_the_pacific_midnight_the_day_before_still_runs() -> None:
    assert days(at("2026-05-05T06:59"), closed=3)[-1] == Day(at("2026-05-04T07:00"), at("2026-05-05T07:00"))


def test_the_nights_of_the_clock_change() -> None:
    spring = {day.until - day.since for day in days(at("2026-03-09T12:00"), closed=3)}
    autumn = {day.until - day.since for day in days(at("2026-11-02T12:00"), closed=3)}

    assert spring == {timedelta(hours=23), timedelta(hours=24)}
    assert autumn == {timedelta(hours=25), timedelta(hours=24)}


@settings(deadline=None)
@given(st.datetimes(datetime(2020, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_days_follow_each_other_and_the_last_one_holds_now(now: datetime) -> None:
    window = days(now, closed=3)

    assert all(earlier.until == later.since for earlier, later in pairwise(window))
    assert window[-1].since <= now < window[-1].until
    assert {day.until.hour for day in window} <= {7, 8}


@settings(deadline=None)
@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 200 * 24),
)
def test_closed_days_lie_whole_between_the_two_instants(now: datetime, hours: int) -> None:
    since = now - timedelta(hours=hours)
    found = closed_days(since, now)

    assert all(earlier.until == later.since for earlier, later in pairwise(found))
    assert all(since <= day.since < day.until <= now for day in found)
    assert abs(len(found) - hours / 24) < 2
    assert first_whole_day(since) >= since
    if found:
        assert found[0].since == first_whole_day(since)
