"""`Range` as RFC 9110 has it (§14.2): what is no range of bytes is ignored, of several those that can be are given."""

from __future__ import annotations

import re

_RANGES = re.compile(r"\s*bytes\s*=(.*)", re.IGNORECASE | re.DOTALL)
_RANGE = re.compile(r"(\d*)-(\d*)", re.ASCII)
_MOST_DIGITS = 18


def satisfiable(header: str, size: int) -> str | None:
    """The same without what cannot be given of a file of `size` bytes; None when the header is to be ignored.

    When nothing of it can be given, it is returned as it came: then it is not satisfiable.
    """
    found = _RANGES.fullmatch(header)
    if found is None:
        return None
    specs = [spec.strip() for spec in found[1].split(",") if spec.strip()]
    ranges = [_RANGE.fullmatch(spec) for spec in specs]
    if not specs or any(one is None or not _is_valid(one[1], one[2]) for one in ranges):
        return None
    given = [spec for spec in specs if _is_given(*spec.split("-"), size=size)]
    return f"bytes={','.join(given)}" if given else f"bytes={size}-"


def _is_valid(first: str, last: str) -> bool:
    if not first:
        return bool(last)
    return not last or _number(first) <= _number(last)


def _is_given(first: str, last: str, *, size: int) -> bool:
    return _number(first) < size if first else _number(last) > 0 and size > 0


def _number(digits: str) -> int:
    """Far enough to be behind the end of any file."""
    return int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS
