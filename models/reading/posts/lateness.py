"""How late posts went out: in figures, and as a histogram."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.access.bound import SEEN, seen_accounts

BOUNDS_MS = (0, 100, 250, 500, 1_000, 2_500, 5_000, 15_000, 60_000, 300_000)
"""Where the bars of the histogram begin."""


@dataclass(frozen=True)
class Lateness:
    """Of posts that went out in a span. The figures are None where there are none."""

    posts: int
    median_ms: int | None
    p95_ms: int | None
    worst_ms: int | None
    bars: tuple[int, ...]
    """How many begin at each of BOUNDS_MS."""


# What was sent before its time (to the millisecond) counts as on time.
_LATENESS = text(f"""
    SELECT count(*) AS posts, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS median,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY ms) AS p95,
           max(ms) AS worst, array_agg(width_bucket(ms, CAST(:bounds AS float8[]))) AS bars
      FROM (SELECT greatest(extract(epoch FROM sent_at - publish_at) * 1000, 0)::float8 AS ms
              FROM posts
             WHERE published_at > :since AND sent_at IS NOT NULL
               AND (CAST(:account_id AS bigint) IS NULL OR account_id = :account_id)
               AND {SEEN.format(column="account_id")}) p
""")  # noqa: S608 - a constant


def lateness(tx: Session, account_id: int | None, *, since: datetime) -> Lateness:
    """Of what went out since then."""
    values: dict[str, Any] = {"since": since, "account_id": account_id, "bounds": [float(one) for one in BOUNDS_MS]}
    values["seen"] = seen_accounts(tx)
    row = tx.execute(_LATENESS, values).one()
    places = list(row.bars or ())
    bars = tuple(places.count(number) for number in range(1, len(BOUNDS_MS) + 1))
    return Lateness(row.posts, _whole(row.median), _whole(row.p95), _whole(row.worst), bars)


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
