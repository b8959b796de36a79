"""docs/campaigns.md tells every column, for which types it is, its limits and its options."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cli.main import app
from cli.problems import command_of
from models.posts.post import IfLate, PostType
from models.posts.states import CANCELABLE
from pressrun.clock import parse_instant
from pressrun.media import add_ons, captions
from pressrun.media.rules import LIMITS, MEBIBYTE, Limits, Use
from scheduler.posts import editing
from scheduler.posts.wish import COLUMNS, GRADUATION, MAX_THUMB_OFFSET_MS, REQUIRED, read_wish
from tests.unit.docs.pages import Page, names_in

PAGE = Page.of("docs/campaigns.md")
ROWS = {names_in(row["column"])[0]: row for row in PAGE.table("column", "types", "form", "meaning")}
OPTIONS = {names_in(row["column"])[0]: row for row in PAGE.table("column", "`post add`", "`post edit`")}
LETTERS = {"I": PostType.IMAGE, "C": PostType.CAROUSEL, "R": PostType.REEL, "S": PostType.STORY}
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SAMPLES = {
    "caption": "text",
    "alt_text": "text",
    "first_comment": "text",
    "location_id": "123",
    "user_tags": '[{"username": "someone", "x": 0.5, "y": 0.5}]',
    "collaborators": "someone|@other, third",
    "product_tags": "4029274203846188@0.5,0.5",
    "poll_options": "yes|no",
    "poll_extended": "true",
    "comment_prompt": "true",
    "cover_url": "cover.jpg",
    "cover_at": "2.5s",
    "thumb_offset_ms": str(MAX_THUMB_OFFSET_MS),
    "share_to_feed": "true",
    "trial": GRADUATION[0],
    "max_lateness": "2h",
    "if_late": "publish",
    "fix": "crop:0.5,0.3 trim",
    "key": "k" * 200,
}
USES = {
    "image, carousel image": (Use.FEED_IMAGE, Use.CAROUSEL_IMAGE),
    "story image, reel cover": (Use.STORY_IMAGE, Use.REEL_COVER),
    "reel": (Use.REEL,),
    "carousel video": (Use.CAROUSEL_VIDEO,),
    "story video": (Use.STORY_VIDEO,),
}


def problems(post_type: PostType, **fields: str) -> list[str]:
    asked = {"account": "a", "publish_at": "+90s", "type": post_type.value, "media": "a.jpg", **fields}
    return [one.column for one in read_wish(asked, zone=ZoneInfo("Europe/Oslo"), reference=NOW)[1]]


def test_every_column_is_there_in_order() -> None:
    assert tuple(ROWS) == COLUMNS


def test_the_readme_names_the_same_columns() -> None:
    listed = re.search(r"CSV with the columns `([^`]+)`", Page.of("README.md").text)

    assert listed is not None
    assert tuple(re.split(r",\s+", listed[1])) == COLUMNS


def test_what_is_required_is_marked() -> None:
    assert tuple(name for name, row in ROWS.items() if "**Required.**" in row["meaning"]) == REQUIRED
    assert [name for name in REQUIRED if f"`{name}`" not in PAGE.prose] == []


@pytest.mark.parametrize("column", SAMPLES)
@pytest.mark.parametrize("post_type", PostType)
def test_a_column_is_taken_for_exactly_the_types_named(column: str, post_type: PostType) -> None:
    is_named = post_type in {LETTERS[letter] for letter in ROWS[column]["types"].split()}

    found = problems(post_type, **{column: SAMPLES[column]})

    assert found == ([] if is_named else [column])


def test_the_other_columns_are_for_all_types() -> None:
    assert {ROWS[name]["types"] for name in REQUIRED} == {"I C R S"}
    assert set(SAMPLES) | set(REQUIRED) == set(COLUMNS)


def test_the_words_of_a_column_are_the_ones_taken() -> None:
    assert names_in(ROWS["type"]["form"]) == [one.value for one in (LETTERS[letter] for letter in "ICRS")]
    assert tuple(names_in(ROWS["trial"]["form"])) == GRADUATION
    assert set(names_in(ROWS["if_late"]["form"])) == {one.value for one in IfLate}
    assert ROWS["thumb_offset_ms"]["form"] == f"0 to {MAX_THUMB_OFFSET_MS}"


@pytest.mark.parametrize(
    ("column", "limit"),
    [
        ("caption", f"{captions.MAX_CAPTION} characters"),
        ("caption", f"{captions.MAX_HASHTAGS} hashtags"),
        ("caption", f"{captions.MAX_MENTIONS} @mentions"),
        ("caption", f"more than {captions.ADVISED_HASHTAGS} hashtags"),
        ("alt_text", f"{captions.MAX_ALT_TEXT} characters"),
        ("user_tags", f"at most {captions.MAX_USER_TAGS}"),
        ("collaborators", f"at most {captions.MAX_COLLABORATORS}"),
        ("product_tags", f"at most {add_ons.MAX_PRODUCT_TAGS};"),
        ("product_tags", f"more than {add_ons.MAX_PRODUCT_TAGS_ON_REEL} are refused"),
        ("poll_options", f"{add_ons.POLL_OPTIONS[0]} to {add_ons.POLL_OPTIONS[-1]} options"),
    ],
)
def test_a_limit_is_the_true_one(column: str, limit: str) -> None:
    assert limit.lower() in ROWS[column]["meaning"].lower()


def test_a_key_is_as_long_as_said() -> None:
    assert "200" in ROWS["key"]["form"]
    assert problems(PostType.IMAGE, key="k" * 201) == ["key"]


def test_a_trial_reel_is_not_shared_to_the_feed() -> None:
    assert problems(PostType.REEL, trial="MANUAL", share_to_feed="true") == ["share_to_feed"]
    assert problems(PostType.REEL, trial="MANUAL", share_to_feed="false") == []


@pytest.mark.parametrize("title", USES)
def test_the_table_of_media_is_the_one_that_is_checked(title: str) -> None:
    table = {row[""]: row[title] for row in PAGE.table("", *USES)}

    for use in USES[title]:
        assert table == _told(LIMITS[use])


def _told(limits: Limits) -> dict[str, str]:
    def number(value: float) -> str:
        return "4:5" if value == 4 / 5 else f"{value:g}:1"

    return {
        "format": ", ".join(limits.formats),
        "size": f"{limits.max_bytes // MEBIBYTE} MB",
        "ratio": " to ".join(map(number, limits.ratio)) if limits.ratio else "any",
        "9:16 advised": "yes" if limits.portrait_advised else "no",
        "least width": str(limits.min_width or "–"),
        "greatest width": str(limits.max_width or "–"),
        "seconds": " to ".join(f"{value:g}" for value in limits.duration_s) if limits.duration_s else "–",
    }


NIGHTS = re.findall(r"In Europe/Oslo `(2027[^`]+)`.*?`(2027[^`]+Z)`", PAGE.prose)


@pytest.mark.parametrize(("wall", "instant"), NIGHTS)
def test_the_two_odd_nights_are_as_told(wall: str, instant: str) -> None:
    assert parse_instant(wall, ZoneInfo("Europe/Oslo"), reference=NOW) == datetime.fromisoformat(instant)


def test_both_odd_nights_are_told() -> None:
    assert len(NIGHTS) == 2


@pytest.mark.parametrize("form", [form for row in PAGE.table("form", "means") for form in names_in(row["form"])])
def test_a_form_of_time_is_taken(form: str) -> None:
    assert problems(PostType.IMAGE, publish_at=form) == []


@pytest.mark.parametrize(("command", "cell"), [("add", "`post add`"), ("edit", "`post edit`")])
def test_the_options_are_those_of_the_command(command: str, cell: str) -> None:
    told = {names_in(row[cell])[0] for row in OPTIONS.values() if row[cell] != "–"}

    assert tuple(OPTIONS) == COLUMNS
    assert told == _options(command) - {"--keep-media", "--late", "--version", "--json", "--help", "-h"}


def test_what_cannot_be_edited_is_told() -> None:
    assert tuple(name for name, row in OPTIONS.items() if row["`post edit`"] == "–") == editing.FIXED


def _options(command: str) -> set[str]:
    group: Any = command_of(app)
    found = group.commands["post"].commands[command]
    return {option for parameter in found.params for option in parameter.opts if option.startswith("-")}


@pytest.mark.parametrize("row", PAGE.table("command", "does", "in the states"), ids=lambda row: row["command"])
def test_a_change_is_possible_in_the_states_named(row: dict[str, str]) -> None:
    states = set(row["in the states"].split(", "))
    cancelable = {state.value for state in CANCELABLE}
    command = row["command"].split()[2]
    possible = {
        "edit": cancelable,
        "move": cancelable,
        "swap": cancelable,
        "pause": cancelable,
        "resume": {"draft"},
        "cancel": cancelable | {"canceled"},
        "retry": {"failed", "expired"},
    }

    assert states == possible[command]
