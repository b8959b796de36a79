"""Parts of a good answer put differently: what a rule of mode `altered` does to it.

A change names a place by a JSON pointer (RFC 6901), in which `*` stands for every item or value, and `-` after a list
for a new item at its end. It says what stands there instead: a `value`, `raw` text that JSON itself could not be made
to hold (the same key twice, 1e999), or nothing (`remove`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pressrun.errors import Invalid

_SAYS = ("value", "raw", "remove")
_STAND_IN = "sim-raw-text-{}"


def read_changes(wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The changes of a rule: one beside its other keys, or a list of them under `changes`. Raises Invalid."""
    alone = {name: wanted[name] for name in ("pointer", *_SAYS) if name in wanted}
    given = wanted.get("changes", [alone] if alone else [])
    if not isinstance(given, list) or not all(isinstance(change, dict) for change in given):
        raise Invalid("changes is a list of objects", field="changes")
    for change in given:
        pointer = change.get("pointer")
        if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
            raise Invalid("pointer is a JSON pointer: empty, or beginning with a slash", field="pointer")
        if sum(name in change for name in _SAYS) != 1 or set(change) - {"pointer", *_SAYS}:
            raise Invalid("a change has a pointer and one of value, raw and remove", field="changes")
        if "raw" in change and not isinstance(change["raw"], str):
            raise Invalid("raw is a text", field="raw")
    return given


def alter(body: bytes, changes: Sequence[Mapping[str, Any]]) -> bytes | None:
    """The body with every change made; None when it has none of the places, or is no JSON."""
    try:
        root = {"": json.loads(body)}
    except ValueError:
        return None
    made = 0
    for number, change in enumerate(changes):
        put = change["value"] if "value" in change else _STAND_IN.format(number)
        for parent, name in list(_places(root, ["", *_parts(change["pointer"])])):
            _put(parent, name, put, is_removed="remove" in change)
            made += 1
    if not made:
        return None
    text = json.dumps(root[""], separators=(",", ":")) if "" in root else ""
    for number, change in enumerate(changes):
        if "raw" in change:
            text = text.replace(f'"{_STAND_IN.format(number)}"', change["raw"])
    return text.encode(errors="surrogatepass")


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _places(node: Any, parts: Sequence[str]) -> Iterator[tuple[Any, Any]]:
    """Each (holder, key or index) that the parts lead to. The last key of an object need not be there yet."""
    for name in _names(node, parts[0], is_last=len(parts) == 1):
        if len(parts) == 1:
            yield node, name
        else:
            yield from _places(node[name], parts[1:])


def _names(node: Any, part: str, *, is_last: bool) -> list[Any]:
    if isinstance(node, dict):
        return list(node) if part == "*" else [part] if is_last or part in node else []
    if not isinstance(node, list):
        return []
    if part == "*":
        return list(range(len(node)))
    if part == "-" and is_last:
        return [len(node)]
    return [int(part)] if part.isascii() and part.isdigit() and int(part) < len(node) else []


def _put(holder: Any, name: Any, value: Any, *, is_removed: bool) -> None:
    if is_removed and isinstance(holder, dict):
        holder.pop(name, None)
    elif is_removed:
        holder[name : name + 1] = []
    elif isinstance(holder, list) and name == len(holder):
        holder.append(value)
    else:
        holder[name] = value
