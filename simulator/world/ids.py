"""Ids as Instagram's: 17 digits, kept as text, in no useful order (graph-api.md §5.3).

The first digits tell the kind, so that lazily seeded objects are found without a table.
"""

from __future__ import annotations

IG_USER = 17_841_400_000_000_000
FOREIGN_USER = 17_841_460_000_000_000
APP_SCOPED_USER = 26_100_000_000_000_000
FACEBOOK_USER = 10_220_000_000_000_000
PAGE = 10_150_000_000_000_000
BUSINESS = 10_330_000_000_000_000

CONTAINER = "17880"
MEDIA = "17900"
FOREIGN_MEDIA = "17910"
COMMENT = "17870"
HASHTAG = "17843"
_SEEDED_MEDIA = "17950"
_SEEDED_COMMENT = "17860"

_SPACE = 10**12
_STRIDE = 360_287_970_189  # coprime to the space: distinct counts give distinct ids


def scattered(prefix: str, count: int) -> str:
    """The id of the `count`-th object; successive ids do not sort by age."""
    return f"{prefix}{count * _STRIDE % _SPACE:012d}"


def seeded_media(account: int, index: int) -> str:
    return f"{_SEEDED_MEDIA}{account:06d}{index:06d}"


def seeded_comment(account: int, index: int) -> str:
    return f"{_SEEDED_COMMENT}{account:06d}{index:06d}"


def broadcast(account: int) -> str:
    """The live video of an account."""
    return f"9001{account:010d}"


def seeded_owner(node: str) -> int | None:
    """The account whose seeded media or comment has this id."""
    if len(node) == 17 and node.startswith((_SEEDED_MEDIA, _SEEDED_COMMENT)) and node.isascii() and node.isdigit():
        return int(node[5:11])
    return None
