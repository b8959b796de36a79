"""What a webhook notification says, read as tolerantly as Meta writes it (graph-api.md §7).

Nothing is ever refused or dropped here: the signature has been verified, Instagram keeps no history, and a shape that
nobody knows today may be understood tomorrow. What cannot be read is kept as the field `unknown`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from operations.accounts.webhooks import Change

UNKNOWN = "unknown"
_DEEPEST = 64
_MILLISECONDS = 100_000_000_000
"""Times above this are in milliseconds: as seconds they would lie in the year 5138."""


def read_notification(raw: bytes) -> list[Change]:
    """Every change of a body, at least one. Never raises, and every value can be stored as JSONB."""
    try:
        payload = _storable(json.loads(raw), 0)
    except (ValueError, RecursionError):
        return [Change(UNKNOWN, "", UNKNOWN, _as_it_came(raw))]
    envelopes = payload if isinstance(payload, list) else [payload]
    changes = [change for envelope in envelopes for change in _envelope(envelope)]
    return changes or [Change(UNKNOWN, "", UNKNOWN, payload)]


def _as_it_came(raw: bytes) -> dict[str, str]:
    """What is no JSON, byte for byte."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = "\0"
    return {"base64": base64.b64encode(raw).decode()} if "\0" in text else {"raw": text}


def _envelope(envelope: Any) -> Iterator[Change]:
    if not isinstance(envelope, dict):
        yield Change(UNKNOWN, "", UNKNOWN, envelope)
        return
    object_ = _text(envelope.get("object")) or UNKNOWN
    entries = _list(envelope.get("entry"))
    if not entries:  # Meta's dashboard sends a bare change as its test
        yield from _entry(object_, envelope)
    for entry in entries:
        yield from _entry(object_, entry)


def _entry(object_: str, entry: Any) -> Iterator[Change]:
    if not isinstance(entry, dict):
        yield Change(object_, "", UNKNOWN, entry)
        return
    entry_id, sent_at = _text(entry.get("id")), _instant(entry.get("time"))
    told = [_change(change) for change in _list(entry.get("changes"))]
    told += [("messages", message) for message in _list(entry.get("messaging"))]
    if "field" in entry:
        told.append(_change({name: entry[name] for name in ("field", "value") if name in entry}))
    for field, value in told or [(UNKNOWN, entry)]:
        yield Change(object_, entry_id, field, value, sent_at)


def _change(change: Any) -> tuple[str, Any]:
    if not isinstance(change, dict) or not isinstance(change.get("field"), str) or not change["field"]:
        return UNKNOWN, change
    return change["field"], change.get("value", {})


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)


def _instant(value: Any) -> datetime | None:
    """Unix time in seconds or milliseconds, as a number or its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _storable(value: Any, depth: int) -> Any:
    """The same without what JSONB refuses: NUL, lone surrogates, NaN, infinity. Raises ValueError if it is too deep."""
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    if isinstance(value, str):
        return value.replace("\0", "�").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float) and not -float("inf") < value < float("inf"):
        return str(value)
    if isinstance(value, list):
        return [_storable(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {_storable(name, depth): _storable(one, depth + 1) for name, one in value.items()}
    return value
