"""What was read of the past, and what of it is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.access.bound import SEEN, seen_accounts
from models.keeping import ACCOUNT_KEPT
from pressrun.pacific import days

COLUMNS = ("account", "kind", "day", "state", "why", "ig_media_ids")


class State(StrEnum):
    READ = "read"
    PARTIAL = "partial"
    MISSED = "missed"
    LOST = "lost for good"


@dataclass(frozen=True)
class Covered:
    """What was read of an account by one kind of harvest, of one of Instagram's days."""

    account: str
    kind: str
    day: date
    state: str
    why: str | None
    ig_media_ids: list[str] | None


@dataclass(frozen=True)
class Lack:
    """How many days of an account lack something of one kind."""

    account_id: int
    account: str
    kind: str
    state: str
    count: int
    first: date
    last: date


def coverage(
    tx: Session, account_id: int | None, *, kind: str | None, since: date, until: date, states: Sequence[str]
) -> list[Covered]:
    """The days from `since` to before `until` in these states, by account, kind and day."""
    rows = tx.execute(
        _COVERAGE,
        {
            "account_id": account_id,
            "kind": kind,
            "since": since,
            "until": until,
            "states": list(states),
            "seen": seen_accounts(tx),
        },
    )
    return [Covered(**row._mapping) for row in rows]


def lacking(tx: Session, *, now: datetime) -> list[Lack]:
    """What is lost of the last 7 days, and the days of insights that Instagram still tells and nobody has read."""
    closed = days(now, closed=7)[:-1]
    values = {"since": closed[0].on, "today": days(now, closed=0)[0].on, "kept": (now - ACCOUNT_KEPT).date()}
    return [Lack(**row._mapping) for row in tx.execute(_LACKING, values)]


def default_since(now: datetime, length: timedelta) -> date:
    """The day of Instagram that was running so long ago."""
    return days(now - length, closed=0)[0].on


# Bound values are looked at once, so that what is asked of one account is asked of its rows alone.
_COVERAGE = text(f"""
    SELECT account, kind, day, state, why, ig_media_ids
      FROM coverage
     WHERE (CAST(:account_id AS bigint) IS NULL OR account_id = :account_id) AND {SEEN.format(column="account_id")}
       AND (CAST(:kind AS text) IS NULL OR kind = :kind)
       AND day >= :since AND day < :until AND state = ANY(:states)
     ORDER BY account, kind, day
""")  # noqa: S608 - a constant
# A day that is missed of anything but the account's insights is read by the next run.
_LACKING = text("""
    SELECT account_id, account, kind, state, count(*) AS count, min(day) AS first, max(day) AS last
      FROM (SELECT * FROM coverage WHERE day >= :since AND day < :today AND state IN ('missed', 'lost for good')
            UNION ALL
            SELECT * FROM coverage WHERE kind = 'account' AND day >= :kept AND day < :since AND state = 'missed') c
     GROUP BY account_id, account, kind, state
     ORDER BY account, kind, state
""")
