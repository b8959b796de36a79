"""What commands print: one JSON document, or lines that nobody else's text can disturb."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.output import cell, show_json, show_record, show_rows
from models.states import PostState

AT = datetime(2026, 12, 24, 18, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=2)))
ROWS: list[dict[str, Any]] = [
    {"name": "harbour-bakery", "count": 3, "at": AT, "hidden": "x"},
    {"name": "lena", "count": None, "at": None, "hidden": "y"},
]


def test_a_table_that_is_not_on_a_terminal_is_plain_and_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(("name", "count", "at"), ROWS, as_json=False)

    assert capsys.readouterr().out.splitlines() == [
        "name            count  at",
        "harbour-bakery  3      2026-12-24 16:30:00Z",
        "lena",
    ]


def test_json_is_an_array_of_objects_with_exactly_the_columns(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(("name", "count", "at"), ROWS, as_json=True)

    assert json.loads(capsys.readouterr().out) == [
        {"name": "harbour-bakery", "count": 3, "at": "2026-12-24T16:30:00.250000Z"},
        {"name": "lena", "count": None, "at": None},
    ]


def test_nothing_is_an_empty_array_or_a_note_beside_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(("name",), [], as_json=True)
    assert json.loads(capsys.readouterr().out) == []

    show_rows(("name",), [], as_json=False, empty="no accounts yet")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "no accounts yet\n")


def test_every_kind_of_value_has_a_json_form(capsys: pytest.CaptureFixture[str]) -> None:
    values = {
        "whole": Decimal("12"),
        "part": Decimal("1.5"),
        "state": PostState.STAGED,
        "day": date(2026, 12, 24),
        "path": Path("/var/lib"),
        "text": "Åse 🥐",
    }

    show_json(values)

    assert json.loads(capsys.readouterr().out) == {
        "whole": 12,
        "part": 1.5,
        "state": "staged",
        "day": "2026-12-24",
        "path": "/var/lib",
        "text": "Åse 🥐",
    }


def test_a_record_is_a_line_for_each_field(capsys: pytest.CaptureFixture[str]) -> None:
    show_record({"current": "0001", "is_current": True, "none": None}, as_json=False)

    assert capsys.readouterr().out.splitlines() == ["current     0001", "is_current  yes", "none"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (False, "no"),
        (Decimal("7.0"), "7"),
        (["a", None, 2], "a, , 2"),
        ({"b": 1}, '{"b": 1}'),
        ("two\nlines\tand \x1b[31mred\x1b[0m \x07", "two lines and  [31mred [0m  "),
        (datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC), "2026-01-02 03:04:05Z"),
    ],
)
def test_a_cell_is_one_line_that_cannot_steer_the_terminal(value: object, shown: str) -> None:
    assert cell(value) == shown
