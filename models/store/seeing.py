"""Which accounts whoever asks may see, for SQL that is written out: `models/access/bound.py` does not narrow it."""

from __future__ import annotations

from typing import Final, LiteralString

from sqlalchemy.orm import Session

SEEN: Final = "(CAST(:seen AS bigint[]) IS NULL OR {column} = ANY(CAST(:seen AS bigint[])))"
"""A condition; `:seen` is what `seen_accounts` says."""
SEEN_BY_DRIVER: Final[LiteralString] = (
    "(CAST(%(seen)s AS bigint[]) IS NULL OR {column} = ANY(CAST(%(seen)s AS bigint[])))"
)
"""The same for `rows_of`."""


def seen_accounts(tx: Session) -> list[int] | None:
    """Numbers of the accounts that whoever asks may see; None: all of them."""
    seen: list[int] | None = tx.info.get("seen")
    return seen
