"""Bytes of an answer → JSON values that any log, row and column can hold.

What JSON allows and nothing else does is mended here, once for all: NUL and lone surrogates in texts, bytes that are no
UTF-8, NaN, numbers beyond measure. Of a name that an object holds twice nobody can say which value is meant: neither is
handed out.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any

_ODD = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]|[eE]\+?\d{3}")
_MOST_DIGITS = 1_000
_INSTEAD = "�"


class Doubled(dict[str, Any]):
    """An object in which these names stand more than once; they are left out of it."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        counts = Counter(name for name, _ in pairs)
        self.doubled = {name for name, count in counts.items() if count > 1}
        super().__init__((name, value) for name, value in pairs if name not in self.doubled)


def parsed(body: bytes) -> Any:
    """The value in these bytes. Raises ValueError and RecursionError when they hold none."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=str)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer longer than Python reads
        value = json.loads(text, object_pairs_hook=_object, parse_constant=str, parse_int=_int)
    return mended(value) if _ODD.search(body) else value


def mended(value: Any) -> Any:
    """The same without what no text column and no JSONB takes."""
    if isinstance(value, str):
        return value.replace("\0", _INSTEAD).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, list):
        return [mended(one) for one in value]
    if isinstance(value, dict):
        pairs = [(mended(name), mended(one)) for name, one in value.items()]
        inner = _object(pairs)
        if isinstance(value, Doubled):
            inner = inner if isinstance(inner, Doubled) else Doubled(pairs)
            inner.doubled |= {mended(name) for name in value.doubled}
        return inner
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Doubled(pairs)


def _int(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MOST_DIGITS else digits
