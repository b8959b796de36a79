"""Sealed secrets: bound to their row, readable under every key of the ring, never when damaged."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.errors import Invalid
from pressrun.vault import SecretUnreadable, Vault, generate_key

KEY, OTHER_KEY = generate_key(), generate_key()
CONTEXT = "account:7:token"


@settings(deadline=None)
@given(st.text(), st.text())
def test_a_secret_opens_as_it_was_sealed(secret: str, context: str) -> None:
    vault = Vault([KEY])

    assert vault.open(vault.seal(secret, context=context), context=context) == secret


def test_a_secret_does_not_open_in_another_row() -> None:
    vault = Vault([KEY])
    sealed = vault.seal("EAAsecret", context="account:7:token")

    with pytest.raises(SecretUnreadable, match="belongs to another row"):
        vault.open(sealed, context="account:8:token")


def test_the_sealed_form_does_not_show_the_secret_and_differs_each_time() -> None:
    vault = Vault([KEY])

    first, second = (vault.seal("EAAsecret", context=CONTEXT) for _ in range(2))

    assert first != second
    assert "EAAsecret" not in first


def test_after_a_rotation_old_secrets_open_and_new_ones_use_the_new_key() -> None:
    old = Vault([KEY]).seal("secret", context=CONTEXT)
    rotated = Vault([OTHER_KEY, KEY])

    new = rotated.seal("secret", context=CONTEXT)

    assert rotated.open(old, context=CONTEXT) == "secret"
    assert Vault([OTHER_KEY]).open(new, context=CONTEXT) == "secret"


def test_a_secret_whose_key_is_gone_says_so() -> None:
    sealed = Vault([KEY]).seal("secret", context=CONTEXT)

    with pytest.raises(SecretUnreadable, match="PRESSRUN_SECRET_KEYS does not hold"):
        Vault([OTHER_KEY]).open(sealed, context=CONTEXT)


@settings(deadline=None)
@given(st.data())
def test_a_flipped_bit_is_noticed(data: st.DataObject) -> None:
    version, key_id, *parts = Vault([KEY]).seal("secret", context=CONTEXT).split(":")
    part = data.draw(st.integers(0, 1))
    raw = bytearray(base64.urlsafe_b64decode(parts[part] + "=" * (-len(parts[part]) % 4)))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    parts[part] = base64.urlsafe_b64encode(raw).decode().rstrip("=")

    with pytest.raises(SecretUnreadable):
        Vault([KEY]).open(":".join([version, key_id, *parts]), context=CONTEXT)


@pytest.mark.parametrize(
    "sealed", ["", "plain", "v1:a:b", "v2:a:b:c", "v1:a:b:c:d", "v1:{id}:é:ü", "v1:{id}::", "v1:{id}:a:a"]
)
def test_anything_else_is_refused_without_a_traceback(sealed: str) -> None:
    vault = Vault([KEY])
    key_id = vault.seal("x", context=CONTEXT).split(":")[1]

    with pytest.raises(SecretUnreadable) as refused:
        vault.open(sealed.replace("{id}", key_id), context=CONTEXT)

    assert CONTEXT in str(refused.value)


def test_both_base64_alphabets_name_the_same_key() -> None:
    raw = b"\xfb\xff" * 16
    standard, urlsafe = base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("=")

    sealed = Vault([standard]).seal("secret", context=CONTEXT)

    assert Vault([f" {urlsafe} "]).open(sealed, context=CONTEXT) == "secret"


@pytest.mark.parametrize("key", ["", "short", "not base64 !", base64.b64encode(bytes(16)).decode(), "ü" * 43])
def test_a_bad_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(Invalid, match="not 32 bytes of base64") as refused:
        Vault([key])

    assert not key or key not in str(refused.value)


def test_no_key_is_refused_with_the_way_to_make_one() -> None:
    with pytest.raises(Invalid, match="PRESSRUN_SECRET_KEYS is missing"):
        Vault([])
