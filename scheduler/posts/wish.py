"""A wish: what a person wants published, read from the text fields of a CSV row, a command or an API body.

Parsing finds every problem of a row, each with the column it belongs to, and looks at no file and no database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from models.posts.post import IfLate, PostType
from pressrun.clock import parse_duration, parse_instant
from pressrun.errors import Invalid, UsageError
from pressrun.media.fixing.wanted import read_fixing
from pressrun.written import odd_character, with_plain_lines
from scheduler.posts import add_ons
from scheduler.posts.cover import read_moment, said_twice

T = TypeVar("T")

COLUMNS = (
    "account",
    "publish_at",
    "type",
    "media",
    "caption",
    "alt_text",
    "first_comment",
    "location_id",
    "user_tags",
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
    "max_lateness",
    "if_late",
    "fix",
    "key",
)
MEDIA_COLUMNS = ("media", "cover_url")
"""Columns that hold files, addresses, or items of the library."""
REQUIRED = ("account", "publish_at", "type", "media")
GRADUATION = ("MANUAL", "SS_PERFORMANCE")
MAX_THUMB_OFFSET_MS = 15 * 60 * 1000
FARTHEST = timedelta(days=3653)

_NOT_FOR: dict[str, tuple[PostType, ...]] = {
    "caption": (PostType.STORY,),
    "alt_text": (PostType.STORY, PostType.REEL),
    "first_comment": (PostType.STORY,),
    "location_id": (PostType.STORY,),
    "collaborators": (PostType.STORY,),
    "product_tags": (PostType.STORY,),
    "poll_options": (PostType.STORY,),
    "poll_extended": (PostType.STORY,),
    "comment_prompt": (PostType.STORY,),
    "cover_url": (PostType.IMAGE, PostType.STORY, PostType.CAROUSEL),
    "cover_at": (PostType.IMAGE, PostType.STORY, PostType.CAROUSEL),
    "thumb_offset_ms": (PostType.IMAGE, PostType.STORY, PostType.CAROUSEL),
    "share_to_feed": (PostType.IMAGE, PostType.STORY, PostType.CAROUSEL),
    "trial": (PostType.IMAGE, PostType.STORY, PostType.CAROUSEL),
}
"""Columns that Instagram does not take for a type (graph-api.md §2.1)."""


@dataclass(frozen=True)
class ColumnProblem:
    """What is wrong in one column, and what to do."""

    column: str
    message: str
    type: str = Invalid.type
    """The stable type of the error, for programs."""
    can_be_fixed: bool = False
    """Making the file right would end it."""


@dataclass(frozen=True)
class Wish:
    """One post as it was asked for, with every field of the right type."""

    account: str
    publish_at: datetime
    publish_at_text: str
    timezone: str
    type: PostType
    media: tuple[str, ...]
    caption: str = ""
    alt_texts: tuple[str, ...] = ()
    """One for each media, empty where there is none."""
    first_comment: str | None = None
    location_id: str | None = None
    user_tags: tuple[dict[str, Any], ...] = ()
    collaborators: tuple[str, ...] = ()
    product_tags: tuple[dict[str, Any], ...] = ()
    poll_options: tuple[str, ...] = ()
    poll_extended: bool | None = None
    comment_prompt: bool | None = None
    cover: str | None = None
    cover_at: timedelta | None = None
    thumb_offset_ms: int | None = None
    share_to_feed: bool | None = None
    trial: str | None = None
    max_lateness: timedelta | None = None
    if_late: IfLate | None = None
    fix: str | None = None
    """Whether and how its files are made right, as it was written; None: as the settings say."""
    key: str | None = None

    @property
    def frame_ms(self) -> int | None:
        """The frame that is the cover, in either way of saying it."""
        return self.thumb_offset_ms if self.cover_at is None else round(self.cover_at.total_seconds() * 1000)

    def sources(self) -> dict[str, str]:
        """What it is made of, as the columns of a row name it."""
        return {"media": "|".join(self.media), "cover_url": self.cover or ""}


def read_wish(fields: Mapping[str, str], *, zone: ZoneInfo, reference: datetime) -> tuple[Wish, list[ColumnProblem]]:
    """Read one row; empty fields are not given. Returns the wish as far as it can be read, columns with a problem as if
    they had not been given, and every problem found.
    """
    reader = _Reader(fields)
    post_type = reader.read("type", _post_type)
    media = reader.read("media", _media) or ()
    wish = Wish(
        account=reader.text("account") or "",
        publish_at=reader.read("publish_at", lambda text: _instant(text, zone, reference)) or reference,
        publish_at_text=reader.text("publish_at") or "",
        timezone=zone.key,
        type=post_type or PostType.IMAGE,
        media=media,
        caption=reader.fields.get("caption", ""),
        alt_texts=reader.read("alt_text", lambda text: _alt_texts(text, len(media))) or (),
        first_comment=reader.text("first_comment"),
        location_id=reader.read("location_id", _digits),
        user_tags=reader.read("user_tags", add_ons.user_tags) or (),
        collaborators=reader.read("collaborators", _names) or (),
        product_tags=reader.read("product_tags", add_ons.product_tags) or (),
        poll_options=reader.read("poll_options", add_ons.poll_options) or (),
        poll_extended=reader.read("poll_extended", _yes_or_no),
        comment_prompt=reader.read("comment_prompt", _yes_or_no),
        cover=reader.text("cover_url"),
        cover_at=reader.read("cover_at", read_moment),
        thumb_offset_ms=reader.read("thumb_offset_ms", _milliseconds),
        share_to_feed=reader.read("share_to_feed", _yes_or_no),
        trial=reader.read("trial", _graduation),
        max_lateness=reader.read("max_lateness", parse_duration),
        if_late=reader.read("if_late", _if_late),
        fix=reader.read("fix", _fix),
        key=reader.read("key", _key),
    )
    reader.require(*REQUIRED)
    if post_type is not None:
        reader.refuse(post_type)
    reader.problems += _at_odds(wish, post_type, reader.fields)
    return wish, reader.problems


def _at_odds(wish: Wish, post_type: PostType | None, fields: Mapping[str, str]) -> list[ColumnProblem]:
    """Fields of which each alone would be right."""
    found = []
    if post_type is PostType.REEL and (twice := said_twice(fields)) is not None:
        found.append(ColumnProblem("cover_at", twice, "media.cover_at"))
    if wish.trial and wish.share_to_feed:
        found.append(ColumnProblem("share_to_feed", "a trial reel is not shared to the feed: leave it empty"))
    return found


class _Reader:
    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = {name: with_plain_lines(value) for name, value in fields.items() if value}
        self.problems = [
            ColumnProblem(name, "holds a character that no text may hold: write it anew")
            for name, value in self.fields.items()
            if odd_character(value)
        ]

    def text(self, column: str) -> str | None:
        return self.fields.get(column, "").strip() or None

    def read(self, column: str, parse: Callable[[str], T]) -> T | None:
        value = self.text(column)
        if value is None:
            return None
        try:
            return parse(value)
        except UsageError as problem:
            self.problems.append(ColumnProblem(column, str(problem), problem.type))
            return None

    def require(self, *columns: str) -> None:
        self.problems += [ColumnProblem(name, "is missing") for name in columns if self.text(name) is None]

    def refuse(self, post_type: PostType) -> None:
        article = "an" if post_type is PostType.IMAGE else "a"
        for column, types in _NOT_FOR.items():
            if post_type in types and self.text(column) is not None:
                self.problems.append(
                    ColumnProblem(column, f"Instagram takes none for {article} {post_type}: leave it empty")
                )


def _instant(text: str, zone: ZoneInfo, reference: datetime) -> datetime:
    parsed = parse_instant(text, zone, reference=reference, needs_time=True)
    if abs(parsed - reference) > FARTHEST:
        raise Invalid(f"{text!r} is more than ten years away: check the year")
    return parsed


def _post_type(text: str) -> PostType:
    try:
        return PostType(text.lower())
    except ValueError:
        raise Invalid(f"unknown type {text!r}: use {', '.join(PostType)}") from None


def _media(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split("|"))
    if not all(parts):
        raise Invalid("an entry between two | is empty")
    return parts


def _alt_texts(text: str, count: int) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split("|"))
    if len(parts) > max(count, 1):
        raise Invalid(f"{len(parts)} texts separated by | for {count} media: give one for each, in order")
    return parts + ("",) * (count - len(parts))


def _digits(text: str) -> str:
    if not re.fullmatch(r"\d{1,30}", text, re.ASCII):
        raise Invalid(f"{text!r} is not a Page id: use digits only")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip().removeprefix("@") for part in re.split(r"[|,\s]+", text) if part.strip())


def _milliseconds(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) > MAX_THUMB_OFFSET_MS:
        raise Invalid(f"{text!r} is not a number of milliseconds from 0 to {MAX_THUMB_OFFSET_MS}")
    return int(text)


def _yes_or_no(text: str) -> bool:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in known:
        raise Invalid(f"{text!r} is neither true nor false")
    return known[text.lower()]


def _graduation(text: str) -> str:
    if text.upper() not in GRADUATION:
        raise Invalid(f"{text!r} is no graduation strategy: use {' or '.join(GRADUATION)}")
    return text.upper()


def _if_late(text: str) -> IfLate:
    try:
        return IfLate(text.lower())
    except ValueError:
        raise Invalid(f"{text!r} is unknown: use {', '.join(IfLate)}") from None


def _fix(text: str) -> str:
    read_fixing(text)
    return text


def _key(text: str) -> str:
    if len(text) > 200:
        raise Invalid("a key has at most 200 characters")
    return text
