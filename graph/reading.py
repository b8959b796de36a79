"""Typed look at Instagram's JSON: absent is None, a wrong type is an unreadable answer, the unknown is kept.

A Node hands out the fields its parser knows and remembers them; `rest()` is everything else, at any depth.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from graph.endpoints import Endpoint
from graph.errors import unreadable

Number = int | float
T = TypeVar("T")

_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


class Node:
    """One JSON object of an answer. Every method raises GraphError (transient) when a value has the wrong type."""

    def __init__(self, value: Any, endpoint: Endpoint, *, where: str = "answer") -> None:
        self.endpoint, self.where = endpoint, where
        if not isinstance(value, dict):
            raise unreadable(endpoint, f"{where} is {_kind(value)}, not an object")
        self._value: dict[str, Any] = value
        self._known: set[str] = set()
        self._inner: dict[str, Node | list[Node]] = {}
        self._is_told = False

    def raw(self, name: str) -> Any:
        self._known.add(name)
        return self._value.get(name)

    def has(self, name: str) -> bool:
        return self._value.get(name) is not None

    def text(self, name: str) -> str | None:
        value = self.raw(name)
        return value if value is None or isinstance(value, str) else self._wrong(name, value, "text")

    def id(self, name: str = "id") -> str:
        """A required id; numbers become text (graph-api.md §5.3: ids exceed 2^53)."""
        return self.maybe_id(name) or self._wrong(name, self._value.get(name), "an id")

    def maybe_id(self, name: str) -> str | None:
        value = self.raw(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return value if value is None or isinstance(value, str) else self._wrong(name, value, "an id")

    def whole(self, name: str) -> int | None:
        value = self.number(name)
        return value if value is None or isinstance(value, int) else self._wrong(name, value, "a whole number")

    def number(self, name: str) -> Number | None:
        value = self.raw(name)
        if value is None:
            return None
        number = as_number(value)
        return self._wrong(name, value, "a number") if number is None else number

    def flag(self, name: str) -> bool | None:
        value = self.raw(name)
        if value is None or isinstance(value, bool):
            return value
        if value not in ("true", "false"):
            self._wrong(name, value, "true or false")
        return str(value) == "true"

    def instant(self, name: str) -> datetime | None:
        """`2021-08-13T08:25:28+0000` or unix seconds, in UTC."""
        value = self.raw(name)
        if value is None:
            return None
        try:
            if isinstance(value, int) and not isinstance(value, bool):
                return datetime.fromtimestamp(value, UTC)
            at = datetime.fromisoformat(value)
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        except (TypeError, ValueError, OverflowError, OSError):
            self._wrong(name, value, "a time")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; absent is empty."""
        value = self.raw(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self._wrong(name, value, "a list of texts")
        return tuple(value)

    def node(self, name: str) -> Node | None:
        value = self.raw(name)
        if value is None:
            return None
        inner = self._inner[name] = Node(value, self.endpoint, where=name)
        return inner

    def nodes(self, name: str) -> list[Node] | None:
        """A list of objects, plain or as `{"data": […]}`; None when absent."""
        value = self.raw(name)
        if isinstance(value, dict):
            edge = self._inner[name] = Node(value, self.endpoint, where=name)
            edge.raw("paging")  # not kept: the addresses in it embed the token (graph-api.md §4.4)
            return edge._items("data", edge.raw("data"))
        return self._items(name, value)

    def each(self, name: str, parse: Callable[[Node], T]) -> tuple[T, ...]:
        """The parsed objects of a list; absent is empty."""
        return tuple(parse(node) for node in self.nodes(name) or ())

    def rest(self) -> dict[str, Any]:
        """What no method has asked for: values newer than this client.

        Objects that were read, but whose own rest nobody has kept, are part of it under their names: a list of them
        item by item, so that the places stay.
        """
        self._is_told = True
        kept = {name: value for name, value in self._value.items() if name not in self._known}
        for name, inner in self._inner.items():
            left = [{} if one._is_told else one.rest() for one in (inner if isinstance(inner, list) else [inner])]
            if any(left):
                kept[name] = left if isinstance(inner, list) else left[0]
        return kept

    def _items(self, name: str, value: Any) -> list[Node] | None:
        if value is None:
            return None
        if not isinstance(value, list):
            self._wrong(name, value, "a list")
        items = [Node(item, self.endpoint, where=f"{name}[{place}]") for place, item in enumerate(value)]
        self._inner[name] = items
        return items

    def _wrong(self, name: str, value: Any, wanted: str) -> NoReturn:
        raise unreadable(self.endpoint, f"{self.where}.{name} is {_kind(value)}, not {wanted}")


def as_number(value: Any) -> Number | None:
    """A JSON number, or text that is one; None for anything else. 25.0 is 25."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def succeeded(answer: Any, endpoint: Endpoint) -> None:
    """Raises GraphError unless the answer says `success`, or is the bare `true` of older versions."""
    if answer is True:
        return
    node = Node(answer, endpoint)
    if not node.flag("success"):
        raise unreadable(endpoint, "no success reported")


def created_id(answer: Any, endpoint: Endpoint) -> str:
    """The id of what a POST has created."""
    return Node(answer, endpoint).id()


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    kinds = {list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return "absent" if value is None else kinds.get(type(value), type(value).__name__)
