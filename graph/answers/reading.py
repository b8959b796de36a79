"""Typed look at Instagram's JSON: absent is None, what cannot be understood is set aside, the unknown is kept.

A Node hands out the fields its parser knows and remembers them; `rest()` is everything else, at any depth, and holds
what was set aside as it came. One bad value costs that value, one bad item of a list that item: only an answer that is
no object, or lacks what the call was for, is unreadable as a whole.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from graph.answers.aside import set_aside
from graph.answers.errors import GraphError, unreadable
from graph.wire.body import Doubled
from graph.wire.endpoints import Endpoint

Number = int | float
T = TypeVar("T")

_WHOLE = re.compile(r"-?\d{1,40}", re.ASCII)
_WRITTEN = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
"""Numbers as JSON writes them. Python reads much else as one, such as 1_000."""
_LARGEST = 2**63
"""What a whole number of ours may not reach."""
_YEARS = range(1970, 2300)
_SHOWN = 60
_UNSHOWN = frozenset({"access_token", "next", "previous", "paging", "cursors"})
"""What may hold a token."""


class Node:
    """One JSON object of an answer. Raises GraphError (transient) where it is none, or lacks what it must have."""

    def __init__(self, value: Any, endpoint: Endpoint, *, where: str = "answer") -> None:
        self.endpoint, self.where = endpoint, where
        if not isinstance(value, dict):
            raise unreadable(endpoint, f"{where} is {_kind(value)}, not an object")
        self._value: dict[str, Any] = value
        self._known: set[str] = set()
        self._inner: dict[str, Node | list[Node | None]] = {}
        self._is_told = False
        self.odd: dict[str, Any] = {}
        """Values that were asked for and are of the wrong kind, as they came."""
        self.dropped = 0
        """How many items of its lists were set aside."""
        if isinstance(value, Doubled):
            for name in sorted(value.doubled):
                self._aside(name, "stands there more than once")

    def raw(self, name: str) -> Any:
        self._known.add(name)
        return self._value.get(name)

    def has(self, name: str) -> bool:
        return self._value.get(name) is not None

    def names(self) -> tuple[str, ...]:
        """The names of all that it holds."""
        return tuple(self._value)

    def text(self, name: str) -> str | None:
        value = self.raw(name)
        return self._or_odd(name, value if isinstance(value, str) else None, "text")

    def id(self, name: str = "id") -> str:
        """A required id; numbers become text (graph-api.md §5.3: ids exceed 2^53)."""
        found = _as_id(self.raw(name))
        if not found:
            raise self.refuse(f"has no {name}" if not self.has(name) else f"has an {name} that is none")
        return found

    def maybe_id(self, name: str) -> str | None:
        return self._or_odd(name, _as_id(self.raw(name)), "an id")

    def whole(self, name: str) -> int | None:
        number = as_number(self.raw(name))
        is_whole = isinstance(number, int) and -_LARGEST <= number < _LARGEST
        return self._or_odd(name, number if is_whole and isinstance(number, int) else None, "a whole number")

    def number(self, name: str) -> Number | None:
        return self._or_odd(name, as_number(self.raw(name)), "a number")

    def flag(self, name: str) -> bool | None:
        value = self.raw(name)
        if value in ("true", "false"):
            return bool(value == "true")
        return self._or_odd(name, value if isinstance(value, bool) else None, "true or false")

    def instant(self, name: str) -> datetime | None:
        """`2021-08-13T08:25:28+0000` or unix seconds, in UTC."""
        return self._or_odd(name, as_instant(self.raw(name)), "a time")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; absent is empty."""
        value = self.raw(name)
        are_texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return self._or_odd(name, tuple(value) if are_texts else None, "a list of texts") or ()

    def node(self, name: str) -> Node | None:
        value = self._or_odd(name, found if isinstance(found := self.raw(name), dict) else None, "an object")
        if value is None:
            return None
        inner = self._inner[name] = Node(value, self.endpoint, where=name)
        return inner

    def one(self, name: str, parse: Callable[[Node], T]) -> T | None:
        """What an object holds; None when it is absent or cannot be read."""
        inner = self.node(name)
        return None if inner is None else self._try(inner, parse)

    def each(self, name: str, parse: Callable[[Node], T]) -> tuple[T, ...]:
        """The parsed objects of a list, plain or as `{"data": […]}`; absent is empty."""
        found = []
        for node in self._nodes(name):
            item = self._try(node, parse)
            if item is not None:
                found.append(item)
        return tuple(found)

    def nodes(self, name: str) -> list[Node]:
        """The objects of a list; absent is empty."""
        return list(self._nodes(name))

    def refuse(self, why: str) -> GraphError:
        """The error of an item that must not be understood as it is."""
        return unreadable(self.endpoint, f"{self.where} {why}")

    def told_once(
        self, name: str, items: Iterable[T], key: Callable[[T], Hashable], says: Callable[[T], object]
    ) -> tuple[T, ...]:
        """The items without those that say different things of the same; to say nothing is no contradiction."""
        kept = tuple(items)
        said: dict[Hashable, list[object]] = {}
        for item in kept:
            if (what := says(item)) is not None:
                said.setdefault(key(item), []).append(what)
        doubtful = {of for of, whats in said.items() if any(what != whats[0] for what in whats)}
        if not doubtful:
            return kept
        self._aside(name, f"says different things of {len(doubtful)} that it names more than once")
        return tuple(item for item in kept if key(item) not in doubtful)

    def rest(self) -> dict[str, Any]:
        """What no method has asked for, or could make nothing of: values newer than this client, and odd ones.

        Objects that were read, but whose own rest nobody has kept, are part of it under their names: a list of them
        item by item, so that the places stay.
        """
        self._is_told = True
        kept = {name: value for name, value in self._value.items() if name not in self._known} | self.odd
        for name, inner in self._inner.items():
            left = [{} if one is None else one.untold() for one in (inner if isinstance(inner, list) else [inner])]
            if any(left):
                kept[name] = left if isinstance(inner, list) else left[0]
        return kept

    def untold(self) -> dict[str, Any]:
        """`rest()`, unless somebody has it already."""
        return {} if self._is_told else self.rest()

    def _nodes(self, name: str) -> Iterable[Node]:
        value = self.raw(name)
        if isinstance(value, dict):
            edge = self._inner[name] = Node(value, self.endpoint, where=name)
            edge.raw("paging")  # not kept: the addresses in it embed the token (graph-api.md §4.4)
            found = edge._items("data", edge.raw("data"))
            self.dropped += edge.dropped
            return found
        return self._items(name, value)

    def _items(self, name: str, value: Any) -> list[Node]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.dropped += 1
            self._or_odd(name, None, "a list")
            return []
        items: list[Node | None] = []
        for place, item in enumerate(value):
            where = f"{name}[{place}]"
            if isinstance(item, dict):
                items.append(Node(item, self.endpoint, where=where))
            else:
                items.append(None)
                self.dropped += 1
                self._aside(where, f"is {_kind(item)}, not an object")
        self._inner[name] = items
        return [item for item in items if item is not None]

    def _try(self, node: Node, parse: Callable[[Node], T]) -> T | None:
        try:
            return parse(node)
        except GraphError as error:
            node._is_told = True  # half read, it would pass for values that are new
            self.dropped += 1
            self._aside(node.where, error.message.removeprefix("unreadable answer: "))
            return None

    def _or_odd(self, name: str, found: T | None, wanted: str) -> T | None:
        """What was found. The value is set aside if that is nothing, though there is one."""
        value = self._value.get(name)
        if found is None and value is not None:
            self.odd[name] = value
            shown = (
                f" ({str(value)[:_SHOWN]!r})" if isinstance(value, str | int | float) and name not in _UNSHOWN else ""
            )
            self._aside(name, f"is {_kind(value)}{shown}, not {wanted}")
        return found

    def _aside(self, name: str, why: str) -> None:
        set_aside(self.endpoint, name if self.where == "answer" else f"{self.where}.{name}", why)


def as_number(value: Any) -> Number | None:
    """A JSON number, or text that is one; None for anything else. 25.0 is 25."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, str) and not _WRITTEN.fullmatch(value):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def as_instant(value: Any) -> datetime | None:
    """A time as Instagram writes it, in UTC; None for anything else, and for what no clock of ours will show."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            at = datetime.fromtimestamp(value, UTC)
        else:
            at = datetime.fromisoformat(value)
            at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return at if at.year in _YEARS else None


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


def _as_id(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _kind(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    kinds = {list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return "absent" if value is None else kinds.get(type(value), type(value).__name__)
