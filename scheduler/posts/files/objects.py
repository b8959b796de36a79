"""A campaign as JSON: a list of objects whose names are the columns of the CSV form.

Values are texts, numbers, true, false and null; what the CSV form separates by a pipe may be a list, and tags are
one of objects. Lines are counted, so that a problem is found again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scheduler.posts.files.rows import Row, Unreadable, check_name, check_text

_LISTS = ("media", "alt_text", "collaborators", "poll_options")
_OBJECTS = ("user_tags", "product_tags")
_BLANK = " \t\r\n"


def read_objects(path: Path, text: str) -> Iterator[Row]:
    """One row for each object. Raises Unreadable."""
    at = _skip(text, 0)
    if text[at] != "[":
        raise Unreadable(path, "JSON of a campaign is a list of objects, one for each post: begin with [", line=1)
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        line = _line(text, at)
        found, at = _value(path, text, at)
        yield Row(line, _fields(path, line, found))
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise Unreadable(path, "here a comma or the end of the list, ], is missing", line=_line(text, at))
    if text[at + 1 :].strip():
        raise Unreadable(path, "text follows the end of the list", line=_line(text, _skip(text, at + 1)))


def _value(path: Path, text: str, at: int) -> tuple[Any, int]:
    try:
        return json.JSONDecoder(object_pairs_hook=_once).raw_decode(text, at)
    except json.JSONDecodeError as problem:
        raise Unreadable(path, f"is not JSON: {problem.msg} (character {problem.colno})", line=problem.lineno) from None
    except _Twice as twice:
        raise Unreadable(path, f"{twice.name!r} stands twice in one object", line=_line(text, at)) from None
    except (RecursionError, ValueError):  # ValueError: a number of thousands of digits
        raise Unreadable(path, "holds a value that no campaign has", line=_line(text, at)) from None


class _Twice(Exception):
    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(name)
        found[name] = value
    return found


def _fields(path: Path, line: int, found: Any) -> dict[str, str]:
    if not isinstance(found, dict):
        raise Unreadable(path, "each entry of the list must be an object, {…}", line=line)
    fields = {}
    for name, value in found.items():
        check_name(path, line, name)
        fields[name] = _text(path, line, name, value)
        check_text(path, line, name, fields[name])
    return fields


def _text(path: Path, line: int, name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if name in _OBJECTS:
        return json.dumps(value)
    if name in _LISTS and isinstance(value, list) and all(isinstance(one, str) for one in value):
        if any("|" in one for one in value):
            raise Unreadable(path, "an entry of the list holds a |, which separates entries", line=line, column=name)
        return "|".join(value)
    raise Unreadable(path, "this column takes no such value", line=line, column=name)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
