"""Texts of people as content: delimited, so that whoever reads an answer can tell them from what Pressrun says.

A caption, a comment or a name may be written so that it reads like an order. In an answer it stands between `<content>`
and `</content>`, and a delimiter within it is broken by a backslash, so nobody can end their content early. What is
handed back between the same delimiters is taken as what was between them.
"""

from __future__ import annotations

import re
from typing import Any

OPEN, CLOSE = "<content>", "</content>"
TEXTS = frozenset({"caption", "first_comment", "alt_text", "text", "reply", "also_called", "names"})
"""Fields that are content whatever stands in them."""
OURS = frozenset(
    {
        *("advice", "warnings", "notes", "obstacles", "title", "route_why", "cron", "how", "check"),
        *("next_cursor", "upload_url", "upload_how"),
    }
)
"""Fields that Pressrun words itself. Any other is content as soon as it could be a sentence."""

_DELIMITER = re.compile(r"<(\\*)(\s*/?\s*content)", re.IGNORECASE)
_BROKEN = re.compile(r"<\\(\\*)(\s*/?\s*content)", re.IGNORECASE)


def mark(text: str) -> str:
    """The text as content."""
    return OPEN + _DELIMITER.sub(r"<\\\1\2", text) + CLOSE


def unmark(text: str) -> str:
    """What is between the delimiters; a text without them as it is."""
    if not (text.startswith(OPEN) and text.endswith(CLOSE) and len(text) >= len(OPEN) + len(CLOSE)):
        return text
    return _BROKEN.sub(r"<\1\2", text[len(OPEN) : -len(CLOSE)])


def marked(told: Any, field: str = "") -> Any:
    """An answer, of JSON's kinds, in which texts of people are content."""
    if isinstance(told, dict):
        return {_name(name): marked(value, name) for name, value in told.items()}
    if isinstance(told, list):
        return [marked(one, field) for one in told]
    return mark(told) if isinstance(told, str) and _is_content(told, field) else told


def unmarked(given: Any) -> Any:
    """Arguments without the delimiters."""
    if isinstance(given, dict):
        return {name: unmarked(value) for name, value in given.items()}
    if isinstance(given, list):
        return [unmarked(one) for one in given]
    return unmark(given) if isinstance(given, str) else given


def _is_content(text: str, field: str) -> bool:
    if field in TEXTS:
        return text != ""
    return field not in OURS and any(one.isspace() for one in text)


def _name(name: str) -> str:
    """Names of members are ours, but for those that came with somebody's answer."""
    return mark(name) if any(one.isspace() for one in name) else name
