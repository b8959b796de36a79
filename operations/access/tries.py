"""How often somebody may try to sign in, by name and by address.

Counted in the memory of this process: a console is one process, and one that begins anew forgets; nothing is written
for each try of a stranger. The names that are counted need not exist, so that nobody learns which do.
"""

from __future__ import annotations

from functools import cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from threading import Lock
from typing import TYPE_CHECKING, Final

from pressrun.errors import Kind, PressrunError

if TYPE_CHECKING:
    from limits.strategies import MovingWindowRateLimiter

OF_BOTH: Final = (5, 60)
"""Tries, and in how many seconds: of one name from one address."""
OF_ADDRESS: Final = (30, 300)
OF_NAME: Final = (100, 3600)
"""From wherever. Whoever tries for long can shut a person out by it, but not the owner, who comes by a link."""

_turn = Lock()
_NETWORK: Final = ~((1 << 64) - 1)


class TooMany(PressrunError):
    """Too many tries: wait a few minutes, then try again."""

    kind = Kind.NOT_ALLOWED
    type = "sign_in.too_many"


def count(name: str, address: str | None) -> None:
    """One more try. Raises TooMany."""
    from limits import RateLimitItemPerSecond

    who, where = name.strip().lower()[:64], _place(address)
    counted = ((OF_BOTH, (who, where)), (OF_ADDRESS, ("", where)), (OF_NAME, (who, "")))
    with _turn:  # else the first who come together are each counted apart
        for (most, seconds), key in counted:
            if not _limiter().hit(RateLimitItemPerSecond(most, seconds, "SIGN_IN"), *key):
                raise TooMany


def forgive(name: str, address: str | None) -> None:
    """They have signed in: what they mistyped counts no more."""
    from limits import RateLimitItemPerSecond

    most, seconds = OF_BOTH
    _limiter().clear(RateLimitItemPerSecond(most, seconds, "SIGN_IN"), name.strip().lower()[:64], _place(address))


def _place(address: str | None) -> str:
    """What one visitor has: of IPv6 a network of 2^64 addresses, any of which they may come from next."""
    try:
        known = ip_address(address or "")
    except ValueError:
        return address or "?"
    if isinstance(known, IPv6Address):
        return str(known.ipv4_mapped or IPv6Network((int(known) & _NETWORK, 64)))
    return str(known)


def forget() -> None:
    """Count from the beginning."""
    _limiter.cache_clear()


@cache
def _limiter() -> MovingWindowRateLimiter:
    from limits.storage import MemoryStorage
    from limits.strategies import MovingWindowRateLimiter

    return MovingWindowRateLimiter(MemoryStorage())
