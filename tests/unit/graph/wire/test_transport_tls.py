"""The transport through TLS, with a certificate made for the test."""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from graph.wire.transport import Outgoing, Transport, Unanswered
from pressrun import clock
from pressrun.clock import Deadline
from tests.unit.graph.server import ScriptedServer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(days=1))
        .not_valid_after(clock.now() + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def secured(certificate: Path) -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ScriptedServer(context)
    yield server
    server.close()


@pytest.fixture
def trusting(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Transport]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Transport() as transport:
        yield transport


def test_calls_go_through(trusting: Transport, secured: ScriptedServer) -> None:
    secured.always({"ok": 1})
    big = b"x" * 3_000_000

    for method, content in (("GET", None), ("POST", big), ("GET", None)):
        assert trusting.send(Outgoing(method, secured.url, content=content), Deadline.after(10)).status == 200

    first, posted, last = secured.received
    assert posted.body == big
    assert first.connection == last.connection != posted.connection


def test_a_connection_that_was_opened_ahead_has_its_handshake_behind_it(
    trusting: Transport, secured: ScriptedServer
) -> None:
    secured.replies({"a": 1}, {"b": 2})
    assert trusting.open_ahead(secured.url, Deadline.after(5), most=1)
    port = httpx.URL(secured.url).port
    [ahead] = [
        one.laddr.port for one in psutil.Process().net_connections("tcp") if one.raddr and one.raddr.port == port
    ]

    for _ in range(2):
        assert trusting.send(Outgoing("POST", secured.url), Deadline.after(5)).status == 200

    taken, other = [request.connection for request in secured.received]
    assert taken == ahead != other


def test_a_trickle_cannot_outlast_the_deadline(trusting: Transport, secured: ScriptedServer) -> None:
    secured.sends(itertools.chain([b"HTTP/1.1 200 OK\r\n"], itertools.repeat(b"X-More: and more\r\n")), gap_s=0.02)
    deadline = Deadline.after(0.3)

    with pytest.raises(Unanswered, match="deadline"):
        trusting.send(Outgoing("GET", secured.url), deadline)

    assert deadline.passed


def test_a_stranger_is_not_trusted(transport: Transport, secured: ScriptedServer) -> None:
    with pytest.raises(Unanswered, match="certificate") as caught:
        transport.send(Outgoing("POST", secured.url, form={}), Deadline.after(5))

    assert caught.value.never_left
    assert secured.received == []
