"""The second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes for when it is lost."""

from __future__ import annotations

import re
import secrets
from base64 import b32encode
from datetime import datetime
from hmac import compare_digest

from models.access import key as keys
from models.access.user import User, totp_context
from pressrun.vault import Vault

RECOVERY_CODES = 10
_STEP_S = 30
_DRIFT = (0, -1, 1)
"""Intervals of which a code is taken: clocks of telephones differ."""


def new_secret() -> str:
    """160 random bits, as authenticators take them."""
    return b32encode(secrets.token_bytes(20)).decode()


def is_secret(said: str) -> bool:
    """Whether it is as long and of the letters of one that `new_secret` has made."""
    return re.fullmatch(r"[A-Z2-7]{32}", said) is not None


def address_of(secret: str, name: str) -> str:
    """What the picture for the authenticator says."""
    import pyotp

    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Pressrun")


def picture_of(address: str) -> str:
    """The same as a QR code, in SVG."""
    import segno

    return segno.make(address, error="m").svg_inline(scale=5, omitsize=True)


def step_of(secret: str, code: str, *, now: datetime) -> int | None:
    """The interval whose code this is; None if it is none of those that are taken now."""
    import pyotp

    said = code.strip().replace(" ", "")
    current = int(now.timestamp()) // _STEP_S
    totp = pyotp.TOTP(secret)
    found = [
        current + one for one in _DRIFT if compare_digest(totp.generate_otp(current + one).encode(), said.encode())
    ]
    return found[0] if found else None


def new_recovery_codes() -> list[str]:
    """Codes of 80 random bits: like keys, they need no slow digest."""
    plain = [b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    return ["-".join(one[at : at + 4] for at in range(0, 16, 4)) for one in plain]


def recovery_digest(code: str) -> str:
    return keys.digest_of(code.strip().lower().replace("-", "").replace(" ", ""))


def accept(user: User, code: str, vault: Vault, *, now: datetime) -> str | None:
    """How the code proves who they are: `totp` or `recovery`, each once; None if it does not. The row is locked."""
    if user.totp_sealed is None:
        return None
    step = step_of(vault.open(user.totp_sealed, context=totp_context(user.id)), code, now=now)
    if step is not None and (user.totp_step is None or step > user.totp_step):
        user.totp_step = step
        return "totp"
    digest = recovery_digest(code)
    if digest in user.recovery_digests:
        user.recovery_digests = [one for one in user.recovery_digests if one != digest]
        return "recovery"
    return None
