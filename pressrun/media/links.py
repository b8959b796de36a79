"""Signed, expiring addresses of kept media on our own host, for Instagram to fetch (design.md §5).

`{base}/media/{expiry}-{signature}/{sha256}.{extension}`: everything is in the path, because caches and fetchers may
drop a query, and plain ASCII, because Instagram refuses anything else.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime

from pressrun.errors import Invalid
from pressrun.media.store import EXTENSIONS

_NAME = re.compile(rf"[0-9a-f]{{64}}\.(?:{'|'.join(EXTENSIONS)})", re.ASCII)
_TICKET = re.compile(r"([0-9]{1,12})-([0-9a-f]{64})", re.ASCII)


def derive_key(secret_key: str) -> bytes:
    """The signing key that belongs to one key of PRESSRUN_SECRET_KEYS; it opens nothing that the vault sealed."""
    return hmac.new(secret_key.encode(), b"pressrun media links v1", hashlib.sha256).digest()


def sign(base_url: str, sha256: str, extension: str, *, expires_at: datetime, key: bytes) -> str:
    """The address under which the kept file may be fetched until `expires_at`."""
    name = f"{sha256}.{extension}"
    if not _NAME.fullmatch(name):
        raise Invalid(f"{name!r} names no kept media file", type="media.unnamed")
    if not base_url.isascii():
        message = "PRESSRUN_PUBLIC_URL must be plain ASCII: write the host name in its xn-- form"
        raise Invalid(message, type="setting.invalid", field="PRESSRUN_PUBLIC_URL")
    expiry = str(int(expires_at.timestamp()))
    return f"{base_url.rstrip('/')}/media/{expiry}-{_mac(expiry, name, key)}/{name}"


def verify(path_parts: Sequence[str], now: datetime, key: bytes) -> bool:
    """Whether the two path parts after `/media/` are an address that we signed with this key and still honour."""
    if len(path_parts) != 2:
        return False
    ticket, name = _TICKET.fullmatch(path_parts[0]), path_parts[1]
    if ticket is None or not _NAME.fullmatch(name):
        return False
    expiry, signature = ticket.groups()
    return hmac.compare_digest(_mac(expiry, name, key), signature) and now.timestamp() < int(expiry)


def _mac(expiry: str, name: str, key: bytes) -> str:
    return hmac.new(key, f"{expiry}/{name}".encode(), hashlib.sha256).hexdigest()
