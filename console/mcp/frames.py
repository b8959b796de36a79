"""A message of the protocol as it came, before the SDK reads it: what names a thing twice is refused, as by the API.

Of the two the later would win, without a word about the other; afterwards nothing shows that there were two.
"""

from __future__ import annotations

import json
from typing import Any

from mcp import types

from console.handlers.route import each_once
from console.mcp.faults import told_of
from pressrun.errors import Invalid
from pressrun.log import redact


def refusal_of(frame: str | bytes) -> types.JSONRPCError | None:
    """What is answered to a message in which an object names something twice. None: the SDK judges it, also if it is
    no JSON at all.
    """
    try:
        json.loads(frame, object_pairs_hook=each_once)
    except Invalid as problem:
        said = types.ErrorData(code=types.INVALID_REQUEST, message=redact(str(problem)), data=told_of(problem))
        return types.JSONRPCError(jsonrpc="2.0", id=_id_in(frame), error=said)
    except (ValueError, RecursionError):
        return None
    return None


def _id_in(frame: str | bytes) -> str | int | None:
    """By what its answer is known; None where it does not say so, or says it twice."""
    ids: list[Any] = []

    def top(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        ids[:] = [value for name, value in pairs if name == "id"]  # the outermost object is the last that is read
        return {}

    json.loads(frame, object_pairs_hook=top)
    return ids[0] if len(ids) == 1 and isinstance(ids[0], str | int) and not isinstance(ids[0], bool) else None
