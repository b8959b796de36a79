"""Claims: how rows that fall due are handed to workers, each to one at a time.

Four steps, each fenced by the row's `claim` number:

    claim_due   scheduler  number + 1, owned for a short hint lease, sent as (id, number)
                pull       the same for what no scheduler claims, and for hints that nobody has taken
    take        worker     number + 1 again, owned for the full lease: a hint delivered twice is taken once;
                           the row notes its worker as `holder`, whose end gives it back (`models/owed/presence.py`)
    renew       worker     before each slow call
    finish      worker     with the result of the step; `next_action_at` says when the next is owed

When its lease ends a row is simply due again, whatever became of its worker. `now()` is always the database's. What a
newer release wrote and this one does not know is claimed and taken by nobody here (`models/owed/known.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from models.owed.known import known
from models.owed.works import Work
from pressrun.clock import Deadline
from pressrun.errors import PressrunError
from pressrun.network.hints import Hint

WAKE_CHANNEL = "pressrun_due"
LONGEST_NAP_S = 1.0
"""How long a scheduler sleeps at most: what a lost notice costs."""
SOON = timedelta(seconds=2 * LONGEST_NAP_S)
"""What falls due later needs no notice: every scheduler looks before."""
_PULL_FIRST = 0.2
"""The part of a hint lease, after its end, that belongs to the workers' pull. A scheduler wakes the moment a row is
due: it would send the same row for ever to a broker that accepts hints and hands out none.
"""


class ClaimLost(PressrunError):
    """The claim has passed to someone else, or the row has moved on; nothing was changed."""


UNANSWERED = "({row}leased_until <= now() AND {row}next_action_at > {row}leased_until)"
"""A hint that was sent and not taken in its time. Every other owner holds a row until just the time it is next due."""

_STATE_FILTER = "(CAST(:states AS text[]) IS NULL OR r.state = ANY(:states))"

# `due` reads the partial index of owed rows in order; `fair` deals them out one per account in turn, so that one
# account's backlog cannot starve another's post; `picked` locks. MATERIALIZED keeps Postgres from re-running the
# LIMIT under the UPDATE's join, which would claim more rows than asked for. The due condition stands again in `picked`
# because a row may be claimed by another scheduler between the two reads: after waiting for its lock, Postgres checks
# the condition on the new version of the row. IS TRUE keeps it from choosing rows there: where the statistics say that
# nothing is due, as they do just before a full hour, all that is due would be read again for each row.
_CLAIM = """
    WITH due AS MATERIALIZED (
        SELECT r.id, r.{fair_over} AS whose, r.{first} AS rank_at
          FROM {table} r
         WHERE {due} AND {states} AND {extra} AND {known}
         ORDER BY r.{first}, r.id
         LIMIT :window
    ), fair AS MATERIALIZED (
        SELECT id, rank_at,
               row_number() OVER (PARTITION BY whose ORDER BY rank_at, id) AS turn
          FROM due
    ), picked AS MATERIALIZED (
        SELECT r.id, r.next_action_at AS was_due_at, fair.rank_at
          FROM fair JOIN {table} r ON r.id = fair.id
         WHERE ({due}) IS TRUE AND {states} AND {extra} AND {known}
         ORDER BY fair.turn, fair.rank_at, fair.id
         LIMIT :limit
           FOR UPDATE OF r SKIP LOCKED
    )
    UPDATE {table} r
       SET claim          = r.claim + 1,
           next_action_at = now() + make_interval(secs => :due_in_s),
           leased_until   = now() + make_interval(secs => :lease_s),
           holder         = NULL
      FROM picked
     WHERE r.id = picked.id
    RETURNING r.id, r.claim, {state_column} AS state, picked.was_due_at, picked.rank_at
"""

_DUE = "r.next_action_at <= now()"
_OVERDUE = f"(r.next_action_at <= now() + make_interval(secs => -:overdue_s) OR {UNANSWERED.format(row='r.')})"

_TAKE = """
    UPDATE {table}
       SET claim          = claim + 1,
           next_action_at = now() + make_interval(secs => :lease_s),
           leased_until   = now() + make_interval(secs => :lease_s),
           holder         = :holder
     WHERE id = :id AND claim = :claim AND leased_until IS NOT NULL AND {known}
    RETURNING claim
"""

_RENEW = """
    UPDATE {table}
       SET next_action_at = now() + make_interval(secs => :lease_s),
           leased_until   = now() + make_interval(secs => :lease_s)
     WHERE id = :id AND claim = :claim AND leased_until IS NOT NULL
"""

_GIVE_BACK = """
    UPDATE {table}
       SET next_action_at = least(now(), CAST(:due_at AS timestamptz)), leased_until = NULL  -- least() skips a null
     WHERE id = :id AND claim = :claim AND leased_until IS NOT NULL
"""

_FINISH = """
    UPDATE {table}
       SET next_action_at = :next_action_at, leased_until = NULL
     WHERE id = :id AND claim = :claim AND leased_until IS NOT NULL
