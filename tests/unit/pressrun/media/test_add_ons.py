"""Product tags, polls and prompts: what Instagram takes of them, by the medium that carries them."""

from __future__ import annotations

from typing import Any

import pytest

from pressrun.media.add_ons import check_comment_prompt, check_poll, check_product_tags
from pressrun.media.rules import Use

AT = {"x": 0.5, "y": 0.5}
TAG = {"product_id": "4029274203846188"}


def _told(tags: list[Any], use: Use = Use.FEED_IMAGE) -> list[tuple[str, str]]:
    return [(one.severity, one.message) for one in check_product_tags(tags, use)]


def _many(count: int, **over: float) -> list[dict[str, Any]]:
    return [{"product_id": str(number), **over} for number in range(count)]


@pytest.mark.parametrize(
    ("tags", "use"),
    [
        ([], Use.FEED_IMAGE),
        ([TAG | AT], Use.FEED_IMAGE),
        ([TAG | {"x": 0, "y": 1}], Use.CAROUSEL_IMAGE),
        ([TAG], Use.REEL),
        ([TAG | {"x": None, "y": None}], Use.CAROUSEL_VIDEO),
        (_many(5, **AT), Use.FEED_IMAGE),
        (_many(5), Use.REEL),
    ],
)
def test_what_is_right(tags: list[Any], use: Use) -> None:
    assert _told(tags, use) == []


@pytest.mark.parametrize(
    ("tags", "use", "told"),
    [
        (_many(6, **AT), Use.FEED_IMAGE, "6 product tags are over the limit of 5"),
        (_many(31), Use.REEL, "31 product tags are over the limit of 30"),
        (_many(6), Use.CAROUSEL_VIDEO, "over the limit of 5"),
        ([TAG], Use.FEED_IMAGE, "product tag 1 on a feed image needs both x and y"),
        ([TAG | {"x": 0.5}], Use.CAROUSEL_IMAGE, "needs both x and y"),
        ([TAG | AT], Use.REEL, "takes no x and y"),
        ([TAG | {"x": 0.5}], Use.CAROUSEL_VIDEO, "takes no x and y"),
        ([TAG | {"x": 1.1, "y": 0}], Use.FEED_IMAGE, "has x 1.1"),
        ([TAG | {"x": 0, "y": "0.5"}], Use.FEED_IMAGE, "has y '0.5'"),
        ([TAG | {"x": True, "y": 0}], Use.FEED_IMAGE, "has x True"),
        ([TAG | {"x": float("nan"), "y": 0}], Use.FEED_IMAGE, "has x nan"),
        ([AT], Use.FEED_IMAGE, "names no product"),
        ([AT | {"product_id": "x1"}], Use.FEED_IMAGE, "names no product"),
        ([AT | {"product_id": "1" * 31}], Use.FEED_IMAGE, "names no product"),
        ([TAG | AT | {"z": 1}], Use.FEED_IMAGE, "unknown key 'z'"),
        ([TAG | AT, TAG | AT], Use.FEED_IMAGE, "is tagged twice"),
        (["4029274203846188"], Use.FEED_IMAGE, "must be an object"),
        ([None], Use.REEL, "must be an object"),
    ],
)
def test_what_instagram_would_refuse(tags: list[Any], use: Use, told: str) -> None:
    [(severity, message)] = _told(tags, use)

    assert (severity, told in message) == ("error", True), message


def test_between_the_two_limits_of_a_reel_it_is_warned() -> None:
    [(severity, message)] = _told(_many(6), Use.REEL)

    assert (severity, "allows 5" in message) == ("warning", True)


@pytest.mark.parametrize(
    ("options", "extended", "caption", "told"),
    [
        ((), None, "", []),
        ((), False, "", []),
        (("a", "b"), None, "c", []),
        (("a", "b", "c", "d"), True, "c", []),
        ((), True, "c", ["no poll"]),
        (("a",), None, "c", ["2 to 4 options, not 1"]),
        (tuple("abcde"), None, "c", ["2 to 4 options, not 5"]),
        (("a", "A"), None, "c", ["say the same"]),
        (("a", "b"), None, " \n", ["write one"]),
        (("a",), None, "", ["not 1", "write one"]),
    ],
)
def test_a_poll(options: tuple[str, ...], extended: bool | None, caption: str, told: list[str]) -> None:
    found = check_poll(options, extended=extended, caption=caption)

    assert len(found) == len(told)
    assert all(words in one.message and one.severity == "error" for words, one in zip(told, found, strict=True))


@pytest.mark.parametrize(("asked", "caption", "count"), [(None, "", 0), (False, "", 0), (True, "c", 0), (True, " ", 1)])
def test_a_prompt_without_a_caption_is_warned_of(asked: bool | None, caption: str, count: int) -> None:
    assert [one.severity for one in check_comment_prompt(asked, caption=caption)] == ["warning"] * count
