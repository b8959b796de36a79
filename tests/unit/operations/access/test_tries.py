"""How often somebody may try, however they go about it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from operations.access import tries


@pytest.fixture(autouse=True)
def _uncounted() -> Iterator[None]:
    tries.forget()
    yield
    tries.forget()


def _may(name: str, address: str | None) -> bool:
    try:
        tries.count(name, address)
    except tries.TooMany:
        return False
    return True


def test_whoever_tries_many_times_at_once_has_no_more_tries() -> None:
    """From the first moment on, when nothing is counted yet."""
    before, let = sys.getswitchinterval(), []
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(16) as pool:
            for _ in range(20):
                tries.forget()
                let.append(sum(pool.map(_may, ["ana"] * 32, ["10.0.0.1"] * 32)))
    finally:
        sys.setswitchinterval(before)

    assert let == [tries.OF_BOTH[0]] * 20


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        (None, "unknown", False),
    ],
)
def test_what_counts_as_one_address(first: str | None, second: str | None, is_same: bool) -> None:
    for _ in range(tries.OF_BOTH[0]):
        assert _may("ana", first)

    assert _may("ana", second) is not is_same
