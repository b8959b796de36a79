"""How often somebody may try to sign in: of a name from an address, from an address, of a name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from operations.access import tries
from operations.access.tries import OF_ADDRESS, OF_BOTH, OF_NAME, TooMany


@pytest.fixture(autouse=True)
def _from_the_beginning() -> Iterator[None]:
    tries.forget()
    yield
    tries.forget()


def test_of_one_name_from_one_address() -> None:
    for _ in range(OF_BOTH[0]):
        tries.count("ana", "192.0.2.1")

    with pytest.raises(TooMany):
        tries.count(" Ana ", "192.0.2.1")
    tries.count("ana", "192.0.2.2")
    tries.count("ben", "192.0.2.1")


def test_of_whatever_names_from_one_address() -> None:
    for number in range(OF_ADDRESS[0]):
        tries.count(f"nobody{number}", "192.0.2.1")

    with pytest.raises(TooMany):
        tries.count("ana", "192.0.2.1")
    tries.count("ana", "192.0.2.2")


def test_of_one_name_from_wherever() -> None:
    for number in range(OF_NAME[0]):
        tries.count("ana", f"192.0.2.{number}")

    with pytest.raises(TooMany):
        tries.count("ana", "198.51.100.1")
    tries.count("ben", "198.51.100.1")


def test_whoever_has_come_in_may_mistype_again() -> None:
    for _ in range(OF_BOTH[0]):
        tries.count("ana", "192.0.2.1")
    tries.forgive("ana", "192.0.2.1")

    tries.count("ana", "192.0.2.1")
