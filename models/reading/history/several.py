"""Several accounts side by side in a span: the days of each, and how much each posted.

Nothing is added up over accounts: whoever follows two of them is counted by both.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.reading.history.overview import DayValues, day_values, days_query
from models.reading.history.written import Bounds, listed_at
from pressrun.instagram.pacific import PACIFIC


@dataclass(frozen=True)
class Posted:
    """Media that an account posted in a span and in the one before, stories left out; None where it is not known.

    `lacking`: days of the span that were not over yet when the list of media was read last.
    """

    now: int | None
    before: int | None
    lacking: int


# Each account by itself, so that of its days alone something is looked up; what is ordered is not joined to all others.
_EACH = """
    SELECT s.id AS account_id, d.*
      FROM accounts s CROSS JOIN LATERAL ({days}) d
     WHERE s.id = ANY(CAST(:ids AS bigint[]))
     ORDER BY s.id, d.day
"""
_POSTED = """
    SELECT s.id AS account_id, m.now, m.before, {listed} AS listed_at
      FROM accounts s
     CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE posted_at >= :since) AS now,
                   count(*) FILTER (WHERE posted_at < :since) AS before
              FROM media
             WHERE account_id = s.id AND posted_at >= :before AND posted_at < :until
               AND media_product_type IS DISTINCT FROM 'STORY'
               AND (CAST(:as_of AS timestamptz) IS NULL OR first_seen_at <= :as_of)) m
     WHERE s.id = ANY(CAST(:ids AS bigint[]))
"""


def days_of_each(
    tx: Session, account_ids: Collection[int], *, since: date, until: date, as_of: datetime | None
) -> dict[int, list[DayValues]]:
    """Account → each day from `since` to before `until`, with or without numbers; with `as_of` as known then."""
    query = text(_EACH.format(days=days_query("s.id", as_of)))
    values = {"ids": list(account_ids), "since": since, "until": until}
    found: dict[int, list[DayValues]] = {number: [] for number in account_ids}
    for row in tx.execute(query, values if as_of is None else values | {"as_of": as_of}):
        found[row.account_id].append(day_values(row))
    return found


def posted(tx: Session, account_ids: Collection[int], bounds: Bounds) -> dict[int, Posted]:
    """Account → what it posted."""
    query = text(_POSTED.format(listed=listed_at("s.id", bounds.as_of)))
    rows = tx.execute(query, {**vars(bounds), "ids": list(account_ids)})
    return {row.account_id: _posted(row.now, row.before, row.listed_at, bounds) for row in rows}


def _posted(now: int, before: int, listed_at: datetime | None, bounds: Bounds) -> Posted:
    """A list that was read names all that was posted before; one that was not read since proves no zero."""
    length = (bounds.until_on - bounds.since_on).days
    if listed_at is None or listed_at < bounds.since:
        return Posted(now or None, None, length)
    lacking = (bounds.until_on - listed_at.astimezone(PACIFIC).date()).days
    return Posted(now, before, max(lacking, 0))
