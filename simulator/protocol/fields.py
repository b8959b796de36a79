"""The `fields=` language: names, modifiers and nested selections, parsed by descent (graph-api.md §4.3).

`media.limit(5){id,comments{text}}` reads as a field `media` with the modifier `limit` and two fields of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from simulator.protocol.errors import GraphError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BLANK = re.compile(r"\s*")
_DEEPEST = 16
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    modifiers: Mapping[str, str]
    sub: tuple[Field, ...] | None


@lru_cache(maxsize=4096)
def parse_fields(text: str) -> tuple[Field, ...]:
    """The selection. Raises GraphError 100 on bad syntax."""
    if len(text) > _LONGEST:
        raise GraphError(100, "(#100) Param fields is too long")
    return _Reader(text).whole()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def whole(self) -> tuple[Field, ...]:
        if not self._text.strip():
            return ()
        selection = self._selection(0)
        if self._at < len(self._text):
            raise self._syntax("end of string")
        return selection

    def _selection(self, depth: int) -> tuple[Field, ...]:
        if depth > _DEEPEST:
            raise GraphError(100, "(#100) Param fields is nested too deeply")
        fields = [self._field(depth)]
        while self._take(","):
            fields.append(self._field(depth))
        return tuple(fields)

    def _field(self, depth: int) -> Field:
        name = self._name()
        modifiers: dict[str, str] = {}
        while self._take("."):
            modifier = self._name()
            modifiers[modifier] = self._argument()
        sub = None
        if self._take("{"):
            sub = () if self._peek() == "}" else self._selection(depth + 1)
            if not self._take("}"):
                raise self._syntax('"}"')
        return Field(name, modifiers, sub)

    def _name(self) -> str:
        self._skip()
        match = _NAME.match(self._text, self._at)
        if match is None:
            raise self._syntax("a field name")
        self._at = match.end()
        self._skip()
        return match[0]

    def _argument(self) -> str:
        """What stands between the brackets, quotes and inner brackets respected."""
        if not self._take("("):
            raise self._syntax('"("')
        start, depth = self._at, 1
        while self._at < len(self._text):
            sign = self._text[self._at]
            self._at += 1
            depth += (sign == "(") - (sign == ")")
            if depth == 0:
                argument = self._text[start : self._at - 1].strip()
                self._skip()
                return argument[1:-1] if len(argument) > 1 and argument[0] == argument[-1] == '"' else argument
        raise self._syntax('")"')

    def _take(self, sign: str) -> bool:
        if self._peek() != sign:
            return False
        self._at += 1
        self._skip()
        return True

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self) -> None:
        match = _BLANK.match(self._text, self._at)
        if match is not None:
            self._at = match.end()

    def _syntax(self, expected: str) -> GraphError:
        found = self._peek()
        instead = f' instead of "{found}"' if found else ""
        return GraphError(100, f'(#100) Syntax error "Expected {expected}{instead}." at character {self._at}')
