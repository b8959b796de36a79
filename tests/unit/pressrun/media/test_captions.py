"""Texts: what Instagram counts, and where it stops."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.media.captions import (
    check_alt_text,
    check_caption,
    check_collaborators,
    check_first_comment,
    check_user_tags,
    hashtags,
    mentions,
    normal_form,
)
from pressrun.media.rules import Use


def severities(problems: tuple[Any, ...]) -> list[str]:
    return [problem.severity for problem in problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#bread and #Brötchen, #パン!", ["#bread", "#Brötchen", "#パン"]),
        ("#one#two", ["#one", "#two"]),
        ("no. #1 and C# and &#39; and https://x.example/#part", []),
        ("(#2026goals) \n#snake_case", ["#2026goals", "#snake_case"]),
        ("", []),
    ],
)
def test_hashtags(text: str, expected: list[str]) -> None:
    assert hashtags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("with @lena.makes, @north_light.", ["@lena.makes", "@north_light"]),
        ("write to info@bakery.example or @", []),
        ("(@a)@b", ["@a", "@b"]),
    ],
)
def test_mentions(text: str, expected: list[str]) -> None:
    assert mentions(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("x" * 2200, []),
        ("🍞" * 1100, []),
        ("🍞" * 2200, ["warning"]),
        ("x" * 2201, ["error"]),
        (" ".join(f"#tag{n}" for n in range(5)), []),
        (" ".join(f"#tag{n}" for n in range(6)), ["warning"]),
        (" ".join(f"#tag{n}" for n in range(30)), ["warning"]),
        (" ".join(f"#tag{n}" for n in range(31)), ["error"]),
        (" ".join(f"@user{n}" for n in range(20)), []),
        (" ".join(f"@user{n}" for n in range(21)), ["error"]),
    ],
)
def test_captions(text: str, expected: list[str]) -> None:
    assert severities(check_caption(text)) == expected


def test_a_message_names_value_limit_and_advice() -> None:
    (problem,) = check_caption("x" * 2300)

    assert problem.message == "2300 characters are over the limit of 2200: shorten it"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thanks for looking, @lena.makes! #bread", []),
        ("x" * 2200, []),
        ("x" * 2201, ["error"]),
        (" ".join(f"#tag{n}" for n in range(5)), []),
        (" ".join(f"#tag{n}" for n in range(6)), ["warning"]),
        ("See https://a.example and www.b.example", ["warning"]),
        ("write to info@www.example", []),
        ("BUY NOW", ["warning"]),
        ("ÅPENT I DAG", ["warning"]),
        ("OK", []),
        ("NEW: the bread", []),
        ("@USERNAME #HASHTAG", []),
        ("BUY NOW HTTPS://A.EXAMPLE " + "#A " * 6, ["warning"] * 3),
    ],
)
def test_first_comments(text: str, expected: list[str]) -> None:
    found = check_first_comment(text)

    assert severities(found) == expected
    assert {problem.field for problem in found} <= {"first_comment"}


def test_alt_texts() -> None:
    assert check_alt_text("x" * 1000) == ()
    assert severities(check_alt_text("x" * 1001)) == ["error"]


@pytest.mark.parametrize(
    ("usernames", "expected"),
    [
        ([], []),
        (["lena.makes", "north_light", "a1"], []),
        (["a", "b", "c", "d"], ["error"]),
        (["@lena.makes"], ["error"]),
        (["two words"], ["error"]),
        ([""], ["error"]),
        (["x" * 31], ["error"]),
    ],
)
def test_collaborators(usernames: list[str], expected: list[str]) -> None:
    assert severities(check_collaborators(usernames)) == expected


POINT = {"username": "lena.makes", "x": 0.5, "y": 1}
NAME_ONLY = {"username": "lena.makes"}


@pytest.mark.parametrize(
    ("tags", "use", "fits"),
    [
        ([], Use.FEED_IMAGE, True),
        ([POINT], Use.FEED_IMAGE, True),
        ([POINT], Use.CAROUSEL_IMAGE, True),
        ([POINT], Use.STORY_IMAGE, True),
        ([NAME_ONLY], Use.STORY_IMAGE, True),
        ([NAME_ONLY], Use.STORY_VIDEO, True),
        ([NAME_ONLY], Use.REEL, True),
        ([NAME_ONLY], Use.CAROUSEL_VIDEO, True),
        ([{"username": "a", "x": None, "y": None}], Use.REEL, True),
        ([NAME_ONLY], Use.FEED_IMAGE, False),
        ([POINT], Use.REEL, False),
        ([{"username": "a", "x": 0.5}], Use.STORY_IMAGE, False),
        ([{"username": "a", "x": 1.1, "y": 0}], Use.FEED_IMAGE, False),
        ([{"username": "a", "x": float("nan"), "y": 0}], Use.FEED_IMAGE, False),
        ([{"username": "a", "x": "0.5", "y": 0}], Use.FEED_IMAGE, False),
        ([{"username": "a", "x": True, "y": 0}], Use.FEED_IMAGE, False),
        ([{"x": 0.5, "y": 0.5}], Use.FEED_IMAGE, False),
        ([{"username": 7, "x": 0.5, "y": 0.5}], Use.FEED_IMAGE, False),
        ([{**POINT, "z": 1}], Use.FEED_IMAGE, False),
        (["lena.makes"], Use.REEL, False),
        ([POINT] * 20, Use.FEED_IMAGE, True),
        ([POINT] * 21, Use.FEED_IMAGE, False),
    ],
)
def test_user_tags(tags: list[Any], use: Use, fits: bool) -> None:
    assert severities(check_user_tags(tags, use)) == ([] if fits else ["error"])


@given(st.text(), st.sampled_from([str.strip, lambda said: said.replace("@", ""), lambda said: " ".join(said.split())]))
def test_a_text_has_one_normal_form_however_it_comes_back(said: str, changed: Callable[[str], str]) -> None:
    normal = normal_form(said)

    assert normal_form(changed(said)) == normal
    assert normal_form(unicodedata.normalize("NFD", said)) == normal
    assert normal_form(normal) == normal


def test_other_words_have_another_normal_form() -> None:
    assert len({normal_form(said) for said in ("soup by @ana", "soup by ana!", "Soup by ana", "soup byana")}) == 4
    assert normal_form(None) == normal_form(" @ ") == ""
