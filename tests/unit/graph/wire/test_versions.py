"""Versions and when they end (graph-api.md §1.1)."""

from __future__ import annotations

from datetime import date

import pytest

from graph.wire.versions import DEFAULT, Version, expires_on, is_expired, parse_version


@pytest.mark.parametrize(
    ("version", "day", "expired"),
    [
        ("v19.0", date(2026, 1, 1), True),
        ("v20.0", date(2026, 9, 23), False),
        ("v20.0", date(2026, 9, 24), True),
        ("v21.0", date(2027, 1, 20), False),
        ("v21.0", date(2027, 1, 21), True),
        ("v26.0", date(2031, 1, 1), False),
        ("v99.0", date(2031, 1, 1), False),
    ],
)
def test_a_version_is_served_until_its_day(version: str, day: date, expired: bool) -> None:
    assert is_expired(parse_version(version), on=day) is expired


def test_the_day_is_known_where_meta_has_named_one() -> None:
    assert expires_on(DEFAULT) == date(2028, 7, 29)
    assert expires_on(Version(26)) is None
