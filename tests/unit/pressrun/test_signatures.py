"""Webhook signatures: over the bytes as they came, never over what they mean."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.instagram.signatures import sign, verify

SECRET = "app-secret"
# Meta escapes non-ASCII and slashes before it signs.
RAW = rb'{"object":"instagram","entry":[{"id":"17841","changes":[{"value":{"text":"caf\u00e9 \ud83c\udf5e \/ ok"}}]}]}'


def test_the_known_value() -> None:
    assert sign(b"hello", "key") == "sha256=9307b3b915efb5171ff14d8cb55fbcc798c6c0ef1456d66ded1a6aa723a58b7b"


def test_the_raw_bytes_verify() -> None:
    assert verify(RAW, sign(RAW, SECRET), [SECRET])


@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_same_document_written_again_does_not(ascii_only: bool) -> None:
    again = json.dumps(json.loads(RAW), ensure_ascii=ascii_only, separators=(",", ":")).encode()

    assert json.loads(again) == json.loads(RAW)
    assert not verify(again, sign(RAW, SECRET), [SECRET])


def test_one_of_several_secrets_is_enough() -> None:
    assert verify(RAW, sign(RAW, "second"), ["first", "second"])


@pytest.mark.parametrize(
    "header",
    [None, "", "sha256=", "sha256=00", "sha1=" + "0" * 40, sign(RAW, "other"), sign(RAW, SECRET)[7:], "sha256=é"],
)
def test_anything_else_is_refused(header: str | None) -> None:
    assert not verify(RAW, header, [SECRET])


@pytest.mark.parametrize("secrets", [[], [""]])
def test_without_a_secret_nothing_is_trusted(secrets: list[str]) -> None:
    assert not verify(RAW, sign(RAW, ""), secrets)


@settings(deadline=None)
@given(st.binary(), st.binary(min_size=1))
def test_a_changed_body_is_refused(raw: bytes, more: bytes) -> None:
    assert not verify(raw + more, sign(raw, SECRET), [SECRET])
