"""Several operations in one request (graph-api.md §4.3). Each counts as a call of its own.

Publishing is refused here: a batch answers `null` for what it did not finish, and a publish must never be in doubt
for such a reason.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus, urlencode

from graph.answers.errors import ErrorClass, GraphError, classify, unreadable
from graph.calls import Call, Caller, Json, encode
from graph.wire.body import parsed
from graph.wire.endpoints import Endpoint
from pressrun.errors import Invalid

MOST_OPERATIONS = 50
_METHODS = ("GET", "POST", "DELETE")


@dataclass(frozen=True)
class Operation:
    """One call of a batch: a path without host and version, with its query, and parameters of a POST."""

    method: str
    relative_url: str
    body: dict[str, object] | None = None
    name: str | None = None


@dataclass(frozen=True)
class Result:
    """What became of one operation: its parsed answer, or the error in its stead."""

    value: Json = None
    error: GraphError | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class Batch:
    """`client.batch`. `run` raises GraphError for the batch as a whole; single failures are in its results.

    On graph.instagram.com batches are unconfirmed.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def run(self, operations: Sequence[Operation], *, deadline_s: float | None = None) -> tuple[Result, ...]:
        """The results in the order of the operations, 1 to 50. Sent once, never repeated.

        Raises Invalid for an operation that must not be batched; nothing was called.
        """
        if not 1 <= len(operations) <= MOST_OPERATIONS:
            message = f"a batch holds 1 to {MOST_OPERATIONS} operations, not {len(operations)}"
            raise Invalid(message, type="batch.size")
        described = [_describe(operation) for operation in operations]
        # Batches want a token on top as a parameter; in the body it is in no address.
        params = {"batch": described, "include_headers": False, "access_token": self._caller.token}
        endpoint = Endpoint.BATCH
        answer = self._caller.run(Call(endpoint, "POST", params=params, deadline_s=deadline_s))
        if not isinstance(answer, list) or len(answer) != len(operations):
            raise unreadable(endpoint, "the batch did not answer every operation")
        return tuple(self._result(item) for item in answer)

    def _result(self, item: Any) -> Result:
        if item is None:
            return Result(error=_failed("the operation was not finished in time; ask for it again"))
        if not isinstance(item, dict) or not isinstance(item.get("code"), int):
            return Result(error=_failed("the operation's answer cannot be read"))
        body, extra = item.get("body"), {name: item[name] for name in item if name not in ("code", "body", "headers")}
        raw = body.encode("utf-8", "replace") if isinstance(body, str) else json.dumps(body).encode()
        try:
            value = parsed(raw)
        except (ValueError, RecursionError):
            value = None
        refused = isinstance(value, dict) and (value.get("error") or value.get("success") is False)
        if 200 <= item["code"] < 300 and value is not None and not refused:
            return Result(value=value, extra=extra)
        error = classify(Endpoint.BATCH, item["code"], raw, {}, secrets=(self._caller.token,))
        return Result(error=error, extra=extra)


def _describe(operation: Operation) -> dict[str, object]:
    if operation.method not in _METHODS:
        raise Invalid(f"a batch does not take {operation.method}", type="batch.method")
    whole = unquote_plus(unquote_plus(operation.relative_url)).lower()
    if "media_publish" in whole or "mediapublish" in whole or "batch=" in whole:
        raise Invalid("publishing never goes in a batch: its outcome would be in doubt", type="batch.publishing")
    described: dict[str, object] = {"method": operation.method, "relative_url": operation.relative_url.lstrip("/")}
    if operation.body is not None:
        described["body"] = urlencode(encode(operation.body))
    if operation.name is not None:
        described["name"] = operation.name
    return described


def _failed(message: str) -> GraphError:
    return GraphError(
        endpoint=Endpoint.BATCH,
        error_class=ErrorClass.TRANSIENT,
        message=message,
        advice="One operation of a batch has no answer; whether it took effect is unknown.",
    )
