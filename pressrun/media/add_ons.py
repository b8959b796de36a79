"""What a post may carry besides its text: product tags and caption add-ons (graph-api.md §2.1). Facebook Login only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pressrun.media.rules import Problem, Use

MAX_PRODUCT_TAGS = 5
MAX_PRODUCT_TAGS_ON_REEL = 30
"""By an older changelog; Meta's page says 5 for all: between the two is warned of."""
POLL_OPTIONS = range(2, 5)
_PRODUCT_ID = re.compile(r"\d{1,30}", re.ASCII)
_IMAGES = (Use.FEED_IMAGE, Use.CAROUSEL_IMAGE)


def check_product_tags(tags: Sequence[Any], use: Use) -> tuple[Problem, ...]:
    """Problems of product tags on a medium of this use: pictures need a point for each, videos take none."""
    problems = []
    most = MAX_PRODUCT_TAGS_ON_REEL if use is Use.REEL else MAX_PRODUCT_TAGS
    if len(tags) > most:
        problems.append(_error("product_tags", f"{len(tags)} product tags are over the limit of {most}: remove some"))
    elif len(tags) > MAX_PRODUCT_TAGS:
        message = f"{len(tags)} product tags: Meta's page allows {MAX_PRODUCT_TAGS}, an older one {most}"
        problems.append(Problem("product_tags", message, "warning"))
    ids = [str(tag.get("product_id")) for tag in tags if isinstance(tag, Mapping)]
    for twice in sorted({one for one in ids if ids.count(one) > 1}):
        problems.append(_error("product_tags", f"product {twice} is tagged twice: remove one"))
    for number, tag in enumerate(tags, 1):
        problems += [_error("product_tags", f"product tag {number} {what}") for what in _product_tag(tag, use)]
    return tuple(problems)


def check_poll(options: Sequence[str], *, extended: bool | None, caption: str) -> tuple[Problem, ...]:
    """Problems of a poll, which is part of the caption."""
    if not options:
        message = "there is no poll that could be open for longer: give its options, or leave it empty"
        return (_error("poll_extended", message),) if extended else ()
    problems = []
    if len(options) not in POLL_OPTIONS:
        message = f"a poll has {POLL_OPTIONS[0]} to {POLL_OPTIONS[-1]} options, not {len(options)}"
        problems.append(_error("poll_options", message))
    if len({option.casefold() for option in options}) < len(options):
        problems.append(_error("poll_options", "two options of the poll say the same"))
    if not caption.strip():
        problems.append(_error("poll_options", "a poll is part of the caption: write one"))
    return tuple(problems)


def check_comment_prompt(asked: bool | None, *, caption: str) -> tuple[Problem, ...]:
    """Problems of a comment prompt. That it needs a caption is said of the poll alone, so it is warned of."""
    if not asked or caption.strip():
        return ()
    return (Problem("comment_prompt", "it is part of the caption, and there is none", "warning"),)


def _product_tag(tag: Any, use: Use) -> list[str]:
    if not isinstance(tag, Mapping):
        return ['must be an object such as {"product_id": "1", "x": 0.5, "y": 0.5}']
    found = []
    if not _PRODUCT_ID.fullmatch(str(tag.get("product_id"))):
        found.append(f"names no product: {tag.get('product_id')!r} is not a product's id, which has digits only")
    unknown = sorted(str(key) for key in tag if key not in {"product_id", "x", "y"})
    if unknown:
        found.append(f"has the unknown key {unknown[0]!r}: only product_id, x and y are taken")
    given = [axis for axis in ("x", "y") if tag.get(axis) is not None]
    if use not in _IMAGES and given:
        found.append("is on a video, which takes no x and y: remove them")
    elif use in _IMAGES and len(given) < 2:
        found.append(f"on a {use} needs both x and y, 0 to 1")
    else:
        bad = [axis for axis in given if not _is_share(tag[axis])]
        found += [f"has {axis} {tag[axis]!r}: it must be a number from 0 to 1" for axis in bad]
    return found


def _is_share(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value <= 1


def _error(field: str, message: str) -> Problem:
    return Problem(field, message, "error")
