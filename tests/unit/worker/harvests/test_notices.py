"""What webhook changes say, in every shape that Meta's pages show (graph-api.md §7)."""

from __future__ import annotations

from typing import Any

import pytest

from models.history.comment import SeenComment
from worker.harvests.answers.notices import (
    MentionNotice,
    StoryReport,
    names_account,
    read_comment,
    read_mention,
    read_story_report,
)


@pytest.mark.parametrize(
    ("value", "notice"),
    [
        ({"comment_id": "1789", "media_id": "1791"}, MentionNotice("1791", "1789")),
        ({"media_id": "1791"}, MentionNotice("1791")),
        ({"media_id": 17910000000000001}, MentionNotice("17910000000000001")),
        ({"comment_id": "1789"}, None),
        ({"media_id": True}, None),
        ({}, None),
        ("1791", None),
        (None, None),
    ],
)
def test_a_mention(value: Any, notice: MentionNotice | None) -> None:
    assert read_mention(value) == notice


@pytest.mark.parametrize("name", ["id", "comment_id"])
def test_a_comment_is_named_in_two_ways(name: str) -> None:
    value = {
        name: "17865799348089039",
        "text": "This is an example.",
        "from": {"id": "232323232", "username": "candywest"},
        "media": {"id": "123123123", "media_product_type": "FEED"},
        "parent_id": "1231231234",
    }

    assert read_comment(value) == SeenComment(
        "17865799348089039",
        ig_media_id="123123123",
        parent_ig_id="1231231234",
        username="candywest",
        text="This is an example.",
        extra={"from_id": "232323232", "media_product_type": "FEED"},
    )


def test_a_comment_may_say_next_to_nothing() -> None:
    assert read_comment({"id": 5}) == SeenComment("5")
    assert read_comment({"id": "5", "from": None, "media": "x", "text": 7}) == SeenComment("5")


@pytest.mark.parametrize("value", [{}, {"text": "hi"}, [], None, {"id": None}])
def test_a_comment_without_an_id_cannot_be_kept(value: Any) -> None:
    assert read_comment(value) is None


def test_a_storys_counts_below_five_are_unknown() -> None:
    value = {"media_id": "17887498072083520", "impressions": 444, "reach": 44, "taps_forward": 4, "exits": -1}

    report = read_story_report(value | {"taps_back": 0, "replies": -1})

    assert report == StoryReport(
        "17887498072083520", {"reach": 44}, {"impressions": 444, "taps_forward": 4, "taps_back": 0}
    )


def test_a_report_of_which_nothing_is_known() -> None:
    assert read_story_report({"media_id": "1", "reach": -1, "replies": None, "exits": "many"}) == StoryReport(
        "1", {}, {}, odd=("exits",)
    )
    assert read_story_report({"reach": 5}) is None
    assert read_story_report(None) is None


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("@me.too look", True),
        ("look @Me.Too.", True),
        ("(@me.too)", True),
        ("@me.too, and others", True),
        ("@me.toot", False),
        ("@me.too.much", False),
        ("@me.too_", False),
        ("write to x@me.too", False),
        ("me.too", False),
        ("@meatoo", False),
        ("", False),
        (None, False),
    ],
)
def test_whether_a_text_names_the_account(text: str | None, is_named: bool) -> None:
    assert names_account(text, ["me.too", "me_before"]) is is_named


def test_an_account_whose_name_is_unknown_is_never_named() -> None:
    assert not names_account("@anybody", [])
