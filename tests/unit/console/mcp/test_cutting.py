"""Answers cut to the size of a conversation, none of whose items is lost."""

from __future__ import annotations

from typing import Any

import pytest

from console.mcp.cutting import LONGEST_TEXT, MOST_CHARACTERS, fit_change, fit_list, fit_page, shortened
from pressrun.errors import Invalid

LONG = [{"number": number, "text": "x" * 1000} for number in range(100)]


def test_a_page_is_asked_for_again_with_as_many_items_as_fit() -> None:
    asked: list[Any] = []

    def ask(arguments: dict[str, Any]) -> dict[str, Any]:
        asked.append(arguments)
        count = arguments.get("limit", 50)
        return {"items": LONG[:count], "next_cursor": str(count)}

    told = fit_page(ask, {"account": "bakery"})

    assert 20 < len(told["items"]) < 24
    assert told["next_cursor"] == str(len(told["items"]))
    assert asked == [{"account": "bakery"}, {"account": "bakery", "limit": len(told["items"])}]


def test_a_list_that_has_no_pages_of_its_own_gets_them() -> None:
    cursor, found = None, []
    while True:
        told = fit_list("insight_curve", {"items": LONG, "count": 100}, cursor)
        assert len(str(told)) < MOST_CHARACTERS * 1.1
        assert told["count"] == 100
        found += told["items"]
        cursor = told["next_cursor"]
        if cursor is None:
            break

    assert found == LONG


def test_a_cursor_is_of_no_use_for_another_tool() -> None:
    cursor = fit_list("insight_curve", {"items": LONG}, None)["next_cursor"]

    with pytest.raises(Invalid):
        fit_list("rereads", {"items": LONG}, cursor)


def test_one_item_that_is_too_long_by_itself_is_told_nevertheless() -> None:
    huge = [{"texts": ["x" * 3000] * 20}] * 2

    first = fit_list("tool", {"items": huge}, None)
    second = fit_list("tool", {"items": huge}, first["next_cursor"])

    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (1, 1, None)


def test_what_is_left_off_the_answer_to_a_change_is_said() -> None:
    told = fit_change({"items": LONG, "warnings": []})

    assert told["left_off"] == {"items": 100 - len(told["items"])}
    assert fit_change({"items": LONG[:3]}) == {"items": LONG[:3]}


def test_a_long_text_says_how_much_more_there_is() -> None:
    assert shortened({"text": "x" * (LONGEST_TEXT + 7)})["text"].endswith("… (7 more characters)")
    assert shortened(["x" * LONGEST_TEXT]) == ["x" * LONGEST_TEXT]
