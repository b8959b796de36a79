"""The days of an account end where its answers say, and go on by the midnight that these were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from models.history.insight import Observation
from pressrun.instagram.pacific import Day, days
from worker.harvests.answers.days import Ends, ends_with

OSLO, UTC_ZONE = ZoneInfo("Europe/Oslo"), ZoneInfo("UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def told(*ends: str, zone: ZoneInfo = OSLO) -> Ends:
    series = [Observation("reach", "day", "", at(end), 1) for end in ends]
    return ends_with(Ends((), zone), series)


@pytest.mark.parametrize("now", ["2026-05-05T12:00", "2026-03-09T12:00", "2026-11-02T12:00", "2026-05-05T06:59"])
@pytest.mark.parametrize("ends", [(), ("2026-05-04T07:00", "2026-05-05T07:00")], ids=["nothing told", "told"])
def test_where_answers_tell_the_pacific_midnight_or_nothing_the_days_are_pacific(now: str, ends: list[str]) -> None:
    window = days(at(now), closed=3)

    assert told(*ends).days(window, now=at(now)) == window
    assert told(*ends).days(window) == window


def test_where_answers_tell_another_midnight_the_days_end_there() -> None:
    ends = told("2026-05-03T22:00", "2026-05-04T22:00")

    found = ends.days(days(at("2026-05-05T23:00"), closed=3), now=at("2026-05-05T23:00"))

    assert found == [
        Day(at("2026-05-01T22:00"), at("2026-05-02T22:00")),
        Day(at("2026-05-02T22:00"), at("2026-05-03T22:00")),
        Day(at("2026-05-03T22:00"), at("2026-05-04T22:00")),
        Day(at("2026-05-04T22:00"), at("2026-05-05T22:00")),
        Day(at("2026-05-05T22:00"), at("2026-05-06T22:00")),
    ]


def test_days_that_are_not_told_yet_follow_the_clocks_of_the_accounts_zone() -> None:
    ends = told("2026-03-26T23:00")

    found = ends.days(days(at("2026-03-31T12:00"), closed=5), now=at("2026-03-31T12:00"))

    assert [day.until.hour for day in found] == [23, 23, 23, 22, 22, 22]
    assert {day.until - day.since for day in found} == {timedelta(hours=23), timedelta(hours=24)}


def test_a_midnight_of_no_known_zone_is_gone_on_with_by_whole_days() -> None:
    ends = told("2026-05-03T18:30", zone=OSLO)

    found = ends.days(days(at("2026-05-06T12:00"), closed=3), now=at("2026-05-06T12:00"))

    assert {(day.until.hour, day.until.minute) for day in found} == {(18, 30)}


def test_a_boundary_that_moves_makes_one_day_of_another_length() -> None:
    ends = told("2026-07-07T07:00", "2026-07-08T07:00", "2026-07-08T22:00", "2026-07-09T22:00")

    found = ends.days(days(at("2026-07-10T12:00"), closed=4), now=at("2026-07-10T12:00"))

    assert all(earlier.until == later.since for earlier, later in pairwise(found))
    assert Day(at("2026-07-08T07:00"), at("2026-07-08T22:00")) in found
    assert [day.until.hour for day in found] == [7, 7, 22, 22, 22]


def test_what_can_be_no_end_of_a_day_is_not_believed() -> None:
    window = days(at("2026-05-05T12:00"), closed=3)

    assert told("2026-05-04T07:13", "2026-05-05T03:00:01").days(window) == window


def test_a_change_of_the_accounts_zone_moves_no_day_that_was_told() -> None:
    ends = ("2026-05-03T22:00", "2026-05-04T22:00", "2026-05-05T22:00")
    window = days(at("2026-05-05T12:00"), closed=2)

    before, after = told(*ends), told(*ends, zone=ZoneInfo("Asia/Tokyo"))

    assert after.days(window)[-2:] == before.days(window)[-2:]
