"""Owed work that this release knows: what a newer one wrote beside it waits for a process that knows it.

While releases change, processes of two of them share the rows. A row of a kind that is not known here must not fall to
whoever could only fail it, and must not keep anybody awake who may not claim it.
"""

from __future__ import annotations

from functools import cache

from models.store.base import words_of


@cache
def known(table: str, row: str = "") -> str:
    """SQL: the condition under which each column of one of some words holds one that this release knows.

    Args:
        row: what stands before the columns, as `r.`.
    """
    import models.owing  # noqa: F401 - imports this module

    return " AND ".join(_is_one(row + column, words) for column, words in words_of(table).items()) or "true"


def _is_one(column: str, words: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{word}'" for word in words)
    # An empty one is no news. Nor does Postgres guess so how few rows these were, which are all but always all of them.
    return f"coalesce({column} IN ({listed}), true)"
