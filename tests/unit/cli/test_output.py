"""What commands print: one JSON document, or lines that nobody else's text can disturb."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cli.output import MOST_SHOWN, cell, most_shown, shortened, show_json, show_record, show_rows
from models.posts.states import PostState

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


class TestALongList:
    ROWS = tuple({"name": f"row-{number}", "at": None} for number in range(2_000))

    def shown(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, terminal: bool, **how: Any
    ) -> tuple[int, str]:
        """How many rows were shown, and what was said beside them."""
        monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
        show_rows(("name", "at"), self.ROWS, **{"as_json": False} | how)
        said = capsys.readouterr()
        return said.out.count("row-"), said.err

    def test_a_terminal_shows_its_beginning_and_says_how_much_more_there_is(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self.shown(capsys, monkeypatch, terminal=True, most=60) == (60, "… 1,940 more, --all\n")
        assert self.shown(capsys, monkeypatch, terminal=True, most=60, is_cut=True) == (60, "… more, --all\n")
        assert self.shown(capsys, monkeypatch, terminal=True, most=None) == (2_000, "")
        assert self.shown(capsys, monkeypatch, terminal=True, most=3_000) == (2_000, "")

    def test_a_pipe_and_json_have_all(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self.shown(capsys, monkeypatch, terminal=False, most=60) == (2_000, "")
        assert self.shown(capsys, monkeypatch, terminal=True, most=60, as_json=True) == (2_000, "")

    def test_only_a_terminal_asks_for_few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        assert (most_shown(everything=False), most_shown(everything=True)) == (MOST_SHOWN, None)
        monkeypatch.setattr("sys.stdout.isatty", lambda: False)
        assert most_shown(everything=False) is None


def test_columns_in_which_nothing_stands_are_left_out_of_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows(("name", "state_until"), [{"name": "lena", "state_until": None}], as_json=False)
    assert capsys.readouterr().out == "name\nlena\n"

    show_rows(("name", "state_until"), [{"name": "lena", "state_until": None}], as_json=True)
    assert json.loads(capsys.readouterr().out) == [{"name": "lena", "state_until": None}]


class TestTableOnATerminal:
    COLUMNS = ("id", "account", "state", "publish_at", "media_id", "caption", "error")
    ROWS: ClassVar[list[dict[str, Any]]] = [
        {
            "id": 12,
            "account": "harbour-bakery",
            "state": "published",
            "publish_at": "2027-03-01 08:30 CET",
            "media_id": "17900044031582646",
            "caption": "Fresh from six o'clock on, as…",
            "error": "first comment not posted: " + "why and what to do " * 5,
        }
    ]

    @pytest.fixture
    def on_terminal(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
        def on(columns: int) -> None:
            monkeypatch.setenv("COLUMNS", str(columns))
            monkeypatch.setattr("sys.stdout.isatty", lambda: True)

        return on

    @pytest.mark.parametrize("room", [72, 99, 100, 200])
    def test_it_fits_and_what_is_short_stays_whole(
        self, room: int, on_terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]
    ) -> None:
        on_terminal(room)

        show_rows(self.COLUMNS, self.ROWS, as_json=False, spare=("media_id", "state"))

        out = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)
        assert max(map(len, out.splitlines())) <= room
        assert "harbour-bakery" in out
        assert "2027-03-01 08:30 CET" in out
        assert ("17900044031582646" in out) == (room >= 100)

    def test_it_has_no_spaces_at_the_ends_of_lines(
        self, on_terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]
    ) -> None:
        on_terminal(100)

        show_rows(self.COLUMNS, self.ROWS, as_json=False)

        assert [line for line in capsys.readouterr().out.splitlines() if line.endswith(" ")] == []


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bread", "Bread"),
        ("Bread\n\nat  five", "Bread at five"),
        ("Sourdough, straight from the stone", "Sourdough, straight from the…"),
    ],
)
def test_the_beginning_of_a_text_stands_on_one_line(text: str, shown: str) -> None:
    assert shortened(text) == shown
