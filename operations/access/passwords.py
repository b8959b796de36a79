"""Passwords of people: argon2id, and never more than two at once.

32 MiB, three passes and one lane are above what OWASP asks for (19 MiB, two passes). Each takes about a tenth of a
second of a core, two at once 64 MiB. Whoever floods the console with wrong passwords is told to come again before
memory or the threads of others run short.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from pressrun.errors import Invalid, Kind, PressrunError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MEMORY_KIB, PASSES, LANES = 32 * 1024, 3, 1
AT_ONCE, MOST_WAITING, WAITS_S = 2, 8, 5.0
SHORTEST, LONGEST = 12, 256

_running = BoundedSemaphore(AT_ONCE)
_places = BoundedSemaphore(AT_ONCE + MOST_WAITING)


class TooBusy(PressrunError):
    """Too many people sign in at this moment: try again in a few seconds."""

    kind = Kind.UNREACHABLE
    type = "sign_in.busy"


def digest_of(password: str) -> str:
    """What is kept of it. Raises Invalid for one that is too short, TooBusy."""
    if not SHORTEST <= len(password) <= LONGEST:
        said = f"a password has {SHORTEST} to {LONGEST} characters"
        raise Invalid(said, type="password.length", field="password")
    with _turn():
        return _hasher().hash(password)


def is_right(digest: str | None, password: str) -> bool:
    """Whether it is the password of that digest. Without one it takes as long, and is not. Raises TooBusy."""
    from argon2.exceptions import InvalidHashError, VerifyMismatchError

    with _turn():
        try:
            return _hasher().verify(digest or _nobodys(), password[:LONGEST]) and digest is not None
        except (VerifyMismatchError, InvalidHashError):
            return False


def is_outdated(digest: str) -> bool:
    """Whether it was made with other parameters than those of today."""
    return _hasher().check_needs_rehash(digest)


def forget() -> None:
    """Begin anew, with the parameters as they are."""
    _hasher.cache_clear()
    _nobodys.cache_clear()


@contextmanager
def _turn() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise TooBusy
    try:
        if not _running.acquire(timeout=WAITS_S):
            raise TooBusy
        try:
            yield
        finally:
            _running.release()
    finally:
        _places.release()


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


@cache
def _nobodys() -> str:
    return _hasher().hash("nobody's password")
