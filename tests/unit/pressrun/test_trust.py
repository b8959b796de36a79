from __future__ import annotations

import shutil
from pathlib import Path

import certifi
import pytest

from pressrun.errors import Invalid
from pressrun.network.trust import authorities


def test_the_certificates_are_read_once() -> None:
    assert authorities() is authorities()


def test_a_file_of_the_operators_own_stands_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = authorities()
    own = Path(shutil.copy(certifi.where(), tmp_path / "own.pem"))
    own.write_text(own.read_text().partition("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n")

    with monkeypatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(own))
        assert authorities().cert_store_stats()["x509_ca"] == 1

    assert authorities() is usual


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    file = tmp_path / "own.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with pytest.raises(Invalid, match=f"SSL_CERT_FILE={file} cannot be used"):
        authorities()
