"""What Meta posts to the callbacks of an app: a form whose `signed_request` proves the sender (graph-api.md §1.4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from simulator.outbound import Outbound

_ANSWER_S = 10.0
_LONGEST_ANSWER = 100_000


def signed_request(payload: dict[str, Any], secret: str) -> str:
    """base64url(signature) `.` base64url(payload), both without padding; signed is the encoded payload."""
    encoded = _base64url(json.dumps(payload, separators=(",", ":")).encode())
    return f"{_base64url(hmac.new(secret.encode(), encoded.encode(), hashlib.sha256).digest())}.{encoded}"


async def post(outbound: Outbound, url: str, request: str) -> tuple[int, bytes]:
    """Status and body of the answer. Raises Unreachable."""
    headers = {"content-type": "application/x-www-form-urlencoded", "user-agent": "facebookexternalua"}
    content = urlencode({"signed_request": request}).encode()
    async with outbound.ask("POST", url, headers, content=content, within_s=_ANSWER_S) as reply:
        return reply.status, await reply.body(_LONGEST_ANSWER)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
