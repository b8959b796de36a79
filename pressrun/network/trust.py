"""Whose certificates we believe on TLS: certifi's, or what SSL_CERT_FILE or SSL_CERT_DIR names."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache

import certifi

from pressrun.errors import Invalid


def authorities() -> ssl.SSLContext:
    """For all connections of this process: reading a hundred and fifty certificates takes as long as some calls.

    Raises Invalid when the file that was named cannot be used.
    """
    return _read(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


def locations() -> tuple[str | None, str | None]:
    """The same for a library that makes its own context: a file and a folder of certificates.

    Raises UsageError as `authorities` does.
    """
    authorities()
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not file and not folder:
        return certifi.where(), None
    return file or None, None if file else folder


@lru_cache
def _read(file: str | None, folder: str | None) -> ssl.SSLContext:
    import httpx  # most processes never ask anybody

    try:
        return httpx.create_ssl_context()
    except OSError as problem:
        message = f"SSL_CERT_FILE={file or folder} cannot be used: {problem}"
        raise Invalid(message, type="setting.invalid", field="SSL_CERT_FILE") from None
