"""Webhook signatures: `X-Hub-Signature-256` over the raw bytes (graph-api.md §7).

On the ground floor because the console verifies before anything is parsed, and the console never imports `graph`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence


def sign(raw: bytes, secret: str) -> str:
    """The header value for a body: `sha256=<hex>`."""
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def verify(raw: bytes, header: str | None, secrets: Sequence[str]) -> bool:
    """Whether one of the secrets signed exactly these bytes. Constant time for each secret; no secret, no trust."""
    if header is None or not header.isascii():
        return False
    return any(hmac.compare_digest(sign(raw, secret), header.strip()) for secret in secrets if secret)
