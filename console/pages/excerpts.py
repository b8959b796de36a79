"""As much of what people wrote as a page has room for, told in letters and held in bytes."""

from __future__ import annotations

from markupsafe import escape


def excerpt(text: str | None, length: int = 90) -> str:
    """The first line or so of a text, white space folded.

    Letters that are wide, or that a page has to write out, take the room of several: a list of excerpts weighs no more
    than twice as many bytes as it may have letters, whatever people wrote.
    """
    return beginning(" ".join((text or "")[: 20 * length].split()), length)


def beginning(text: str, length: int) -> str:
    """As much of a text as an excerpt has, its lines kept."""
    cut = text if len(text) <= length else text[: length - 1].rstrip() + "…"
    if weight_bytes(cut) <= 2 * length:
        return cut
    left = 2 * length - len("…".encode())
    for at, letter in enumerate(cut):
        left -= weight_bytes(letter)
        if left < 0:
            return cut[:at].rstrip() + "…"
    return cut


def weight_bytes(text: str) -> int:
    """What it weighs in a page."""
    return len(str(escape(text)).encode())
