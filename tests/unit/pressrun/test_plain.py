"""The JSON form of values."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.finding import Result
from pressrun.plain import plain

AT = datetime(2026, 12, 24, 18, 30, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (AT, "2026-12-24T16:30:00Z"),
        (date(2026, 12, 24), "2026-12-24"),
        (Decimal(12), 12),
        (Decimal("1.50"), 1.5),
        (Result.FAIL, "FAIL"),
        (Path("a/b"), "a/b"),
    ],
    ids=lambda value: f"{value}",
)
def test_a_value_has_its_json_form(value: Any, expected: Any) -> None:
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28), timezones=st.timezones()))  # noqa: DTZ001
def test_every_instant_is_told_in_utc(at: datetime) -> None:
    told = json.loads(json.dumps(at, default=plain))

    assert told.endswith("Z")
    assert datetime.fromisoformat(told) == at.astimezone(UTC)


def test_what_has_none_is_an_error() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        plain(object())
