"""How rows of owed work stand, for somebody who waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.access.bound import SEEN, seen_accounts
from models.owed.works import Work
from models.store.base import Base


@dataclass(frozen=True)
class Owed:
    """One row at one moment."""

    id: int
    claim: int
    is_held: bool
    """Somebody works on it, or a hint about it is on its way."""
    is_pending: bool
    """It is not done."""
    due_in_s: float
    """Seconds until its next step is owed; negative when it is overdue."""


def owed(tx: Session, work: Work, ids: Sequence[int]) -> list[Owed]:
    """These rows of that kind of work, by id."""
    has_account = "account_id" in Base.metadata.tables[work.table].columns
    is_seen = SEEN.format(column="account_id") if has_account else "CAST(:seen AS bigint[]) IS NULL"
    query = f"""
        SELECT id, claim, coalesce(leased_until > now(), false) AS is_held, {work.is_pending} AS is_pending,
               coalesce(extract(epoch FROM next_action_at - now())::float8, 0) AS due_in_s
          FROM {work.table} WHERE id = ANY(:ids) AND {is_seen} ORDER BY id
    """  # noqa: S608 - constants
    rows = tx.execute(text(query), {"ids": list(ids), "seen": seen_accounts(tx)})
    return [Owed(row.id, row.claim, row.is_held, row.is_pending, row.due_in_s) for row in rows]
