"""Keys of a bucket in the settings: open as they always were, or sealed like tokens and bound to the bucket."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from pressrun.errors import Invalid
from pressrun.log import redact
from pressrun.media.bucket import Place
from pressrun.media.bucket_keys import is_outdated, opened, sealed
from pressrun.settings import Settings
from pressrun.vault import SecretUnreadable, generate_key

OLD, NEW = generate_key(), generate_key()
OPEN = ("AKIDOFTHISTEST", "a-secret-of-this-test")


def settings(*keys: str, bucket: str | None = "media", pair: tuple[str, str] = OPEN) -> Settings:
    told: dict[str, Any] = {"s3_access_key": SecretStr(pair[0]), "s3_secret_key": SecretStr(pair[1])} if bucket else {}
    return Settings(secret_keys=[SecretStr(key) for key in keys], s3_bucket=bucket, **told)


def sealed_pair(*keys: str, pair: tuple[str, str] = OPEN) -> tuple[str, str]:
    told = sealed(settings(*keys, pair=pair))
    assert list(told) == ["PRESSRUN_S3_ACCESS_KEY", "PRESSRUN_S3_SECRET_KEY"]
    access_key, secret_key = told.values()
    return access_key, secret_key


def test_open_keys_need_no_vault() -> None:
    assert opened(settings()) == OPEN
    assert not is_outdated(settings())


def test_what_is_sealed_tells_nothing_and_opens_where_it_is_used() -> None:
    pair = sealed_pair(OLD)

    assert not any(secret in " ".join(pair) for secret in OPEN)
    place = Place.of(settings(OLD, pair=pair))
    assert place is not None
    assert (place.access_key, place.secret_key) == OPEN
    assert OPEN[1] not in redact(f"the key is {OPEN[1]}")


def test_they_are_bound_to_their_bucket_and_to_their_setting() -> None:
    pair = sealed_pair(OLD)

    with pytest.raises(SecretUnreadable, match="belongs to another row"):
        opened(settings(OLD, bucket="another", pair=pair))
    with pytest.raises(SecretUnreadable, match="belongs to another row"):
        opened(settings(OLD, pair=(pair[1], pair[0])))


def test_a_key_of_the_vault_that_is_gone_or_missing_is_told() -> None:
    pair = sealed_pair(OLD)

    with pytest.raises(SecretUnreadable, match="PRESSRUN_SECRET_KEYS does not hold"):
        Place.of(settings(NEW, pair=pair))
    with pytest.raises(Invalid, match="PRESSRUN_SECRET_KEYS is missing"):
        Place.of(settings(pair=pair))


def test_after_a_rotation_they_are_sealed_again() -> None:
    first = sealed_pair(OLD)
    assert is_outdated(settings(NEW, OLD, pair=first))

    second = sealed_pair(NEW, OLD, pair=first)

    assert not is_outdated(settings(NEW, OLD, pair=second))
    assert opened(settings(NEW, pair=second)) == OPEN


def test_without_a_bucket_there_is_nothing_to_seal() -> None:
    assert opened(settings(bucket=None)) is None
    with pytest.raises(Invalid, match="PRESSRUN_S3_BUCKET is not set"):
        sealed(settings(OLD, bucket=None))
