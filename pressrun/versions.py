"""Versions of what counts no changes: the same content is the same version, whoever wrote it."""

from __future__ import annotations

from zlib import crc32


def version_by_content(*content: object) -> int:
    """A number above 0 that fits an ETag: for two people who edit at once, and nothing that anybody would forge."""
    return crc32(repr(content).encode()) % (10**9 - 1) + 1
