"""When an endpoint is left in peace: hours by the clocks on its walls, over midnight and over changes of clocks."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from models.telling.delivery import next_at, quiet_until
from models.telling.endpoint import Endpoint

NIGHT = (time(22), time(7))


def at(said: str) -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=UTC)


def quiet(timezone: str, hours: tuple[time | None, time | None]) -> Endpoint:
    return Endpoint(timezone=timezone, quiet_from=hours[0], quiet_to=hours[1])


@pytest.mark.parametrize(
    ("timezone", "now", "until"),
    [
        ("UTC", "2026-11-29T21:59:59.999999", None),
        ("UTC", "2026-11-29T22:00", "2026-11-30T07:00"),
        ("UTC", "2026-11-29T23:59:59", "2026-11-30T07:00"),
        ("UTC", "2026-11-30T00:00", "2026-11-30T07:00"),
        ("UTC", "2026-11-30T06:59:59.999999", "2026-11-30T07:00"),
        ("UTC", "2026-11-30T07:00", None),
        ("UTC", "2026-11-30T12:00", None),
        ("Europe/Zurich", "2026-11-29T21:00", "2026-11-30T06:00"),
        ("Asia/Kolkata", "2026-11-29T16:29", None),
        ("Asia/Kolkata", "2026-11-29T16:30", "2026-11-30T01:30"),
        ("Pacific/Chatham", "2026-11-29T08:15", "2026-11-29T17:15"),
        ("America/St_Johns", "2026-11-30T10:29", "2026-11-30T10:30"),
    ],
)
def test_a_night_is_that_of_its_zone(timezone: str, now: str, until: str | None) -> None:
    assert quiet_until(quiet(timezone, NIGHT), at(now)) == (at(until) if until else None)


@pytest.mark.parametrize(
    ("now", "until"),
    [("11:59", None), ("12:00", "14:00"), ("13:59", "14:00"), ("14:00", None), ("23:00", None)],
)
def test_hours_of_a_day_end_on_it(now: str, until: str | None) -> None:
    noon = quiet("UTC", (time(12), time(14)))

    assert quiet_until(noon, at(f"2026-11-29T{now}")) == (at(f"2026-11-29T{until}") if until else None)


@pytest.mark.parametrize("hours", [(None, None), (time(7), None), (time(7), time(7))])
def test_where_none_are_set_none_is_quiet(hours: tuple[time | None, time | None]) -> None:
    assert quiet_until(quiet("UTC", hours), at("2026-11-29T07:00")) is None


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        # Clocks go from 2:00 to 3:00 at 1:00 UTC: the end does not exist, and is the change.
        ((time(1), time(2, 30)), "2026-03-29T00:30", "2026-03-29T01:00"),
        ((time(1), time(2, 30)), "2026-03-29T01:00", None),
        # Clocks go from 3:00 to 2:00 at 1:00 UTC: the hours end, come back with the clocks, and end once more.
        ((time(1), time(2, 30)), "2026-10-25T00:15", "2026-10-25T00:30"),
        ((time(1), time(2, 30)), "2026-10-25T00:45", None),
        ((time(1), time(2, 30)), "2026-10-25T01:15", "2026-10-25T01:30"),
        ((time(1), time(2, 30)), "2026-10-25T01:30", None),
        ((time(1), time(2, 30)), "2026-10-26T00:15", "2026-10-26T01:30"),
        (NIGHT, "2026-10-24T23:30", "2026-10-25T06:00"),
        ((time(2, 30), time(2, 15)), "2026-10-24T12:00", "2026-10-25T00:15"),
    ],
)
def test_a_change_of_clocks_makes_them_no_longer_than_they_are(
    hours: tuple[time, time], now: str, until: str | None
) -> None:
    assert quiet_until(quiet("Europe/Zurich", hours), at(now)) == (at(until) if until else None)


def test_a_digest_comes_once_on_a_day_that_shows_its_time_twice() -> None:
    first = next_at("Europe/Zurich", time(2, 30), at("2026-10-24T12:00"))

    assert first == at("2026-10-25T00:30")
    assert next_at("Europe/Zurich", time(2, 30), first) == at("2026-10-26T01:30")
