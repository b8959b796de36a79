"""The keys of a bucket as the settings have them: open, or sealed like tokens (docs/decisions/0030).

What is sealed is bound to the bucket: beside the name of another one it does not open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from pressrun.errors import Invalid
from pressrun.log import conceal
from pressrun.settings import Settings

if TYPE_CHECKING:
    from pressrun.vault import Vault

_SEALED = "v1:"
_FIELDS = ("s3_access_key", "s3_secret_key")


def opened(settings: Settings) -> tuple[str, str] | None:
    """Id and secret of the key; None where the settings name no bucket.

    Raises SecretUnreadable, and Invalid where one is sealed and there is no key that could open it.
    """
    told = [_value(settings, field) for field in _FIELDS]
    if settings.s3_bucket is None or None in told:
        return None
    access_key, secret_key = (_open(settings, field, value or "") for field, value in zip(_FIELDS, told, strict=True))
    return access_key, secret_key


def sealed(settings: Settings) -> dict[str, str]:
    """Setting → its value sealed under the newest key, whether it was sealed before or stood open.

    Raises SecretUnreadable, and Invalid where the settings name no bucket.
    """
    values = opened(settings)
    if values is None:
        message = "PRESSRUN_S3_BUCKET is not set: there is no key of a bucket to seal"
        raise Invalid(message, type="setting.missing", field="PRESSRUN_S3_BUCKET")
    vault = _vault(settings)
    pairs = zip(_FIELDS, values, strict=True)
    return {f"PRESSRUN_{field.upper()}": vault.seal(value, context=_context(settings, field)) for field, value in pairs}


def is_outdated(settings: Settings) -> bool:
    """Whether one of them is sealed under a key that is not the newest any more."""
    told = [value for field in _FIELDS if (value := _value(settings, field) or "").startswith(_SEALED)]
    return bool(told) and not all(map(_vault(settings).is_newest, told))


def _vault(settings: Settings) -> Vault:
    from pressrun.vault import Vault  # here, to keep cryptography out of processes that open nothing

    return Vault(settings.keys())


def _value(settings: Settings, field: str) -> str | None:
    secret: SecretStr | None = getattr(settings, field)
    return None if secret is None else secret.get_secret_value()


def _open(settings: Settings, field: str, value: str) -> str:
    if not value.startswith(_SEALED):
        return value
    secret = _vault(settings).open(value, context=_context(settings, field))
    conceal(secret)
    return secret


def _context(settings: Settings, field: str) -> str:
    return f"bucket:{settings.s3_bucket}:{field}"
