"""Harvests that wait for a slot, and the slots that they are given: two statements, whatever their past."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

from models.harvests.harvest import UNPLANNED
from models.owed.known import known

# MATERIALIZED, and arrays of known length: for a handful of rows Postgres shall not read all harvests. All that a slot
# depends on comes along, and nothing is locked in between: each further question, and the begin and end of a
# transaction, would be a round trip for which posts that fall due wait.
_WAITING = f"""
    WITH waiting AS MATERIALIZED (
        SELECT id, account_id, kind, cron, done_at, next_action_at, CAST(xmin AS text) AS version
          FROM harvests
         WHERE {UNPLANNED} AND {{known}}
         ORDER BY next_action_at
         LIMIT :limit
    )
    SELECT w.*, a.timezone,
           CASE WHEN w.kind = ANY(CAST(:watching AS text[]))
                THEN EXISTS (SELECT FROM watches t WHERE t.account_id = w.account_id
                                AND t.kind = CAST(:watched AS jsonb) ->> w.kind AND t.ended_at IS NULL)
                ELSE true END AS is_wanted,
           CASE WHEN w.kind = 'stories'
                THEN ARRAY(SELECT m.posted_at FROM media m
                            WHERE m.account_id = w.account_id AND m.media_product_type = 'STORY'
                              AND m.posted_at > CAST(:now AS timestamptz) - interval '24 hours')
                END AS stories
      FROM waiting w JOIN accounts a ON a.id = w.account_id ORDER BY w.next_action_at
"""  # noqa: S608 - constants
# Compare and set: a row that anybody has written since it was looked at has another xmin, and waits for the next step.
# So of two schedulers one plans it, a request by hand stands, and what somebody began to watch meanwhile is not laid
# aside, since whoever watches writes the row too. One that is being written now is not waited for.
# Nor is the disk: a slot that Postgres loses when it crashes is planned again, to the same instant. Nothing can have
# come of it: the claim that takes it waits for the disk, which then has what was written before.
_SETTLE = text("""
    WITH planned AS MATERIALIZED (
        SELECT h.id, p.slot_at, p.due_at, set_config('synchronous_commit', 'off', true)
          FROM unnest(CAST(:ids AS bigint[]), CAST(:versions AS text[]), CAST(:slots AS timestamptz[]),
                      CAST(:due AS timestamptz[])) AS p(id, version, slot_at, due_at)
          JOIN harvests h ON h.id = p.id AND CAST(h.xmin AS text) = p.version
           FOR UPDATE OF h SKIP LOCKED
    )
    UPDATE harvests h SET slot_at = p.slot_at, next_action_at = p.due_at, tries = 0
      FROM planned p WHERE h.id = p.id
""")


@cache
def _waiting() -> TextClause:
    """A kind that came with a newer release is planned by its schedulers."""
    return text(_WAITING.format(known=known("harvests")))


def unplanned(tx: Session, watched: Mapping[str, str], *, limit: int, now: datetime) -> Sequence[Row[Any]]:
    """Harvests that wait for a slot.

    Each with `id`, its `version`, `account_id`, `kind`, `cron`, `done_at`, the `timezone` of its account, whether it
    `is_wanted`, and of stories when those were posted (`stories`) that may still be up.

    Args:
        watched: the kinds that are wanted only where something is watched, with what.
    """
    values = {"limit": limit, "now": now, "watching": list(watched), "watched": json.dumps(watched)}
    return tx.execute(_waiting(), values).all()


def settle(tx: Session, planned: Sequence[tuple[Row[Any], datetime | None, datetime | None]]) -> int:
    """Give harvests, as `unplanned` told them, a slot and when it is due; None lays one aside. Returns how many got it.

    One that somebody has written since, or is writing now, is left as it is.
    """
    values = {
        "ids": [row.id for row, _, _ in planned],
        "versions": [row.version for row, _, _ in planned],
        "slots": [slot_at for _, slot_at, _ in planned],
        "due": [due_at for _, _, due_at in planned],
    }
    result: Any = tx.execute(_SETTLE, values)
    return int(result.rowcount)
