"""The error envelopes Instagram answers with (graph-api.md §3.1, §2.3), read without trusting a single type."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.wire.body import parsed
from pressrun.log import REDACTED

Code = int | str


@dataclass(frozen=True)
class Envelope:
    """What an error answer holds; `kind` is its `type` or `error_type`."""

    message: str
    code: Code | None = None
    subcode: int | None = None
    is_transient: bool = False
    fbtrace_id: str | None = None
    user_title: str | None = None
    user_message: str | None = None
    kind: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


_KNOWN = frozenset(
    ("message", "code", "error_subcode", "is_transient", "fbtrace_id", "error_user_title", "error_user_msg", "type")
)


def read_envelope(body: bytes, secrets: Sequence[str]) -> Envelope | None:
    """The envelope in these bytes, the literal `secrets` blotted out; None when there is none."""
    try:
        # After parsing: in the bytes a secret may be escaped, and a short one may be part of a key.
        answer = _without(secrets, parsed(body))
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    error = answer.get("error")
    if isinstance(error, dict):
        return Envelope(
            message=_text(error.get("message")) or "",
            code=_code(error.get("code")),
            subcode=_whole(error.get("error_subcode")),
            is_transient=error.get("is_transient") is True,
            fbtrace_id=_text(error.get("fbtrace_id")),
            user_title=_text(error.get("error_user_title")),
            user_message=_text(error.get("error_user_msg")),
            kind=_text(error.get("type")) or "",
            extra={name: value for name, value in error.items() if name not in _KNOWN},
        )
    # Instagram Login's OAuth endpoints answer in a shape of their own (graph-api.md §3.1).
    if "error_message" in answer or "error_type" in answer:
        return Envelope(
            message=_text(answer.get("error_message")) or "",
            code=_code(answer.get("code")),
            kind=_text(answer.get("error_type")) or "",
        )
    return None


def read_upload_verdict(body: bytes, secrets: Sequence[str]) -> tuple[bool, str] | None:
    """(retriable, message) of the `debug_info` of a failed resumable upload, None when there is none."""
    try:
        info = {name: _without(secrets, value) for name, value in parsed(body)["debug_info"].items()}
        return info.get("retriable") is not False, _text(info.get("message")) or _text(info.get("type")) or ""
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None


def _code(value: Any) -> Code | None:
    number = _whole(value)
    return number if number is not None else _text(value)


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value, re.ASCII) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _without(secrets: Sequence[str], value: Any) -> Any:
    """The texts of a value and of what it holds, the secrets blotted out."""
    if isinstance(value, dict):
        return {name: _without(secrets, one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without(secrets, one) for one in value]
    if isinstance(value, str):
        for secret in filter(None, secrets):
            value = value.replace(secret, REDACTED)
    return value
