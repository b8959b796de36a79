"""What pages write of values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from markupsafe import escape

from console.pages import words
from console.pages.charts.scale import ticks
from console.pages.excerpts import excerpt


def test_a_change_is_told_without_the_marks_of_a_language() -> None:
    told = {"kind": "hashtag", "tags": ["a", "b"], "none": None, "empty": "", "deep": {"ig_id": "17"}}

    assert words.plain(told) == "kind hashtag, tags a, b, deep ig id 17"
    assert words.plain(None) == "–"
    assert words.plain(3) == "3"


@pytest.mark.parametrize("letters", ["bread ", "Brød & ", '<b>"', "日本語", "😀", "a\n\n \t"])
def test_an_excerpt_weighs_no_more_whatever_people_write(letters: str) -> None:
    told = excerpt(letters * 5000, 40)

    assert len(told) <= 40
    assert len(str(escape(told)).encode()) <= 80
    assert told.endswith("…")
    assert excerpt(letters.strip()) == letters.strip()


@pytest.mark.parametrize(
    ("ms", "told"), [(None, "–"), (0, "on time"), (30, "30 ms late"), (1500, "1.5 s late"), (120_000, "2 min late")]
)
def test_lateness_is_late_only_where_it_is(ms: int | None, told: str) -> None:
    assert words.lateness(ms) == told


@pytest.mark.parametrize(
    ("new", "old", "told"),
    [(85, 100, "15 % less than before"), (109, 100, "9 % more than before"), (1000, 1001, "as before")],
)
def test_a_change_is_told_in_words(new: int, old: int, told: str) -> None:
    assert words.change(new, old) == told
    assert words.change(None, old) == words.change(new, None) == words.change(new, 0) == ""


def test_a_zone_is_named_with_its_hours_where_its_name_does_not_say_them() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)

    assert words.zoned("UTC", noon) == "UTC"
    assert words.zoned("Europe/Oslo", noon) == "Europe/Oslo (UTC+1)"


def test_instants_in_a_message_are_written_as_its_zone_has_them() -> None:
    assert words.readable("queued for 2026-12-01T09:00:00.271275+00:00", "Europe/Oslo") == (
        "queued for Tue 1 Dec 10:00 Europe/Oslo"
    )
    assert words.readable("2026-13-41T99:00Z is none", "UTC") == "2026-13-41T99:00Z is none"


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Safari/537.36",
            "Chrome on Linux",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("curl/8.14", "curl/8.14"),
        (None, ""),
    ],
)
def test_a_browser_is_told_by_its_name(agent: str | None, told: str) -> None:
    assert words.browser(agent) == told


def test_an_axis_has_one_unit_and_what_is_counted_no_halves() -> None:
    assert [words.compact(one, among=10_000) for one in (0, 2500, 10_000)] == ["0", "2.5k", "10k"]
    assert words.compact(2500) == "2\u202f500"
    assert ticks(0, 1, whole=True) == [0, 1]
    assert ticks(0, 9, whole=True) == [0, 3, 6, 9]
    assert ticks(0, 1) == [0, 0.25, 0.5, 0.75, 1]


def test_a_remark_is_a_sentence_and_names_a_file_by_no_hash() -> None:
    assert words.sentence(f"kept:{'0a' * 32} is the same picture") == "Its file is the same picture."
    assert words.sentence("Look again.") == "Look again."
