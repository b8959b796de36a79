"""What a person wrote, before it is kept or sent to anybody."""

from __future__ import annotations

import re

from pressrun.errors import Invalid

_LINE_END = re.compile(r"\r\n?")
_UNTEXT = re.compile("[\0\ud800-\udfff]")


def with_plain_lines(text: str) -> str:
    """Its lines ended by a line feed: forms and Windows say it otherwise.

    Instagram shows a line end of Windows as it likes, and what was sent without an answer is found again by its words.
    """
    return _LINE_END.sub("\n", text)


def odd_character(text: str) -> str | None:
    """The first one that no text may hold, since neither Postgres nor UTF-8 takes it: NUL, or half of a pair."""
    found = _UNTEXT.search(text)
    return found[0] if found else None


def no_text(odd: str) -> str:
    """What is said of such a character."""
    return f"there is a character in it that is no text: U+{ord(odd):04X}"


def require_text(text: str, *, type: str, field: str | None = None) -> None:
    """Raises Invalid for a text that holds what none may hold."""
    if odd := odd_character(text):
        raise Invalid(no_text(odd), type=type, field=field)
