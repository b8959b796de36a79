"""Cron expressions on the clock of a zone, against cronsim, which follows Debian's cron."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.errors import Invalid
from scheduler.harvests.crontab import Crontab

NEW_YORK = ZoneInfo("America/New_York")

zones = st.sampled_from(sorted(available_timezones() - {"Factory", "localtime"})).map(ZoneInfo)
instants = st.datetimes(datetime(2022, 1, 1), datetime(2033, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def numbers(least: int, most: int) -> st.SearchStrategy[str]:
    """A list of numbers, or a range, without any star or step."""
    one = st.integers(least, most)
    listed = st.lists(one, min_size=1, max_size=3, unique=True).map(lambda some: ",".join(map(str, sorted(some))))
    ranged = st.tuples(one, one).map(sorted).map(lambda ends: f"{ends[0]}-{ends[1]}")
    return listed | ranged


def steps(least: int, most: int) -> st.SearchStrategy[str]:
    return st.just("*") | st.integers(2, (most - least) // 2).map(lambda step: f"*/{step}")


days = st.just("*") | numbers(1, 28) | st.integers(2, 10).map(lambda step: f"*/{step}")
months = st.just("*") | numbers(1, 12)
weekdays = st.just("*") | numbers(0, 6)


def joined(*fields: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*fields).map(" ".join)


fixed = joined(numbers(0, 59), numbers(0, 23), days, months, weekdays)
intervals = joined(numbers(0, 59) | steps(0, 59), steps(0, 23), days, months, weekdays)


def debian(expression: str, zone: ZoneInfo, after: datetime) -> datetime:
    """Its next occurrence after that instant: begun within a repeated hour, cronsim first names one that is over."""
    occurrences = CronSim(expression, after.astimezone(zone))
    return next(found for at in occurrences if (found := at.astimezone(UTC)) > after)


@lru_cache
def transitions(zone: ZoneInfo) -> tuple[datetime, ...]:
    """Days on which the zone's clock is set; some day where it never is."""
    noons = [datetime(2024, 1, 1, 12, tzinfo=UTC) + timedelta(days=day) for day in range(3 * 365)]
    offsets = [noon.astimezone(zone).utcoffset() for noon in noons]
    changed = [noon for noon, (before, after) in zip(noons, pairwise(offsets), strict=False) if before != after]
    return tuple(changed or noons[-1:])


@settings(deadline=None)
@given(fixed | intervals, zones, instants)
def test_it_is_what_cron_does(expression: str, zone: ZoneInfo, after: datetime) -> None:
    assert Crontab(expression).next(zone, after) == debian(expression, zone, after)


@settings(deadline=None)
@given(fixed | intervals, st.data())
def test_it_is_what_cron_does_when_the_clocks_are_set(expression: str, data: st.DataObject) -> None:
    zone = data.draw(zones)
    near = data.draw(st.sampled_from(transitions(zone)))
    after = near + timedelta(seconds=data.draw(st.integers(-12 * 3600, 36 * 3600)))

    assert Crontab(expression).next(zone, after) == debian(expression, zone, after)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 59), st.integers(0, 23), st.data())
def test_a_daily_cron_fires_once_on_every_local_day(minute: int, hour: int, data: st.DataObject) -> None:
    zone = data.draw(zones)
    at = data.draw(st.sampled_from(transitions(zone))) - timedelta(days=2)
    crontab = Crontab(f"{minute} {hour} * * *")

    fired = []
    for _ in range(5):
        at = crontab.next(zone, at)
        fired.append(at.astimezone(zone).date())

    assert Counter(fired).most_common(1)[0][1] == 1
    assert fired[-1] - fired[0] == timedelta(days=4)


@settings(deadline=None)
@given(fixed | intervals, zones, instants)
def test_the_next_one_is_always_later(expression: str, zone: ZoneInfo, after: datetime) -> None:
    first = Crontab(expression).next(zone, after)

    assert after < first < Crontab(expression).next(zone, first)


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("30 2 * * *", "2026-03-08T00:00-05:00", "2026-03-08T03:00-04:00"),  # skipped: the first valid instant
        ("0,30 2 * * *", "2026-03-08T03:00-04:00", "2026-03-09T02:00-04:00"),  # …and once, not once for each
        ("30 1 * * *", "2026-11-01T00:00-04:00", "2026-11-01T01:30-04:00"),
        ("30 1 * * *", "2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"),  # not again when the hour comes back
        ("30 1 * * *", "2026-11-01T01:10-05:00", "2026-11-02T01:30-05:00"),
        ("0 * * * *", "2026-11-01T01:00-04:00", "2026-11-01T01:00-05:00"),  # every hour is every hour
        ("*/20 1 * * *", "2026-11-01T01:40-04:00", "2026-11-02T01:00-05:00"),  # a fixed hour, whatever the minutes
        ("5 */2 * * *", "2026-03-08T01:00-05:00", "2026-03-08T04:05-04:00"),
        ("0 9 */10 * 1", "2026-05-02T00:00-04:00", "2026-05-11T09:00-04:00"),  # both, as one begins with a star
        ("0 9-9 * * mon-mon", "2026-05-02T00:00-04:00", "2026-05-04T09:00-04:00"),  # croniter alone: every hour
        ("0 9 10 * 1", "2026-05-02T00:00-04:00", "2026-05-04T09:00-04:00"),  # either
    ],
)
def test_the_rules_in_new_york(expression: str, after: str, expected: str) -> None:
    found = Crontab(expression).next(NEW_YORK, datetime.fromisoformat(after))

    assert found == datetime.fromisoformat(expected)
    assert found.tzinfo is UTC


def test_half_an_hour_is_skipped_on_lord_howe() -> None:
    after = datetime.fromisoformat("2026-10-03T12:00+00:00")

    found = Crontab("10 2 * * *").next(ZoneInfo("Australia/Lord_Howe"), after)

    assert found == datetime.fromisoformat("2026-10-04T02:30+11:00")


def test_seconds_do_not_hide_the_next_minute() -> None:
    after = datetime(2026, 5, 5, 8, 59, 59, 999_999, tzinfo=UTC)

    assert Crontab("0 9 * * *").next(ZoneInfo("UTC"), after) == datetime(2026, 5, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    ["", "* * * *", "* * * * * *", "@daily", "h 9 * * *", "r 9 * * *", "0 25 * * *", "0 9 * * mo", "nine", "0 9 * * 8"],
)
def test_what_is_no_cron_is_refused(expression: str) -> None:
    with pytest.raises(Invalid, match="not a cron expression"):
        Crontab(expression)


def test_a_cron_that_never_comes_true_is_refused() -> None:
    crontab = Crontab("0 0 31 2 *")

    with pytest.raises(Invalid, match="never comes true"):
        crontab.next(NEW_YORK, datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(Invalid, match="never comes true"):
        crontab.shortest_gap()


@pytest.mark.parametrize(
    ("expression", "gap"),
    [
        ("*/15 * * * *", timedelta(minutes=15)),
        ("0 5 * * *", timedelta(days=1)),
        ("0,50 9 * * 1-5", timedelta(minutes=50)),
        ("0 0 1 * *", timedelta(days=28)),
    ],
)
def test_the_shortest_gap(expression: str, gap: timedelta) -> None:
    assert Crontab(expression).shortest_gap() == gap
