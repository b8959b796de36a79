"""What runs now: how much of each kind of work is owed, who works on it, and how wide the gates stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.owed.works import WORKS
from models.reading.upkeep.workers import absent_services


@dataclass(frozen=True)
class Queued:
    """One kind of work. `held`: somebody works on it or a hint is under way; `oldest_due_at`: of what is due now."""

    work: str
    queue: str
    waiting: int
    due: int
    held: int
    oldest_due_at: datetime | None


@dataclass(frozen=True)
class GateShown:
    """`account` None: of the whole app."""

    account: str | None
    level: str
    usage_percent: int | None
    reason: str | None
    changed_at: datetime
    until: datetime | None


@dataclass(frozen=True)
class Process:
    """A process of ours that is connected, by the name that the database shows.

    The connections by which it listens and shows that it lives belong to it.
    """

    name: str
    place: str
    since: datetime
    connections: int


def queued(tx: Session) -> list[Queued]:
    """Every kind of work, in the order of `models.owed.claims.WORKS`."""
    rows = {row.work: row for row in tx.execute(_QUEUED)}
    return [
        Queued(work.name, work.queue.value, row.waiting, row.due, row.held, row.oldest)
        for work in WORKS
        if (row := rows.get(work.name)) is not None
    ]


def gates(tx: Session) -> list[GateShown]:
    """Those that are not open, or were not within the last day; the app's first."""
    return [GateShown(**row._mapping) for row in tx.execute(_GATES)]


def processes(tx: Session) -> list[Process]:
    """By name."""
    return [Process(**row._mapping) for row in tx.execute(_PROCESSES)]


def absent(tx: Session) -> list[str]:
    """`scheduler`, and queues, that nobody is connected for."""
    return sorted(absent_services(tx))


def _counted(name: str, table: str, states: list[str], extra: str) -> str:
    among = f" AND r.state IN ({', '.join(repr(state) for state in states)})" if states else ""
    return f"""
        SELECT '{name}' AS work, count(*) AS waiting, count(*) FILTER (WHERE r.next_action_at <= now()) AS due,
               count(*) FILTER (WHERE r.leased_until > now()) AS held,
               min(r.next_action_at) FILTER (WHERE r.next_action_at <= now()) AS oldest
          FROM {table} r WHERE r.next_action_at IS NOT NULL AND ({extra}){among}
    """  # noqa: S608 - constants


_QUEUED = text(" UNION ALL ".join(_counted(work.name, work.table, work.states, work.extra) for work in WORKS))
_GATES = text("""
    SELECT a.name AS account, g.level, g.usage_percent, g.reason, g.changed_at, g.until
      FROM gates g LEFT JOIN accounts a ON a.id = g.account_id
     WHERE g.until > now() OR g.changed_at > now() - interval '1 day'
     ORDER BY g.account_id IS NOT NULL, g.until DESC NULLS LAST, 1 LIMIT 50
""")
_PROCESSES = text("""
    SELECT regexp_replace(regexp_replace(application_name, ' (lookout|presence)$', ''), '^pressrun ', '') AS name,
           coalesce(host(client_addr), 'this machine') AS place, min(backend_start) AS since, count(*) AS connections
      FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'pressrun%'
     GROUP BY 1, 2 ORDER BY 1, 2
""")
