"""Addresses of kept media: only ours, only for a while, only for one file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.errors import Invalid
from pressrun.media.links import derive_key, sign, verify

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = derive_key("c2VjcmV0LWtleS1vZi0zMi1ieXRlcy1mb3ItdGVzdHM")
SHA = "ab" * 32


def link(**changes: object) -> str:
    arguments: dict[str, object] = {"expires_at": NOW + timedelta(hours=24), "key": KEY, **changes}
    return sign("https://social.example.com/", SHA, "jpg", **arguments)  # type: ignore[arg-type]


def parts(url: str) -> list[str]:
    return url.split("/media/")[1].split("/")


def test_an_address_is_plain_ascii_without_a_query() -> None:
    url = link()

    assert url.startswith("https://social.example.com/media/")
    assert url.endswith(f"/{SHA}.jpg")
    assert url.isascii()
    assert "?" not in url


def test_a_signed_address_is_honoured_until_it_expires() -> None:
    address = parts(link())

    assert verify(address, NOW, KEY)
    assert verify(address, NOW + timedelta(hours=24, seconds=-1), KEY)
    assert not verify(address, NOW + timedelta(hours=24), KEY)


def test_another_key_does_not_verify() -> None:
    assert not verify(parts(link()), NOW, derive_key("another"))


def test_the_key_of_the_vault_is_not_used_itself() -> None:
    assert KEY != b"c2VjcmV0LWtleS1vZi0zMi1ieXRlcy1mb3ItdGVzdHM"
    assert len(KEY) == 32


def test_a_signature_holds_for_one_file_and_one_expiry() -> None:
    ticket, name = parts(link())
    expiry, signature = ticket.split("-")

    assert not verify([ticket, f"{'cd' * 32}.jpg"], NOW, KEY)
    assert not verify([ticket, name.replace(".jpg", ".png")], NOW, KEY)
    assert not verify([f"{int(expiry) + 1}-{signature}", name], NOW, KEY)
    assert not verify([f"0{expiry}-{signature}", name], NOW, KEY)


@pytest.mark.parametrize(
    "path_parts",
    [
        [],
        ["x"],
        ["", ""],
        ["1-2", f"{SHA}.jpg"],
        ["9999999999-" + "0" * 64, f"{SHA}.jpg"],
        ["9999999999-" + "é" * 64, f"{SHA}.jpg"],
        ["٩٩-" + "0" * 64, f"{SHA}.jpg"],
        ["9999999999-" + "0" * 64, "../secrets"],
        ["9999999999-" + "0" * 64, f"{SHA}.jpg", "more"],
    ],
)
def test_anything_else_is_refused(path_parts: list[str]) -> None:
    assert not verify(path_parts, NOW, KEY)


@settings(deadline=None)
@given(st.lists(st.text(max_size=80), max_size=3))
def test_no_input_raises(path_parts: list[str]) -> None:
    assert not verify(path_parts, NOW, KEY)


@pytest.mark.parametrize(
    ("base", "sha256", "extension"),
    [
        ("https://bäckerei.example", SHA, "jpg"),
        ("https://x.example", "../etc", "jpg"),
        ("https://x.example", SHA, "exe"),
        ("https://x.example", SHA, "jpg/../../x"),
    ],
)
def test_what_is_not_a_kept_file_is_not_signed(base: str, sha256: str, extension: str) -> None:
    with pytest.raises(Invalid):
        sign(base, sha256, extension, expires_at=NOW, key=KEY)
