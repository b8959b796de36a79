"""How often one asker may ask: counted in this process's memory, by the library `limits`.

With several consoles each counts for itself: the limit keeps one runaway script from slowing everybody down, and is no
quota that anybody relies on.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter


@dataclass(frozen=True)
class Standing:
    """What is left of the window."""

    limit: int
    remaining: int
    reset_s: int
    window_s: int
    is_over: bool

    def headers(self) -> dict[str, str]:
        """As clients know them: one header each, and those of the IETF's draft."""
        told = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
            "RateLimit-Policy": f'"asker";q={self.limit};w={self.window_s}',
            "RateLimit": f'"asker";r={self.remaining};t={self.reset_s}',
        }
        return told | ({"Retry-After": str(self.reset_s)} if self.is_over else {})


class Limiter:
    """Args:
    rate: `6000/minute`.
    """

    def __init__(self, rate: str) -> None:
        self._item: RateLimitItem = parse(rate)
        self._counts = FixedWindowRateLimiter(MemoryStorage())

    def hit(self, asker: str) -> Standing:
        """Count one request."""
        is_within = self._counts.hit(self._item, asker)
        stats = self._counts.get_window_stats(self._item, asker)
        reset_s = max(1, math.ceil(stats.reset_time - time.time()))
        return Standing(
            limit=self._item.amount,
            remaining=max(0, stats.remaining) if is_within else 0,
            reset_s=min(reset_s, self._item.get_expiry()),
            window_s=self._item.get_expiry(),
            is_over=not is_within,
        )
