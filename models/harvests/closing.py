"""What a step of a harvest leaves in its rows: what the run has cost and come to, and the slot that is done or kept.

Written as statements: each call to Instagram pays for them, and the objects of an ORM cost more than Postgres does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.harvests.harvest import RunStatus, tell_of_end
from models.owed.claims import WAKE_CHANNEL, ClaimLost, Lease

_RECORD = text("""
    UPDATE harvest_runs
       SET calls       = calls + :calls,
           rows        = rows + :rows,
           api_version = coalesce(:api_version, api_version),
           errors      = coalesce(CAST(:errors AS jsonb), errors),
           status      = coalesce(:status, status),
           finished_at = coalesce(CAST(:finished_at AS timestamptz), finished_at),
           covers      = coalesce(CAST(:covers AS boolean), covers)
     WHERE id = :run_id AND slot_at = :slot_at
""")
_KEEP = text("""
    UPDATE harvests
       SET refused = CAST(:refused AS jsonb), tries = greatest(tries - :uncounted, 0),
           next_action_at = :next_action_at, leased_until = NULL
     WHERE id = :id AND claim = :claim AND leased_until IS NOT NULL
""")
_CLOSE = text("""
    UPDATE harvests
       SET refused = coalesce(CAST(:refused AS jsonb), refused), tries = 0,
           slot_at = NULL, next_action_at = :now, leased_until = NULL
     WHERE id = :id AND claim = :claim AND leased_until IS NOT NULL
    RETURNING pg_notify(:channel, '')
""")


@dataclass(frozen=True)
class Result:
    """How a run has ended."""

    status: RunStatus
    at: datetime
    covers: bool


def record_run(
    tx: Session,
    run: tuple[int, datetime],
    *,
    calls: int,
    rows: int,
    api_version: str | None,
    errors: Sequence[Any] | None = None,
    result: Result | None = None,
) -> None:
    """Add to a run what was done since the last time, and how it ended. The caller holds the claim of what is run.

    Args:
        run: its number and its slot.
        api_version: which one answered last, where one has.
        errors: in place of those that it has.
    """
    run_id, slot_at = run
    values = {
        "run_id": run_id,
        "slot_at": slot_at,
        "calls": calls,
        "rows": rows,
        "api_version": api_version,
        "errors": None if errors is None else json.dumps(errors),
        "status": None if result is None else result.status.value,
        "finished_at": None if result is None else result.at,
        "covers": None if result is None else result.covers,
    }
    tx.execute(_RECORD, values)
    if result is not None:
        tell_of_end(tx, run_id, slot_at)


def keep_slot(
    tx: Session, lease: Lease, *, refused: str, next_action_at: datetime | None, is_try_counted: bool
) -> None:
    """End a step whose slot is still owed. Raises ClaimLost, and nothing of the step may then be kept.

    Args:
        refused: what the harvest remembers as refused, as JSON.
    """
    values = {"refused": refused, "next_action_at": next_action_at, "uncounted": 0 if is_try_counted else 1}
    _expect_one(tx.execute(_KEEP, {"id": lease.id, "claim": lease.claim, **values}), lease)


def close_slot(tx: Session, lease: Lease, *, now: datetime, refused: str | None = None) -> None:
    """End a step whose slot is done, and wake schedulers: without a slot the harvest waits for them to plan the next.

    Raises ClaimLost, and nothing of the step may then be kept.
    """
    values = {"refused": refused, "now": now, "channel": WAKE_CHANNEL}
    _expect_one(tx.execute(_CLOSE, {"id": lease.id, "claim": lease.claim, **values}), lease)


def _expect_one(done: Any, lease: Lease) -> None:
    if done.rowcount != 1:
        raise ClaimLost(f"row {lease.id} of {lease.table} is no longer held under claim {lease.claim}")
