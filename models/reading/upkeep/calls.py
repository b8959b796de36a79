"""How many calls to Instagram each account has cost in the last day, and what for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

DAY = timedelta(days=1)
_MOST = 50


@dataclass(frozen=True)
class CallsOf:
    """Calls of one account. `reading`: of harvests; `preparing`: containers made and looked at; `sending`: once-only
    calls and the readings that found out what became of them.
    """

    account: str
    login: str
    reading: int
    preparing: int
    sending: int
    containers: int
    """Made in the last day; Instagram allows 400."""

    @property
    def all(self) -> int:
        return self.reading + self.preparing + self.sending


@dataclass(frozen=True)
class CallsOfADay:
    """`accounts`: those that cost most; `by_login`: of all accounts together, by the app that they go through."""

    accounts: list[CallsOf]
    by_login: dict[str, int]


# What each account did is looked up by itself: its containers of a day stand together in their index.
_CALLS = text("""
    WITH runs AS (SELECT h.account_id, sum(r.calls) AS calls
                    FROM harvest_runs r JOIN harvests h ON h.id = r.harvest_id
                   WHERE r.started_at > :since AND r.slot_at > CAST(:since AS timestamptz) - interval '32 days'
                   GROUP BY 1),
         sent AS (SELECT coalesce(p.account_id, w.account_id) AS account_id, count(*) + sum(t.reads) AS calls
                    FROM attempts t LEFT JOIN posts p ON p.id = t.post_id LEFT JOIN replies w ON w.id = t.reply_id
                   WHERE t.intent_at > :since GROUP BY 1)
    SELECT a.name AS account, a.login, coalesce(runs.calls, 0)::int AS reading,
           coalesce(c.made + c.polls, 0)::int AS preparing, coalesce(sent.calls, 0)::int AS sending,
           coalesce(c.made, 0)::int AS containers
      FROM accounts a
      LEFT JOIN runs ON runs.account_id = a.id
      LEFT JOIN sent ON sent.account_id = a.id
      LEFT JOIN LATERAL (SELECT count(*) AS made, sum(polls) AS polls FROM containers k
                          WHERE k.account_id = a.id AND k.created_at > :since) c ON true
     WHERE a.state <> 'removed'
     ORDER BY coalesce(runs.calls, 0) + coalesce(c.made + c.polls, 0) + coalesce(sent.calls, 0) DESC, a.name
""")


def calls_of_accounts(tx: Session, *, now: datetime) -> CallsOfADay:
    """Of the day that ends now, the most first; at most 50 accounts by name."""
    found = [CallsOf(**row._mapping) for row in tx.execute(_CALLS, {"since": now - DAY})]
    by_login: dict[str, int] = {}
    for one in found:
        by_login[one.login] = by_login.get(one.login, 0) + one.all
    return CallsOfADay(found[:_MOST], by_login)
