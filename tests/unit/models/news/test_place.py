"""A place says exactly what was told, in a text that stays short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.news.place import Place, told_to

_LARGEST = 60
_places = st.builds(
    lambda top, missing: Place(top, frozenset(one for one in missing if one < top)),
    st.integers(0, _LARGEST),
    st.frozensets(st.integers(1, _LARGEST), max_size=12),
)


def _told(place: Place) -> set[int]:
    return {one for one in range(1, _LARGEST + 1) if place.has(one)}


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place(0), "0"),
        (Place(120), "120"),
        (Place(120, frozenset({117})), "120-3"),
        (Place(120, frozenset({103, 104, 105, 117})), "120-17:15-3"),
    ],
)
def test_it_is_written_as_its_top_and_what_lacks_below(place: Place, text: str) -> None:
    assert str(place) == text
    assert Place.parse(text) == place


@pytest.mark.parametrize("text", ["", "x", "-3", "12-", "12-3:", "12-:3", "12-1000", "12--3", "1" * 19, "1２", " 1"])
def test_nothing_else_is_a_place(text: str) -> None:
    assert Place.parse(text) is None


@given(place=_places)
def test_its_text_says_the_same(place: Place) -> None:
    assert Place.parse(str(place)) == place


def test_a_text_that_would_be_long_leaves_out_only_what_was_told() -> None:
    every_second = Place(1000, frozenset(range(601, 1000, 2)))

    read = Place.parse(str(every_second))

    assert read is not None
    assert len(str(every_second)) < 200
    assert read.missing > every_second.missing


@given(behind=_places, upto=_places, number=st.integers(1, _LARGEST))
def test_behind_what_another_place_has_been_told_too(behind: Place, upto: Place, number: int) -> None:
    at = behind.through(number, upto)

    assert _told(at) == _told(behind) | {one for one in _told(upto) if one <= number}
    assert behind.lacks(upto) == bool(_told(upto) - _told(behind))


def test_what_was_told_ahead_is_not_missing() -> None:
    assert told_to(5, frozenset({7, 8, 10})) == Place(10, frozenset({6, 9}))
    assert told_to(10, frozenset({7, 8, 10})) == told_to(10, frozenset()) == Place(10)
