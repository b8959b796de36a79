"""`signed_request`: what Meta posts to an app's callbacks, `signature.payload`, both base64url (graph-api.md §1.4).

The signature is HMAC-SHA256 with the app's secret over the encoded payload. Nothing of a payload is read before one of
the secrets has signed it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pressrun.errors import Invalid, Kind, PressrunError

LONGEST = 16 * 1024
_PART = re.compile(r"[A-Za-z0-9_\-]+={0,2}", re.ASCII)
_USER_ID = re.compile(r"\d{1,30}", re.ASCII)
_ALGORITHM = "HMAC-SHA256"
_LATEST = 253_402_300_799  # the year 9999


class WrongSignature(PressrunError):
    """None of the app's secrets has signed it."""

    kind = Kind.NOT_ALLOWED
    type = "callback.wrong_signature"


@dataclass(frozen=True)
class SignedRequest:
    """Whom it is about. `digest` tells one request from another; the same one that is sent twice has the same."""

    user_id: str
    """As the app knows the person, or on Instagram Login the account: scoped to the app."""
    issued_at: datetime | None
    digest: str


def sign(payload: str, secret: str) -> str:
    """The whole of it, for a payload that is encoded already."""
    signature = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest()
    return f"{base64.urlsafe_b64encode(signature).decode().rstrip('=')}.{payload}"


def read(text: str, secrets: Sequence[str]) -> SignedRequest:
    """What it says. Raises Invalid for what is no signed request, WrongSignature for one that is not Meta's."""
    signature, _, payload = text.strip().partition(".")
    if len(text) > LONGEST or not _PART.fullmatch(signature) or not _PART.fullmatch(payload):
        raise _unreadable()
    given = _decoded(signature)
    # Each secret takes the same time, whichever it is and wherever the signature differs.
    right = [
        hmac.compare_digest(given, hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest())
        for secret in secrets
        if secret
    ]
    if not any(right):
        raise WrongSignature("the signature of the request is not this app's")
    return _read_payload(payload)


def _read_payload(payload: str) -> SignedRequest:
    try:
        told = json.loads(_decoded(payload))
    except (ValueError, RecursionError):
        raise _unreadable() from None
    if not isinstance(told, dict) or str(told.get("algorithm", _ALGORITHM)).upper() != _ALGORITHM:
        raise _unreadable()
    user_id = told.get("user_id")
    if isinstance(user_id, bool) or not isinstance(user_id, str | int) or not _USER_ID.fullmatch(str(user_id)):
        raise Invalid("the signed request names no user", type="callback.no_user", field="signed_request")
    return SignedRequest(str(user_id), _instant(told.get("issued_at")), hashlib.sha256(payload.encode()).hexdigest())


def _instant(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LATEST:
        return None
    return datetime.fromtimestamp(value, UTC)


def _decoded(part: str) -> bytes:
    bare = part.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        raise _unreadable() from None


def _unreadable() -> Invalid:
    return Invalid("this is no signed request", type="callback.unreadable", field="signed_request")
