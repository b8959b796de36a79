"""Reproducible chance: the same seed and the same question give the same number in every process."""

from __future__ import annotations

from hashlib import blake2b


def unit(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but `parts`."""
    digest = blake2b("|".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def between(low: float, high: float, *parts: object) -> float:
    return low + (high - low) * unit(*parts)


def whole(low: int, high: int, *parts: object) -> int:
    """An integer in [low, high]."""
    return low + int(unit(*parts) * (high - low + 1))
