"""Secrets at rest: AES-256-GCM under a key ring, bound to the row that holds them.

A sealed secret reads `v1:<key id>:<nonce>:<ciphertext>` (base64url). The newest key seals, every key of the ring opens.
The context (for example `account:7:token`) is authenticated, so a ciphertext that is copied to another row does not
open there. Decrypting is always an explicit call; no model attribute does it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pressrun.errors import Invalid, PressrunError
from pressrun.log import conceal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class SecretUnreadable(PressrunError):
    """A stored secret cannot be opened."""


def generate_key() -> str:
    """A new random key in the form that PRESSRUN_SECRET_KEYS takes."""
    return _encode(os.urandom(KEY_BYTES))


class Vault:
    """Seals and opens secrets. `keys` newest first, each 32 bytes in base64url.

    Raises:
        Invalid: a key is not 32 bytes of base64url, or there is none.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise Invalid(
                "PRESSRUN_SECRET_KEYS is missing: set it to a 32-byte base64 key "
                "(python3 -c 'import os,base64;print(base64.urlsafe_b64encode(os.urandom(32)).decode())')",
                type="setting.missing",
                field="PRESSRUN_SECRET_KEYS",
            )
        conceal(*(key.strip() for key in keys))
        self._ring = {_key_id(raw): raw for raw in map(_decode_key, keys)}
        self._newest = next(iter(self._ring))

    def seal(self, secret: str, *, context: str) -> str:
        conceal(secret, passing=True)
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher(self._newest).encrypt(nonce, secret.encode(), context.encode())
        return f"v1:{self._newest}:{_encode(nonce)}:{_encode(sealed)}"

    def is_newest(self, sealed: str) -> bool:
        """Whether it was sealed under the newest key."""
        return sealed.startswith(f"v1:{self._newest}:")

    def open(self, sealed: str, *, context: str) -> str:
        """The secret. Raises SecretUnreadable when the key is gone, or the text is damaged or from another row."""
        try:
            version, key_id, nonce, ciphertext = sealed.split(":")
        except ValueError:
            raise SecretUnreadable(f"the sealed secret of {context} is damaged") from None
        if version != "v1":
            raise SecretUnreadable(f"the sealed secret of {context} has the unknown version {version!r}")
        if key_id not in self._ring:
            raise SecretUnreadable(
                f"the secret of {context} was sealed with key {key_id}, which PRESSRUN_SECRET_KEYS does not hold"
            )
        from cryptography.exceptions import InvalidTag

        try:
            secret = self._cipher(key_id).decrypt(_decode(nonce), _decode(ciphertext), context.encode()).decode()
        except (InvalidTag, ValueError, binascii.Error):
            raise SecretUnreadable(f"the sealed secret of {context} is damaged or belongs to another row") from None
        conceal(secret, passing=True)
        return secret

    def _cipher(self, key_id: str) -> AESGCM:
        # Here, for most processes hold keys and open nothing: it weighs 6 MB.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._ring[key_id])


def _decode_key(text: str) -> bytes:
    try:
        raw = _decode(text.strip())
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != KEY_BYTES:
        message = "PRESSRUN_SECRET_KEYS holds a key that is not 32 bytes of base64"
        raise Invalid(message, type="setting.invalid", field="PRESSRUN_SECRET_KEYS")
    return raw


def _key_id(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:8]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    standard = text.translate(str.maketrans("+/", "-_")).rstrip("=")
    return base64.b64decode(standard + "=" * (-len(standard) % 4), altchars=b"-_", validate=True)
