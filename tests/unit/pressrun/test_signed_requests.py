"""What Meta signs is read, and nothing else is."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pressrun.errors import Invalid
from pressrun.instagram.signed_requests import LONGEST, WrongSignature, read, sign
from simulator.webhooks.signed_request import signed_request

TOLD = {"algorithm": "HMAC-SHA256", "issued_at": 1_700_000_000, "user_id": "218471"}
NO_PAYLOADS: tuple[Any, ...] = (b"no json", b"\xff", 7, [], [TOLD], {}, None)


def _encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize("secrets", [["right"], ["other", "right"], ["right", "other"], ["", "right"]])
def test_any_of_the_apps_secrets_may_have_signed(secrets: list[str]) -> None:
    found = read(signed_request(TOLD, "right"), secrets)

    assert (found.user_id, found.issued_at) == ("218471", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC))


def test_padding_and_numbers_are_taken() -> None:
    payload = base64.urlsafe_b64encode(json.dumps({"user_id": 7, "issued_at": "soon"}).encode()).decode()

    found = read(sign(payload, "right"), ["right"])

    assert (found.user_id, found.issued_at) == ("7", None)


def test_the_same_request_is_told_by_its_digest() -> None:
    one, other = signed_request(TOLD, "right"), signed_request(TOLD | {"issued_at": 5}, "right")

    assert read(one, ["right"]).digest == read(one, ["right"]).digest != read(other, ["right"]).digest


@pytest.mark.parametrize("secrets", [[], [""], ["wrong"], ["Right"]])
def test_what_nobody_of_ours_signed_is_refused(secrets: list[str]) -> None:
    with pytest.raises(WrongSignature):
        read(signed_request(TOLD, "right"), secrets)


def test_a_changed_payload_is_refused() -> None:
    signature, _, _ = signed_request(TOLD, "right").partition(".")

    with pytest.raises(WrongSignature):
        read(f"{signature}.{_encoded(TOLD | {'user_id': '9'})}", ["right"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a",
        "a.b",
        "a.b.c",
        "é.b",
        "ab cd.ef",
        "=.=",
        "a" * LONGEST + ".b",
        *(sign(_encoded(told), "right") for told in NO_PAYLOADS),
        *(sign(_encoded(TOLD | {"user_id": user}), "right") for user in (None, "", "x", True, 1.5, "7" * 31, {"a": 1})),
        sign(_encoded(TOLD | {"algorithm": "none"}), "right"),
        sign(_encoded(b"[" * 5000), "right"),
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises((Invalid, WrongSignature)):
        read(text, ["right"])
