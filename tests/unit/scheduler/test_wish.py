"""Wishes: every column read right or refused with what to do, and all problems of a row told at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.posts.post import IfLate, PostType
from scheduler.posts.wish import COLUMNS, REQUIRED, ColumnProblem, Wish, read_wish

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
ROW = {"account": "bakery", "publish_at": "2026-12-24T18:30", "type": "reel", "media": "wheel.mp4"}


def _read(zone: ZoneInfo = UTC_ZONE, /, **fields: str) -> Wish:
    wish, problems = read_wish(ROW | fields, zone=zone, reference=NOW)
    assert problems == []
    return wish


def _problems(**fields: str) -> list[ColumnProblem]:
    _, problems = read_wish(ROW | fields, zone=UTC_ZONE, reference=NOW)
    assert problems
    return problems


def _problem(**fields: str) -> ColumnProblem:
    (problem,) = _problems(**fields)
    return problem


class TestRightColumns:
    def test_the_least_that_a_row_needs(self) -> None:
        assert _read() == Wish(
            account="bakery",
            publish_at=datetime(2026, 12, 24, 18, 30, tzinfo=UTC),
            publish_at_text="2026-12-24T18:30",
            timezone="UTC",
            type=PostType.REEL,
            media=("wheel.mp4",),
        )

    def test_an_empty_column_is_the_same_as_none(self) -> None:
        empty = {name: "  " for name in COLUMNS if name not in (*REQUIRED, "caption")}

        assert _read(**empty) == _read()

    @pytest.mark.parametrize(
        ("fields", "read"),
        [
            ({"type": " Reel "}, {"type": PostType.REEL}),
            ({"type": "image"}, {"type": PostType.IMAGE}),
            ({"type": "carousel", "media": "a.jpg | b.jpg"}, {"media": ("a.jpg", "b.jpg")}),
            ({"media": " a b.mp4 "}, {"media": ("a b.mp4",)}),
            ({"media": "https://x.example/a.mp4"}, {"media": ("https://x.example/a.mp4",)}),
            ({"caption": " two\nlines, and 👋 "}, {"caption": " two\nlines, and 👋 "}),
            ({"caption": "one\r\ntwo\rthree"}, {"caption": "one\ntwo\nthree"}),
            ({"first_comment": " #one "}, {"first_comment": "#one"}),
            ({"first_comment": "one\r\ntwo"}, {"first_comment": "one\ntwo"}),
            ({"location_id": "106078429431815"}, {"location_id": "106078429431815"}),
            ({"user_tags": '[{"username": "a"}]'}, {"user_tags": ({"username": "a"},)}),
            ({"collaborators": "@a, b|c"}, {"collaborators": ("a", "b", "c")}),
            ({"collaborators": "a b"}, {"collaborators": ("a", "b")}),
            ({"product_tags": "12"}, {"product_tags": ({"product_id": "12"},)}),
            (
                {"product_tags": "12@0.5,1| 13 @ .25 : 0"},
                {"product_tags": ({"product_id": "12", "x": 0.5, "y": 1.0}, {"product_id": "13", "x": 0.25, "y": 0.0})},
            ),
            (
                {"product_tags": '[{"product_id": 3231775643511089}, {"product_id": "1", "x": 0}]'},
                {"product_tags": ({"product_id": "3231775643511089"}, {"product_id": "1", "x": 0})},
            ),
            (
                {"product_tags": '{"product_id": 1}|2'},
                {"product_tags": ({"product_id": "1"}, {"product_id": "2"})},
            ),
            ({"poll_options": "yes | no, thanks"}, {"poll_options": ("yes", "no, thanks")}),
            ({"poll_extended": "yes", "comment_prompt": "no"}, {"poll_extended": True, "comment_prompt": False}),
            ({"cover_url": "cover.jpg"}, {"cover": "cover.jpg"}),
            ({"thumb_offset_ms": "0"}, {"thumb_offset_ms": 0}),
            ({"cover_at": "2.5s"}, {"cover_at": timedelta(seconds=2.5), "frame_ms": 2500}),
            ({"cover_at": "1m"}, {"frame_ms": 60_000}),
            ({"cover_at": "3"}, {"frame_ms": 3000}),
            ({"thumb_offset_ms": "900000"}, {"thumb_offset_ms": 900_000}),
            ({"trial": "manual"}, {"trial": "MANUAL"}),
            ({"trial": "SS_PERFORMANCE", "share_to_feed": "no"}, {"trial": "SS_PERFORMANCE", "share_to_feed": False}),
            ({"max_lateness": "10m"}, {"max_lateness": timedelta(minutes=10)}),
            ({"max_lateness": "0s"}, {"max_lateness": timedelta(0)}),
            ({"max_lateness": "90"}, {"max_lateness": timedelta(seconds=90)}),
            ({"if_late": "Publish"}, {"if_late": IfLate.PUBLISH}),
            ({"if_late": "expire"}, {"if_late": IfLate.EXPIRE}),
            ({"key": " hb-1 "}, {"key": "hb-1"}),
            ({"key": "k" * 200}, {"key": "k" * 200}),
        ],
        ids=str,
    )
    def test_is_read_as_it_is_meant(self, fields: dict[str, str], read: dict[str, Any]) -> None:
        wish = _read(**fields)

        assert {name: getattr(wish, name) for name in read} == read

    @pytest.mark.parametrize("text", ["true", "TRUE", "yes", "1"])
    def test_yes(self, text: str) -> None:
        assert _read(share_to_feed=text).share_to_feed is True

    @pytest.mark.parametrize("text", ["false", "False", "no", "0"])
    def test_no(self, text: str) -> None:
        assert _read(share_to_feed=text).share_to_feed is False

    @pytest.mark.parametrize(
        ("alt_text", "read"),
        [("", ()), ("one", ("one", "", "")), ("one|two|three", ("one", "two", "three")), ("|two", ("", "two", ""))],
    )
    def test_alt_texts_go_with_the_media_in_order(self, alt_text: str, read: tuple[str, ...]) -> None:
        assert _read(type="carousel", media="a.jpg|b.jpg|c.jpg", alt_text=alt_text).alt_texts == read


class TestTimes:
    @pytest.mark.parametrize(
        ("text", "instant"),
        [
            ("2026-12-24T18:30", "2026-12-24T17:30:00+00:00"),
            ("2026-12-24 18:30:15", "2026-12-24T17:30:15+00:00"),
            ("2026-07-24T18:30", "2026-07-24T16:30:00+00:00"),
            ("2026-12-24T18:30:00Z", "2026-12-24T18:30:00+00:00"),
            ("2026-12-24T18:30:00+05:30", "2026-12-24T13:00:00+00:00"),
            ("+90s", "2026-11-24T12:01:30+00:00"),
            ("+2h30m", "2026-11-24T14:30:00+00:00"),
            # The night in which 02:00 to 03:00 does not exist, and the one in which it exists twice.
            ("2027-03-28T02:30", "2027-03-28T01:00:00+00:00"),
            ("2026-10-25T02:30", "2026-10-25T00:30:00+00:00"),
        ],
    )
    def test_a_time_without_an_offset_is_wall_time_of_the_account(self, text: str, instant: str) -> None:
        wish = _read(BERLIN, publish_at=text)

        assert wish.publish_at == datetime.fromisoformat(instant)
        assert wish.timezone == "Europe/Berlin"
        assert wish.publish_at_text == text

    @pytest.mark.parametrize("text", ["tomorrow", "24.12.2026 18:30", "2026-02-30T10:00", "+soon", "18:30", "+-5m"])
    def test_any_other_is_refused(self, text: str) -> None:
        assert _problem(publish_at=text).column == "publish_at"

    @pytest.mark.parametrize("text", ["0001-01-01T00:00Z", "0026-12-24T18:30", "2206-12-24T18:30", "9999-12-31T23:59"])
    def test_a_year_that_must_be_a_slip_of_the_pen_is_refused(self, text: str) -> None:
        assert _problem(publish_at=text) == ColumnProblem(
            "publish_at", f"{text!r} is more than ten years away: check the year"
        )


class TestWrongColumns:
    @pytest.mark.parametrize(
        ("fields", "column", "told"),
        [
            ({"account": " "}, "account", "is missing"),
            ({"publish_at": ""}, "publish_at", "is missing"),
            ({"type": ""}, "type", "is missing"),
            ({"media": ""}, "media", "is missing"),
            ({"type": "igtv"}, "type", "unknown type 'igtv': use image, carousel, reel, story"),
            ({"media": "a.jpg||b.jpg"}, "media", "empty"),
            ({"media": "a.jpg|"}, "media", "empty"),
            ({"type": "image", "alt_text": "one|two"}, "alt_text", "2 texts separated by | for 1 media"),
            ({"location_id": "Berlin"}, "location_id", "digits only"),
            ({"location_id": "12²"}, "location_id", "digits only"),
            ({"user_tags": "someone"}, "user_tags", "JSON list"),
            ({"user_tags": '{"username": "a"}'}, "user_tags", "JSON list"),
            ({"user_tags": '["a"]'}, "user_tags", "JSON list"),
            *(
                ({"product_tags": text}, "product_tags", "no product tag")
                for text in ("mug", "1@0.5", "1@a,b", "1|", "[1]", "{", '["1"]', "1@0.5,0.5,0.5", "[" * 9000, "1²")
            ),
            ({"poll_options": "yes||no"}, "poll_options", "empty"),
            ({"poll_extended": "long"}, "poll_extended", "neither true nor false"),
            ({"comment_prompt": "2"}, "comment_prompt", "neither true nor false"),
            ({"thumb_offset_ms": "1.5"}, "thumb_offset_ms", "milliseconds"),
            ({"cover_at": "-1s"}, "cover_at", "not a duration"),
            ({"cover_at": "middle"}, "cover_at", "not a duration"),
            ({"cover_at": "16m"}, "cover_at", "beyond the end"),
            ({"cover_at": "1s", "cover_url": "c.jpg"}, "cover_at", "one cover"),
            ({"cover_at": "1s", "thumb_offset_ms": "0"}, "cover_at", "one cover"),
            ({"thumb_offset_ms": "-1"}, "thumb_offset_ms", "milliseconds"),
            ({"thumb_offset_ms": "900001"}, "thumb_offset_ms", "milliseconds"),
            ({"share_to_feed": "perhaps"}, "share_to_feed", "neither true nor false"),
            ({"trial": "AUTO"}, "trial", "MANUAL or SS_PERFORMANCE"),
            ({"trial": "MANUAL", "share_to_feed": "true"}, "share_to_feed", "a trial reel is not shared"),
            ({"max_lateness": "a while"}, "max_lateness", "not a duration"),
            ({"max_lateness": "-5m"}, "max_lateness", "not a duration"),
            ({"if_late": "shrug"}, "if_late", "publish, expire, next_slot"),
            ({"key": "k" * 201}, "key", "at most 200"),
        ],
        ids=str,
    )
    def test_is_refused_with_what_to_do(self, fields: dict[str, str], column: str, told: str) -> None:
        problem = _problem(**fields)

        assert problem.column == column
        assert told in problem.message

    @pytest.mark.parametrize("column", [*COLUMNS])
    def test_a_character_that_no_text_may_hold_is_refused(self, column: str) -> None:
        for character in ("\0", "\udce9"):
            fields = {column: (ROW.get(column) or "1") + character}

            assert column in {problem.column for problem in _problems(**fields)}

    @pytest.mark.parametrize(
        ("post_type", "refused"),
        [
            ("image", {"cover_url", "cover_at", "thumb_offset_ms", "share_to_feed", "trial"}),
            ("carousel", {"cover_url", "cover_at", "thumb_offset_ms", "share_to_feed", "trial"}),
            ("reel", {"alt_text"}),
            (
                "story",
                {
                    "caption",
                    "alt_text",
                    "first_comment",
                    "location_id",
                    "collaborators",
                    "product_tags",
                    "poll_options",
                    "poll_extended",
                    "comment_prompt",
                    "cover_url",
                    "cover_at",
                    "thumb_offset_ms",
                    "share_to_feed",
                    "trial",
                },
            ),
        ],
    )
    def test_what_instagram_does_not_take_for_a_type_is_refused(self, post_type: str, refused: set[str]) -> None:
        fields = {
            "caption": "c",
            "alt_text": "a",
            "first_comment": "f",
            "location_id": "1",
            "user_tags": "[]",
            "collaborators": "a",
            "product_tags": "1",
            "poll_options": "a|b",
            "poll_extended": "true",
            "comment_prompt": "true",
            "cover_url": "c.jpg",
            "thumb_offset_ms": "1",
            "share_to_feed": "false",
            "trial": "MANUAL",
            "max_lateness": "1m",
            "if_late": "expire",
            "key": "k",
        } | ({} if post_type == "reel" else {"cover_at": "1s"})

        problems = _problems(type=post_type, **fields)

        assert {problem.column for problem in problems} == refused
        assert all(f" {post_type}: leave it empty" in problem.message for problem in problems)

    def test_all_problems_of_a_row_are_told_at_once(self) -> None:
        wrong = {
            "account": "",
            "publish_at": "soon",
            "type": "story",
            "media": "a||b",
            "caption": "a story has none",
            "location_id": "x",
            "user_tags": "x",
            "max_lateness": "x",
            "if_late": "x",
            "key": "k" * 201,
        }

        found = [problem.column for problem in _problems(**wrong)]

        assert sorted(found) == sorted([*wrong.keys() - {"type"}, "location_id"])

    @given(st.dictionaries(st.sampled_from(COLUMNS), st.text(max_size=40), max_size=len(COLUMNS)))
    def test_no_text_whatever_is_more_than_a_problem(self, fields: dict[str, str]) -> None:
        _, problems = read_wish(fields, zone=BERLIN, reference=NOW)

        assert {problem.column for problem in problems} <= set(COLUMNS)
