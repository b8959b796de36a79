"""The zone that a person means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pressrun.errors import Invalid
from pressrun.zones import choose_zone, doubts


def refused(name: str) -> str:
    with pytest.raises(Invalid) as caught:
        choose_zone(name)
    assert caught.value.field == "timezone"
    return str(caught.value)


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "Asia/Kolkata", " America/New_York ", "CET"])
def test_a_name_is_taken(name: str) -> None:
    assert choose_zone(name).key == name.strip()
    assert doubts(name.strip()) == ()


@pytest.mark.parametrize(
    ("name", "hours"), [("GMT+2", 2), ("UTC+02:00", 2), ("+2", 2), ("gmt-5", -5), ("UTC +5:30", 5.5), ("+0545", 5.75)]
)
def test_an_offset_gets_places_that_have_it(name: str, hours: float) -> None:
    told = refused(name)

    places = told.partition("use a zone such as ")[2].split(", ")
    assert "Etc/" not in told
    assert places
    offsets = {
        datetime(2027, month, 1, tzinfo=UTC).astimezone(ZoneInfo(one)).utcoffset() for one in places for month in (1, 7)
    }
    assert timedelta(hours=hours) in offsets
    for one in places:
        both = {datetime(2027, month, 1, tzinfo=UTC).astimezone(ZoneInfo(one)).utcoffset() for month in (1, 7)}
        assert timedelta(hours=hours) in both


def test_an_offset_that_no_place_has_is_refused_too() -> None:
    assert "use an IANA name" in refused("UTC+99")


@pytest.mark.parametrize("name", ["IST", "ist", "CST", "PST", "BST"])
def test_an_abbreviation_of_several_zones_is_refused_with_them(name: str) -> None:
    assert " or " in refused(name).partition("use ")[2]


def test_ist_names_india_israel_and_ireland() -> None:
    assert refused("IST").endswith("use Asia/Kolkata, Asia/Jerusalem or Europe/Dublin")


@pytest.mark.parametrize("name", ["localtime", "Factory", "posixrules", "right/Europe/Berlin", "posix/Europe/Berlin"])
def test_what_names_no_place_is_refused(name: str) -> None:
    assert "is not the name of a place" in refused(name)


@pytest.mark.parametrize("name", ["", "Europe/Berln", "../etc/passwd", "Europe", "zone.tab", "a\0b", "x" * 5000, "/"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    assert "unknown time zone" in refused(name)


def test_a_near_miss_gets_advice() -> None:
    assert "did you mean Europe/Berlin" in refused("berlin")
    assert "Etc/" not in refused("gmt")


@pytest.mark.parametrize("name", ["EST", "MST", "HST"])
def test_a_zone_without_summer_time_is_taken_with_a_doubt(name: str) -> None:
    assert choose_zone(name).key == name
    assert "standard time all year" in doubts(name)[0]


def test_the_sign_of_etc_is_told() -> None:
    assert choose_zone("Etc/GMT+2").key == "Etc/GMT+2"
    assert "2 h behind UTC" in doubts("Etc/GMT+2")[0]
    assert "2 h ahead of UTC" in doubts("Etc/GMT-2")[0]
