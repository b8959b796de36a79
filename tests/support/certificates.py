"""Certificates that nobody vouches for but themselves."""

from __future__ import annotations

import datetime as dt
import ipaddress
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def self_signed(pem: Path, host: str, *, ends_in: dt.timedelta = dt.timedelta(days=1)) -> Path:
    """A certificate for that name or address, with its key, as one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.fromtimestamp(time.time(), dt.UTC)
    try:
        meant: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        meant = x509.DNSName(host)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=9))
        .not_valid_after(now + ends_in)
        .add_extension(x509.SubjectAlternativeName([meant]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form, no_password = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    opened = key.private_bytes(serialization.Encoding.PEM, form, no_password)
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + opened)
    return pem
