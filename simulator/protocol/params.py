"""Parameters from query, form or JSON body, and their readings as Instagram takes them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qsl

from simulator.protocol.errors import invalid, missing

_LATEST = 4_102_444_800  # the year 2100; beyond it datetime arithmetic is of no use to anyone


class Params(dict[str, Any]):
    """Given parameters by name. Accessors raise GraphError 100 for what cannot be read."""

    def text(self, name: str) -> str | None:
        value = self.get(name)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return ",".join(value)
        return json.dumps(value)

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None or not value.strip():
            raise missing(name)
        return value

    def flag(self, name: str) -> bool | None:
        value = self.text(name)
        if value is None:
            return None
        lowered = value.strip().lower()
        if lowered in {"true", "1"}:
            return True
        if lowered in {"false", "0", ""}:
            return False
        raise invalid(f"Param {name} must be a boolean")

    def integer(self, name: str, *, low: int, high: int) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"-?\d{1,18}", value.strip(), re.ASCII):
            raise invalid(f"Param {name} must be an integer")
        number = int(value)
        if not low <= number <= high:
            raise invalid(f"Param {name} must be between {low} and {high}")
        return number

    def instant(self, name: str) -> float | None:
        """Unix seconds or a date that strtotime would take in ISO form."""
        value = self.text(name)
        return None if value is None else read_instant(name, value)

    def listing(self, name: str) -> list[str]:
        """A JSON array, a real one, or a comma list."""
        value = self.get(name)
        if isinstance(value, str) and value.strip().startswith("["):
            value = self.json(name)
        if value is None or value == "":
            return []
        if isinstance(value, list):
            return [str(part) for part in value]
        return [part.strip() for part in str(value).split(",") if part.strip()]

    def mappings(self, name: str) -> list[dict[str, Any]]:
        value = self.json(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            raise invalid(f"Param {name} must be an array of objects")
        return value

    def mapping(self, name: str) -> dict[str, Any] | None:
        value = self.json(name)
        if value is not None and not isinstance(value, dict):
            raise invalid(f"Param {name} must be an object")
        return value

    def json(self, name: str) -> Any:
        value = self.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise invalid(f"Param {name} must be valid JSON") from None


def read_instant(name: str, value: str) -> float:
    stripped = value.strip()
    if re.fullmatch(r"\d{1,11}(\.\d+)?", stripped, re.ASCII):
        seconds = float(stripped)
    else:
        try:
            parsed = datetime.fromisoformat(stripped)
            seconds = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise invalid(f"Param {name} must be a valid unix timestamp or date") from None
    if not 0 <= seconds <= _LATEST:
        raise invalid(f"Param {name} is out of range")
    return seconds


def read_params(query: bytes, body: bytes, content_type: str) -> Params:
    """Query and body together; the body wins."""
    params = Params()
    if query:
        params.update(parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True, encoding="utf-8"))
    if body:
        params.update(_read_body(body, content_type.partition(";")[0].strip().lower(), content_type))
    return params


def _read_body(body: bytes, kind: str, content_type: str) -> dict[str, Any]:
    if kind == "application/json":
        try:
            parsed = json.loads(body)
        except (ValueError, RecursionError):
            raise invalid("The request body is not valid JSON") from None
        if not isinstance(parsed, dict):
            raise invalid("The request body must be a JSON object")
        return parsed
    if kind == "multipart/form-data":
        return _read_multipart(body, content_type)
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    except ValueError:
        raise invalid("The request body has too many fields") from None


def _read_multipart(body: bytes, content_type: str) -> dict[str, Any]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = message_from_bytes(head + body, policy=policy.HTTP)
    found: dict[str, Any] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            found[name] = payload.decode("utf-8", "replace")
    return found