"""


@dataclass(frozen=True)
class Lease:
    """A worker's ownership of one row. `deadline` is measured from before the database was asked, so it ends first; it
    goes on while the machine sleeps or is frozen."""

    table: str
    id: int
    claim: int
    deadline: Deadline
    lease_s: float


def claim_due(
    tx: Session, work: Work, *, limit: int, lease_s: float, by_broker: bool = False, overdue_s: float = 0.0
) -> list[Hint]:
    """Claim at most `limit` rows that are due, dealt fairly over accounts; no row goes to two callers in one lease.

    Args:
        by_broker: the hints go through the broker, and may get lost there.
        overdue_s: only rows that have been due for at least that long, or whose hint was not taken (for the workers'
            own pull).
    """
    if work.most_at_once is not None:
        limit = min(limit, work.most_at_once - in_flight(tx, work))
        if limit <= 0:
            return []
    sql = _CLAIM.format(
        table=work.table,
        states=_STATE_FILTER if work.states else "true",
        extra=work.extra,
        known=known(work.table, "r."),
        fair_over=work.fair_over,
        first=work.first,
        state_column="r.state" if work.states else "''",
        due=_OVERDUE if overdue_s else _DUE,
    )
    parameters: dict[str, Any] = {
        "limit": limit,
        "window": max(limit * 10, 200),
        "lease_s": lease_s,
        "due_in_s": lease_s * (1 + _PULL_FIRST) if by_broker else lease_s,
    }
    if overdue_s:
        parameters["overdue_s"] = overdue_s
    if work.states:
        parameters["states"] = work.states
    rows = sorted(tx.execute(text(sql), parameters), key=lambda row: row.rank_at)
    return [Hint(work.tasks[row.state], work.queue, row.id, row.claim, row.was_due_at) for row in rows]


def in_flight(tx: Session, work: Work) -> int:
    """How many rows of this kind are owned by someone right now, and are worked on or about to be."""
    sql = (
        f"SELECT count(*) FROM {work.table} r WHERE r.leased_until > now() AND NOT ({work.is_early}) AND "  # noqa: S608
        + (_STATE_FILTER if work.states else "true")
    )
    return int(tx.execute(text(sql), {"states": work.states} if work.states else {}).scalar_one())


def take(tx: Session, table: str, id_: int, claim: int, *, lease_s: float, holder: int | None = None) -> Lease | None:
    """Begin the step that a hint names; None when the hint is stale, was already taken, or came from a newer release.

    Args:
        holder: the number of the process, if it keeps a presence.
    """
    deadline = Deadline.strict(lease_s)
    values = {"id": id_, "claim": claim, "lease_s": lease_s, "holder": holder}
    row = tx.execute(_of(table, _TAKE), values).first()
    return Lease(table, id_, row.claim, deadline, lease_s) if row else None


def renew(tx: Session, lease: Lease) -> Lease:
    """The same lease with its full time again. Raises ClaimLost."""
    deadline = Deadline.strict(lease.lease_s)
    _expect_one(tx, _RENEW, lease, {"lease_s": lease.lease_s})
    return replace(lease, deadline=deadline)


def try_renew(tx: Session, lease: Lease) -> Lease | None:
    """The same; None, with nothing changed, when the claim has passed on."""
    deadline = Deadline.strict(lease.lease_s)
    fence = {"id": lease.id, "claim": lease.claim, "lease_s": lease.lease_s}
    result: Any = tx.execute(_of(lease.table, _RENEW), fence)
    return replace(lease, deadline=deadline) if result.rowcount == 1 else None


def give_back(tx: Session, table: str, id_: int, claim: int, *, due_at: datetime | None = None) -> bool:
    """Make a claimed row due at once again, when its holder will not work on it. False if the claim has passed on.

    Args:
        due_at: when it fell due. A scheduler that tries the broker with the same row every second would otherwise make
            it look fresh each time, and the workers, who pull only what is overdue, would never see it.
    """
    result: Any = tx.execute(_of(table, _GIVE_BACK), {"id": id_, "claim": claim, "due_at": due_at})
    return bool(result.rowcount)


def finish(tx: Session, lease: Lease, *, next_action_at: datetime | None) -> None:
    """End a step. Raises ClaimLost when the row has passed to someone else: nothing of the step may then be kept."""
    _expect_one(tx, _FINISH, lease, {"next_action_at": next_action_at})


def wake_schedulers(tx: Session) -> None:
    """Tell sleeping schedulers, at commit, that something fell due. A lost notice costs at most a second."""
    tx.execute(text("SELECT pg_notify(:channel, '')"), {"channel": WAKE_CHANNEL})


@cache
def _of(table: str, sql: str) -> TextClause:
    return text(sql.format(table=table, known=known(table)))


def _expect_one(tx: Session, sql: str, lease: Lease, parameters: dict[str, Any]) -> None:
    result: Any = tx.execute(_of(lease.table, sql), {"id": lease.id, "claim": lease.claim, **parameters})
    if result.rowcount != 1:
        raise ClaimLost(f"row {lease.id} of {lease.table} is no longer held under claim {lease.claim}")
