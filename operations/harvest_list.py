"""What `harvest list` shows: every harvest with its schedule, its last run, its next one, and its cost."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from cli.output import local_time
from models.account import find_account
from pressrun import clock
from pressrun.errors import UsageError
from scheduler.harvests.planning import HarvestStatus, calls_of_a_day, harvest_status


def harvests(tx: Session, account: str | None) -> list[dict[str, Any]]:
    """One row for each harvest. Raises UsageError for an unknown account."""
    name = find_account(tx, account).name if account is not None else None
    a_day = calls_of_a_day(tx, now=clock.now())
    return [_row(one, a_day.get(one.id, 0)) for one in harvest_status(tx) if name in (None, one.account)]


def for_people(row: dict[str, Any]) -> dict[str, Any]:
    """The same for a table: times on the account's clock, counts and names in the place of lists."""
    try:
        zone = clock.zone(row["timezone"])
    except UsageError:
        zone = clock.zone("UTC")
    times = {name: local_time(row[name], zone) for name in ("last_at", "next_at")}
    return row | times | {"errors": len(row["errors"]), "refused": sorted(row["refused"])}


def _row(one: HarvestStatus, calls_per_day: int) -> dict[str, Any]:
    return {
        "account": one.account,
        "kind": one.kind,
        "cron": one.cron,
        "timezone": one.timezone,
        "last_at": one.finished_at or one.started_at,
        "status": one.status,
        "rows": one.rows,
        "calls": one.calls,
        "calls_per_day": calls_per_day,
        "next_at": one.next_action_at,
        "errors": one.errors or [],
        "refused": one.refused,
    }
