"""What a webhook change says (graph-api.md §7). Pure, and as tolerant as Meta is loose: None when it cannot be read."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from models.history.comment import SeenComment
from models.meanings.metrics import media_column

_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)
_LARGEST = 2**63


@dataclass(frozen=True)
class MentionNotice:
    """Somebody named the account: in a caption, or in the comment that is named too."""

    media_id: str
    comment_id: str = ""


@dataclass(frozen=True)
class StoryReport:
    """The first day of a story, sent about an hour after its end."""

    media_id: str
    metrics: dict[str, int]
    extra: dict[str, int]
    odd: tuple[str, ...] = ()
    """Names whose values are no counts that could be."""


def read_mention(value: Any) -> MentionNotice | None:
    if not isinstance(value, Mapping):
        return None
    media_id = _id(value, "media_id")
    return MentionNotice(media_id, _id(value, "comment_id")) if media_id else None


def read_comment(value: Any) -> SeenComment | None:
    """Instagram Login calls the comment `id`, Facebook Login `comment_id`: both are read on both."""
    if not isinstance(value, Mapping):
        return None
    ig_id = _id(value, "comment_id") or _id(value, "id")
    if not ig_id:
        return None
    media, author = _object(value, "media"), _object(value, "from")
    told = {
        "from_id": _id(author, "id"),
        "self_ig_scoped_id": _id(author, "self_ig_scoped_id"),
        "media_product_type": _text(media, "media_product_type"),
        "original_media_id": _id(media, "original_media_id"),
        "ad_id": _id(media, "ad_id"),
    }
    return SeenComment(
        ig_id=ig_id,
        ig_media_id=_id(media, "id") or _id(value, "media_id") or None,
        parent_ig_id=_id(value, "parent_id") or None,
        username=_text(author, "username"),
        text=_text(value, "text"),
        extra={name: one for name, one in told.items() if one},
    )


def is_surely_own(told: Mapping[str, Any]) -> bool:
    """Whether the `extra` of a comment says that its media is the account's: an ad or a broadcast, in no list."""
    return bool(told.keys() & {"ad_id", "original_media_id"}) or told.get("media_product_type") in {"AD", "LIVE"}


def read_story_report(value: Any) -> StoryReport | None:
    """Counts below five arrive as -1: unknown, and left out."""
    if not isinstance(value, Mapping):
        return None
    media_id = _id(value, "media_id")
    if not media_id:
        return None
    counts = {name: count for name in value if name != "media_id" and (count := _count(value[name])) is not None}
    return StoryReport(
        media_id,
        metrics={column: count for name, count in counts.items() if (column := media_column(name)) is not None},
        extra={name: count for name, count in counts.items() if media_column(name) is None},
        odd=tuple(sorted(name for name, said in value.items() if name != "media_id" and _is_odd(said))),
    )


def names_account(text: str | None, usernames: Collection[str]) -> bool:
    """Whether one of these stands in the text with its `@`, and not as the beginning of a longer name."""
    if not text or not usernames:
        return False
    names = "|".join(map(re.escape, sorted(usernames)))
    return re.search(rf"(?<![\w.])@(?:{names})(?!\.?\w)", text, re.IGNORECASE) is not None


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


def _id(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    return str(found)


def _text(value: Mapping[str, Any], name: str) -> str | None:
    found = value.get(name)
    return found if isinstance(found, str) else None


def _count(value: Any) -> int | None:
    number = _whole(value)
    return number if number is not None and number >= 0 else None


def _is_odd(value: Any) -> bool:
    return value is not None and _whole(value) is None


def _whole(value: Any) -> int | None:
    """A whole number that a column can hold."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
    return value if is_whole else None
