"""What was read of the past, and what of it is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.access.bound import SEEN, seen_accounts
from models.harvests.keeping import ACCOUNT_KEPT
from pressrun.instagram.pacific import days

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
    tx: Session,
    account_id: int | None,
    *,
    kind: str | None,
    since: date,
    until: date,
    states: Sequence[str],
    most: int | None = None,
) -> list[Covered]:
    """The days from `since` to before `until` in these states, by account, kind and day.

    Args:
        most: no more than so many, and no account is looked at behind those that have them.
    """
    rows = tx.execute(
        _COVERAGE,
        {
            "account_id": account_id,
            "kind": kind,
            "since": since,
            "until": until,
            "states": list(states),
            "seen": seen_accounts(tx),
            "most": most,
        },
    )
    return [Covered(**row._mapping) for row in rows]


@dataclass(frozen=True)
class CoveredDay:
    """How an account's day stands over all kinds of harvests: `state` is the worst of them, `kinds` those that lack."""

    account: str
    day: date
    state: str
    kinds: list[str]


def covered_days(tx: Session, accounts: Sequence[str], *, since: date, until: date) -> list[CoveredDay]:
    """The days from `since` to before `until` of the accounts of these names, by name and day."""
    values: dict[str, Any] = {
        "names": list(accounts),
        "since": since,
        "until": until,
        "ranks": [state.value for state in State],
    }
    values["seen"] = seen_accounts(tx)
    return [CoveredDay(**row._mapping) for row in tx.execute(_COVERED_DAYS, values)]


def lacking(tx: Session, *, now: datetime) -> list[Lack]:
    """What is lost of the last 7 days, and the days of insights that Instagram still tells and nobody has read."""
    closed = days(now, closed=7)[:-1]
    values = {"since": closed[0].on, "today": days(now, closed=0)[0].on, "kept": (now - ACCOUNT_KEPT).date()}
    return [Lack(**row._mapping) for row in tx.execute(_LACKING, values)]


def default_since(now: datetime, length: timedelta) -> date:
    """The day of Instagram that was running so long ago."""
    return days(now - length, closed=0)[0].on


# Each account by itself, by its name, so that those behind the last row that is wanted are not looked at; without
# OFFSET 0 they are joined.
_COVERAGE = text(f"""
    SELECT a.name AS account, c.kind, c.day, c.state, c.why, c.ig_media_ids
      FROM accounts a
     CROSS JOIN LATERAL (SELECT kind, day, state, why, ig_media_ids FROM coverage v
                          WHERE v.account_id = a.id AND (CAST(:kind AS text) IS NULL OR kind = :kind)
                            AND day >= :since AND day < :until AND state = ANY(:states) OFFSET 0) c
     WHERE (CAST(:account_id AS bigint) IS NULL OR a.id = :account_id) AND {SEEN.format(column="a.id")}
     ORDER BY a.name, c.kind, c.day
     LIMIT :most
""")  # noqa: S608 - a constant
# Each account by itself, so that its rows alone are read: without OFFSET 0 it is joined, and all are read for each. The
# states stand in the order of how bad they are.
_COVERED_DAYS = text(f"""
    SELECT a.name AS account, c.day,
           (CAST(:ranks AS text[]))[max(array_position(CAST(:ranks AS text[]), c.state))] AS state,
           coalesce(array_agg(c.kind ORDER BY c.kind) FILTER (WHERE c.state <> 'read'), '{{}}') AS kinds
      FROM accounts a
     CROSS JOIN LATERAL (SELECT day, kind, state FROM coverage v
                          WHERE v.account_id = a.id AND v.day >= :since AND v.day < :until OFFSET 0) c
     WHERE a.name = ANY(CAST(:names AS text[])) AND {SEEN.format(column="a.id")}
     GROUP BY a.name, c.day ORDER BY a.name, c.day
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
