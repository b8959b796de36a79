"""Versions of what two people may edit at once: which one was seen, and those of what counts no changes."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

Seen = int | Sequence[int] | None
"""The version that somebody has seen; several: any of them will do; None: whichever it is."""


def version_by_content(*content: object) -> int:
    """The same content is the same version, whoever wrote it.

    A number above 0 that fits an ETag: for two people who edit at once, and nothing that anybody would forge.
    """
    return crc32(repr(content).encode()) % (10**9 - 1) + 1


def is_as_seen(current: int, seen: Seen) -> bool:
    """Whether nobody has changed it since."""
    return seen is None or current in versions(seen)


def versions(seen: int | Sequence[int]) -> Sequence[int]:
    return (seen,) if isinstance(seen, int) else seen


def told(seen: int | Sequence[int]) -> str:
    """As a sentence has it: `version 3`."""
    return f"version {' or '.join(map(str, versions(seen)))}" if versions(seen) else "no version of it"
