"""Harvests of one account that one call can begin: its profile, and the lists below it (graph-api.md §4.3).

Whoever takes one of them takes the others that are due as well. So the scheduler sends a hint for one alone; the others
are claimed with it, and due again when their hint lease ends, as with any hint that nobody took.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.harvests.harvest import HarvestKind
from models.owed.claims import Lease
from pressrun.clock import Deadline
from pressrun.network.hints import Hint

TOGETHER: Final = (HarvestKind.PROFILE, HarvestKind.STORIES, HarvestKind.TAGS, HarvestKind.MEDIA)
"""In the order in which they are read: first what is soon done."""

_KINDS = [kind.value for kind in TOGETHER]

# Due and in nobody's hands, or claimed for a hint that nobody has taken yet: by the broker's way it is due later than
# its lease ends, and by the pull's it has no holder, as far as workers have numbers. Only what is tried for the first
# time: a slot that failed before is tried again alone.
_TAKE_COMPANY = text("""
    WITH picked AS MATERIALIZED (
        SELECT id FROM harvests
         WHERE account_id = :account_id AND kind = ANY(:kinds) AND id <> :id AND slot_at <= now() AND tries = 0
           AND (next_action_at <= now() AND coalesce(leased_until <= now(), true)
                OR leased_until > now()
                   AND (next_action_at > leased_until OR holder IS NULL AND CAST(:holder AS int) IS NOT NULL))
         ORDER BY id
           FOR UPDATE SKIP LOCKED
    )
    UPDATE harvests h
       SET claim          = claim + 1,
           next_action_at = now() + make_interval(secs => :lease_s),
           leased_until   = now() + make_interval(secs => :lease_s),
           holder         = :holder
      FROM picked WHERE h.id = picked.id
    RETURNING h.id, h.claim
""")

_WHOSE = text("""
    SELECT id, account_id FROM harvests
     WHERE id = ANY(:ids) AND kind = ANY(:kinds) AND slot_at <= now() AND tries = 0
""")


def take_company(tx: Session, lease: Lease, account_id: int, *, holder: int | None) -> list[Lease]:
    """The claims of the account's other harvests that are due and can be read together with this one."""
    deadline = Deadline.strict(lease.lease_s)
    values = {"account_id": account_id, "kinds": _KINDS, "id": lease.id, "lease_s": lease.lease_s, "holder": holder}
    rows: Sequence[Row[Any]] = tx.execute(_TAKE_COMPANY, values).all()
    return [Lease(lease.table, row.id, row.claim, deadline, lease.lease_s) for row in sorted(rows)]


def one_of_each(tx: Session, hints: Sequence[Hint]) -> list[Hint]:
    """These hints of harvests, with one for all those that are read together."""
    if len(hints) < 2:
        return list(hints)
    found = tx.execute(_WHOSE, {"ids": [hint.id for hint in hints], "kinds": _KINDS})
    account_of = {row.id: row.account_id for row in found}
    seen: set[int] = set()
    kept = []
    for hint in hints:
        account_id = account_of.get(hint.id)
        if account_id is None or account_id not in seen:
            kept.append(hint)
        if account_id is not None:
            seen.add(account_id)
    return kept
