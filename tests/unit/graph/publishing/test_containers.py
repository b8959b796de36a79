"""Which parameter fits which kind of container (graph-api.md §2.1)."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graph.publishing.containers import (
    AudioConfiguration,
    ContainerKind,
    ContainerSpec,
    InvalidSpec,
    ProductTag,
    UserTag,
    problems,
)
from pressrun.media.captions import check_alt_text, check_caption

URL = "https://cdn.example/file"
KINDS = {kind.value: kind for kind in ContainerKind}

PLAIN = {kind: ContainerSpec(kind, media_url=URL) for kind in ContainerKind}
PLAIN[ContainerKind.CAROUSEL] = ContainerSpec(ContainerKind.CAROUSEL, children=("1", "2"))

# The columns I R S S C ci cv of the table; "+" allowed, "-" not.
TABLE: dict[str, tuple[Any, str]] = {
    "caption": ("x", "++--+--"),
    "alt_text": ("x", "+----+-"),
    "location_id": ("1", "++--+--"),
    "collaborators": (("a",), "++--+--"),
    "children": (("1", "2"), "----+--"),
    "cover_url": (URL, "-+-----"),
    "thumb_offset_ms": (0, "-+----+"),
    "share_to_feed": (True, "-+--+--"),
    "audio_name": ("x", "-+-----"),
    "audio_configuration": (AudioConfiguration("1"), "-+-----"),
    "trial_graduation_strategy": ("MANUAL", "-+-----"),
    "is_ai_generated": (False, "+++++--"),
    "is_paid_partnership": (True, "+++++--"),
    "branded_content_sponsor_ids": (("1",), "+++++--"),
    "poll_options": (("Mug", "Bowl"), "++--+--"),
    "is_poll_duration_extended": (True, "++--+--"),
    "is_comment_prompt_used": (True, "++--+--"),
    "cross_post_to_threads": (True, "+++++--"),
    "show_ig_link": (False, "+++++--"),
    "title": ("x", "+++++--"),
}
NEEDS: dict[str, dict[str, Any]] = {
    "poll_options": {"caption": "which?"},
    "is_poll_duration_extended": {"caption": "which?", "poll_options": ("Mug", "Bowl")},
}
"""What else a parameter asks for, where its kind takes it."""


@pytest.mark.parametrize("kind", list(ContainerKind))
def test_the_least_of_each_kind_is_fine(kind: ContainerKind) -> None:
    assert problems(PLAIN[kind]) == []


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize(("column", "kind"), list(enumerate(ContainerKind)), ids=list(KINDS))
def test_each_cell_of_the_table(name: str, column: int, kind: ContainerKind) -> None:
    value, allowed = TABLE[name]

    needed = NEEDS.get(name, {}) if allowed[column] == "+" else {}
    found = problems(_with(PLAIN[kind], **{name: value}, **needed))

    assert (found == []) == (allowed[column] == "+"), found
    assert not found or name in found[0]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"poll_options": ("Mug",), "caption": "x"}, "2 to 4 texts"),
        ({"poll_options": ("a", "b", "c", "d", "e"), "caption": "x"}, "2 to 4 texts"),
        ({"poll_options": ("a", " "), "caption": "x"}, "2 to 4 texts"),
        ({"poll_options": ("a", "b")}, "need a caption"),
        ({"is_poll_duration_extended": True, "caption": "x"}, "needs poll_options"),
    ],
)
def test_a_poll_has_two_to_four_options_and_a_caption(values: dict[str, Any], problem: str) -> None:
    [found] = problems(_with(PLAIN[ContainerKind.IMAGE], **values))

    assert problem in found


def test_every_parameter_has_a_rule() -> None:
    apart = {"kind", "media_url", "user_tags", "product_tags", "resumable"}

    assert {field.name for field in fields(ContainerSpec)} - apart == set(TABLE)


@pytest.mark.parametrize(
    ("kind", "with_position", "without_position"),
    [
        ("image", True, False),
        ("carousel_image", True, False),
        ("reel", False, True),
        ("story_image", True, True),
        ("story_video", True, True),
        ("carousel_video", True, True),
        ("carousel", False, False),
    ],
)
def test_people_are_tagged_with_a_position_on_images(kind: str, with_position: bool, without_position: bool) -> None:
    spec = PLAIN[KINDS[kind]]

    assert (problems(replace(spec, user_tags=(UserTag("jo", 0, 1),))) == []) == with_position
    assert (problems(replace(spec, user_tags=(UserTag("jo"),))) == []) == without_position


@pytest.mark.parametrize(
    ("kind", "with_position", "without_position"),
    [
        ("image", True, False),
        ("carousel_image", True, False),
        ("reel", False, True),
        ("carousel_video", False, True),
        ("carousel", True, True),
        ("story_image", False, False),
    ],
)
def test_products_are_tagged_with_a_position_on_photos(kind: str, with_position: bool, without_position: bool) -> None:
    spec = PLAIN[KINDS[kind]]

    assert (problems(replace(spec, product_tags=(ProductTag("1", 0.1, 0.9),))) == []) == with_position
    assert (problems(replace(spec, product_tags=(ProductTag("1"),))) == []) == without_position


IMAGE, REEL, CAROUSEL = PLAIN[ContainerKind.IMAGE], PLAIN[ContainerKind.REEL], PLAIN[ContainerKind.CAROUSEL]


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        (replace(IMAGE, caption="x" * 2201), "2201 characters, 2200 are allowed"),
        (replace(IMAGE, caption="#a " * 31), "31 hashtags, 30 are allowed"),
        (replace(IMAGE, caption="@a " * 21), "mentions 21 accounts, 20 are allowed"),
        (replace(IMAGE, alt_text="x" * 1001), "1001 characters, 1000 are allowed"),
        (replace(IMAGE, collaborators=("a", "b", "c", "d")), "4 collaborators are named, 3 are allowed"),
        (replace(IMAGE, user_tags=(UserTag("a", 0, 0),) * 21), "21 people are tagged, 20 are allowed"),
        (replace(IMAGE, user_tags=(UserTag("a", 1.1, 0),)), "between 0 and 1"),
        (replace(PLAIN[ContainerKind.STORY_IMAGE], user_tags=(UserTag("a", 0.5),)), "needs x and y"),
        (replace(IMAGE, product_tags=(ProductTag("1", 0, 0),) * 6), "6 products are tagged, 5 are allowed"),
        (replace(REEL, product_tags=(ProductTag("1"),) * 31), "31 products are tagged, 30 are allowed"),
        (replace(IMAGE, branded_content_sponsor_ids=("1", "2", "3")), "3 sponsors are named, 2 are allowed"),
        (replace(IMAGE, media_url=None), "media_url is missing"),
        (replace(IMAGE, media_url="https://x/ü.jpg"), "in ASCII"),
        (replace(IMAGE, media_url="file:///x.jpg"), "public http"),
        (replace(IMAGE, resumable=True, media_url=None), "resumable is not allowed on an image"),
        (replace(REEL, resumable=True), "takes no media_url"),
        (replace(REEL, cover_url="/x.jpg"), "cover_url must be"),
        (replace(REEL, thumb_offset_ms=-1), "cannot be negative"),
        (replace(REEL, trial_graduation_strategy="SOON"), "MANUAL or SS_PERFORMANCE"),
        (replace(REEL, audio_configuration=AudioConfiguration("1", audio_volume=101)), "between 0 and 100"),
        (replace(CAROUSEL, children=("1",)), "2 to 10 items, not 1"),
        (replace(CAROUSEL, children=("1",) * 11), "2 to 10 items, not 11"),
        (replace(CAROUSEL, media_url=URL), "media_url is not allowed on a carousel"),
    ],
)
def test_limits(spec: ContainerSpec, part: str) -> None:
    found = problems(spec)

    assert any(part in problem for problem in found), found


def test_limits_are_limits_and_not_one_less() -> None:
    full = replace(
        IMAGE,
        caption=("#a " * 30 + "@b " * 20).ljust(2200, "x"),
        alt_text="x" * 1000,
        collaborators=("a", "b", "c"),
        user_tags=(UserTag("a", 0, 1),) * 20,
        product_tags=(ProductTag("1", 1, 0),) * 5,
    )

    assert problems(full) == []
    assert problems(replace(CAROUSEL, children=("1",) * 10)) == []


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from([*"#＃@&/ab1_.ü🍞 \n", "#2011 ", "#tag ", "@user ", "x" * 400]), max_size=120).map("".join)
)
@example(" ".join([f"#w{n}" for n in range(20)] + [f"#{n}" for n in range(2000, 2012)]))
def test_whatever_was_let_through_when_queued_is_let_through_here(text: str) -> None:
    is_queued = not any(one.severity == "error" for one in check_caption(text))

    assert (problems(replace(IMAGE, caption=text)) == []) == is_queued
    assert (problems(replace(IMAGE, alt_text=text)) == []) == (check_alt_text(text) == ())


def test_addresses_of_mail_and_entities_are_no_mentions_or_hashtags() -> None:
    assert problems(replace(IMAGE, caption="me@example.com &#39; " * 40)) == []


def test_all_problems_are_told_at_once() -> None:
    spec = ContainerSpec(ContainerKind.STORY_IMAGE, caption="x", children=("1", "2"))

    assert len(problems(spec)) == 3
    assert str(InvalidSpec(spec.kind, ["a", "b"])) == "this story image cannot be created: a; b"


def _with(spec: ContainerSpec, **values: Any) -> ContainerSpec:
    return replace(spec, **values)
