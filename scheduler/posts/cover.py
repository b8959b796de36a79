"""The cover of a reel: a picture of its own, or a frame of the video; one of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from pressrun.clock import parse_duration
from pressrun.errors import Invalid

LATEST_FRAME = timedelta(minutes=15)
"""No reel is longer."""


def read_moment(text: str) -> timedelta:
    """When a frame is shown, as people write it: `2.5s`. Raises Invalid."""
    at = parse_duration(text)
    if at > LATEST_FRAME:
        raise Invalid(f"{text!r} is beyond the end of any reel: 15 minutes", type="media.cover_at")
    return at


def said_twice(fields: Mapping[str, str]) -> str | None:
    """What is wrong where a row names a moment, and another cover beside it."""
    other = next((name for name in ("cover_url", "thumb_offset_ms") if fields.get(name, "").strip()), None)
    if other is None or not fields.get("cover_at", "").strip():
        return None
    return f"a reel has one cover: say cover_at or {other}, not both"


def with_one_cover(changes: Mapping[str, str]) -> Mapping[str, str]:
    """What an edit comes to: a moment takes the place of the cover that a post has; taken away it leaves none."""
    if "cover_at" not in changes:
        return changes
    others = {"thumb_offset_ms": ""} | ({"cover_url": ""} if changes["cover_at"].strip() else {})
    return others | dict(changes)
