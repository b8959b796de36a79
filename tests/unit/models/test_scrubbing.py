"""What a person said is cut out of JSON by whose it is; what others said in or around it stays."""

from __future__ import annotations

from typing import Any

import pytest

from models.erasing.identity import Person
from models.erasing.scrubbing import Scrubber

ANA = Person("ana", ("ana",), ("71", "72"))
GONE = "[erased]"


@pytest.mark.parametrize(
    ("value", "left", "is_theirs"),
    [
        (
            {"id": "c", "text": "x", "from": {"id": "71", "username": "ana"}, "like_count": 3},
            {"id": "c", "text": GONE, "from": {"id": GONE, "username": GONE}, "like_count": 3},
            True,
        ),
        ({"id": "c", "text": "x", "from": {"id": 71}}, {"id": "c", "text": GONE, "from": {"id": GONE}}, True),
        ({"text": "x", "username": "ANA", "hidden": False}, {"text": GONE, "username": GONE, "hidden": False}, True),
        (
            {"sender": {"id": "72"}, "recipient": {"id": "9"}, "message": {"mid": "m", "text": "x"}, "timestamp": 5},
            {"sender": {"id": GONE}, "recipient": {"id": "9"}, "message": {"mid": GONE, "text": GONE}, "timestamp": 5},
            True,
        ),
        (
            {"username": "ana", "text": "x", "replies": {"data": [{"username": "bob", "text": "y @ana @anas"}]}},
            {"username": GONE, "text": GONE, "replies": {"data": [{"username": "bob", "text": f"y @{GONE} @anas"}]}},
            True,
        ),
        (
            {"data": [{"username": "bob", "text": "y"}, {"username": "ana", "text": "x"}]},
            {"data": [{"username": "bob", "text": "y"}, {"username": GONE, "text": GONE}]},
            False,
        ),
        ({"username": "anas", "text": "ana said"}, {"username": "anas", "text": "ana said"}, False),
        ("hello @Ana.", f"hello @{GONE}.", False),
        ([1, None, True, "a@ana.b"], [1, None, True, "a@ana.b"], False),
        (None, None, False),
    ],
)
def test_by_whose_it_is(value: Any, left: Any, is_theirs: bool) -> None:
    scrubber = Scrubber(ANA)

    assert scrubber.scrub(value) == left
    assert (scrubber.changed, scrubber.is_theirs) == (value != left, is_theirs)


def test_a_second_time_changes_nothing() -> None:
    value = {"id": "c", "text": "x", "from": {"id": "71", "username": "ana"}}
    again = Scrubber(ANA)

    assert again.scrub(Scrubber(ANA).scrub(value)) == Scrubber(ANA).scrub(value)
    assert not again.changed


def test_where_no_name_is_known_no_words_are_cut() -> None:
    scrubber = Scrubber(Person("71", (), ("71",)))

    assert scrubber.scrub({"text": "hello @ana, x@y"}) == {"text": "hello @ana, x@y"}
    assert not scrubber.changed
