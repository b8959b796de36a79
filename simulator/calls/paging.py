"""Cursors (graph-api.md §4.4): the end of a list is the absence of `next`, never a short page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from simulator.calls.call import Call
from simulator.protocol import errors
from simulator.protocol.params import Params

Item = TypeVar("Item")
Key = tuple[float, str]


def page(
    call: Call,
    items: Sequence[Item],
    *,
    key: Callable[[Item], Key],
    render: Callable[[Item], Any],
    args: Mapping[str, Any],
    path: str,
    default: int = 25,
    most: int = 100,
    has_links: bool = True,
) -> dict[str, Any]:
    """One page of `items`, which are sorted by `key`, greatest first."""
    limits = Params(args)
    limit = min(limits.integer("limit", low=1, high=10_000) or default, most)
    is_short = call.world.reading("pages", "full") == "short"
    start, stop = _window(items, key, limits, max(1, limit // 2) if is_short else limit)
    shown = items[start:stop]
    if not shown:
        return {"data": []}
    cursors = {"before": _cursor(key(shown[0])), "after": _cursor(key(shown[-1]))}
    paging: dict[str, Any] = {"cursors": cursors}
    if has_links and stop < len(items):
        paging["next"] = link(call, path, args, limit=limit, after=cursors["after"])
    if has_links and start > 0:
        paging["previous"] = link(call, path, args, limit=limit, before=cursors["before"])
    return {"data": [render(item) for item in shown], "paging": paging}


def link(call: Call, path: str, args: Mapping[str, Any], **changed: Any) -> str:
    """A URL for the same list elsewhere; like Instagram's it embeds the token."""
    kept = {name: value for name, value in args.items() if name not in {"after", "before", "appsecret_proof"}}
    kept |= {"access_token": call.caller.text} | changed
    return f"{call.base_url}/{call.version}/{path}?{urlencode(kept, errors='replace')}"


def _window(items: Sequence[Item], key: Callable[[Item], Key], args: Params, limit: int) -> tuple[int, int]:
    after, before = args.text("after"), args.text("before")
    if after:
        edge = _read(after)
        start = next((at for at, item in enumerate(items) if key(item) < edge), len(items))
        return start, min(start + limit, len(items))
    if before:
        edge = _read(before)
        stop = next((at for at, item in enumerate(items) if key(item) <= edge), len(items))
        return max(0, stop - limit), stop
    return 0, min(limit, len(items))


def _cursor(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read(cursor: str) -> Key:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        order, name = json.loads(raw)
        return float(order), str(name)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise errors.invalid("Invalid cursor") from None
