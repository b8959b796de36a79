"""Answers that come after a newer one was stored: points of the history all the same, under the time they are of.

Only the `…_latest` rows are guarded. A late value is a point where it differs from what was known at its time; what the
same run has stored a moment later, of several answers at once, is not told twice. Where the newest known value has
stood unchanged since before, its last reading becomes a point as well: without it, the history would end with the
older answer. The caller has locked the rows of the `…_latest` table in the same transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

_LATE = """
    WITH read AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r({typed}, {value} {of})
    ), late AS MATERIALIZED (
        SELECT {r_keys}, r.{value}, l.captured_at <= :captured_at AS stands
          FROM read r
          JOIN {latest} l ON {owner_l} AND {same_l}
          LEFT JOIN LATERAL (
                SELECT h.captured_at, h.{value} FROM {history} h
                 WHERE {owner_h} AND {same_h} AND h.captured_at <= :captured_at
                 ORDER BY h.captured_at DESC LIMIT 1) before ON true
          LEFT JOIN LATERAL (
                SELECT h.run_id, h.{value} FROM {history} h
                 WHERE {owner_h} AND {same_h} AND h.captured_at > :captured_at
                 ORDER BY h.captured_at LIMIT 1) after ON true
         WHERE l.last_checked_at > :captured_at
           AND before.captured_at IS DISTINCT FROM :captured_at
           -- Where nothing changed since, the newest row says it, also of a month that retention has dropped.
           AND r.{value} IS DISTINCT FROM CASE WHEN l.captured_at <= :captured_at THEN l.{value} ELSE before.{value} END
           AND (after.run_id = :run_id AND after.{value} = r.{value}) IS NOT TRUE
    ), again AS (
        UPDATE {latest} l SET captured_at = l.last_checked_at
          FROM late r WHERE {owner_l} AND {same_l} AND r.stands
        RETURNING {l_keys}, l.captured_at, l.{value}
    )
    INSERT INTO {history} ({owner}, {keys}, captured_at, {value}, run_id)
    SELECT :{owner}, {keys}, :captured_at, {value}, CAST(:run_id AS bigint) FROM late
     UNION ALL
    SELECT :{owner}, {keys}, captured_at, {value}, NULL FROM again
    ON CONFLICT DO NOTHING
"""


def store_series(
    tx: Session, statement: TextClause, late: TextClause, known: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> int:
    """Run the statement for these rows, and the other one if some are late; returns how many points were written.

    Args:
        statement: it locks the newest row of each, and says how many rows it has taken for news (`taken`, `added`).
        known: the parameters of both beside `rows`.
    """
    values = {**known, "rows": json.dumps(rows)}
    found = tx.execute(statement, values).one()
    if found.taken == len(rows):
        return int(found.added)
    # A statement of its own: it has to see what others committed while the rows were waited for.
    result: Any = tx.execute(late, values)
    return int(found.added) + int(result.rowcount)


def late_points(*, latest: str, history: str, owner: str, keys: Mapping[str, str], value: str, of: str) -> TextClause:
    """The statement that adds late values of series that hold one value each.

    Its parameters are the owner's id, `rows` (JSON: keys and value), `captured_at` and `run_id`.

    Args:
        owner: the column of whom the series are; one statement is about one.
        keys: the other columns of a series, with their types.
        value: the column of the value, of the type `of`.
    """
    return text(
        _LATE.format(
            latest=latest,
            history=history,
            owner=owner,
            owner_l=f"l.{owner} = :{owner}",
            owner_h=f"h.{owner} = :{owner}",
            keys=", ".join(keys),
            r_keys=", ".join(f"r.{key}" for key in keys),
            l_keys=", ".join(f"l.{key}" for key in keys),
            typed=", ".join(f"{key} {kind}" for key, kind in keys.items()),
            same_l=" AND ".join(f"l.{key} = r.{key}" for key in keys),
            same_h=" AND ".join(f"h.{key} = r.{key}" for key in keys),
            value=value,
            of=of,
        )
    )
