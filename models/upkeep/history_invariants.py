"""What may never be of the history: the part of `models/upkeep/invariants.py` that its tables are held to."""

from __future__ import annotations

from models.meanings.metrics import MEDIA_COLUMNS
from models.store.guarding import APPEND_ONLY
from models.store.partitions import PARTITIONED

_OF_A_MONTH_MADE_AHEAD = {"harvest_runs": " WHERE slot_at >= date_trunc('month', now(), 'UTC')"}
"""The run of a slot that was owed since a month that is dropped has no other place."""

HISTORY: dict[str, str] = {
    # 7. A history value overwritten. The triggers forbid it; the newest known values must be points of the history,
    # but for those whose month retention has dropped.
    "latest_without_point": """
        SELECT 'account ' || l.account_id || ' ' || l.metric || ' ' || l.period_end || ' is not in the history'
          FROM account_latest l
         WHERE NOT EXISTS (SELECT FROM account_observations o
                            WHERE o.account_id = l.account_id AND o.metric = l.metric AND o.period = l.period
                              AND o.breakdown = l.breakdown AND o.period_end = l.period_end
                              AND o.captured_at = l.captured_at AND o.value = l.value)
           AND NOT EXISTS (SELECT FROM dropped_months d
                            WHERE d.table_name = 'account_observations'
                              AND l.captured_at >= d.since AND l.captured_at < d.until)
    """,
    "public_latest_without_point": """
        SELECT 'watch ' || l.watch_id || ' ' || l.metric || ' is not in the history'
          FROM competitor_latest l
         WHERE NOT EXISTS (SELECT FROM competitor_observations o
                            WHERE o.watch_id = l.watch_id AND o.metric = l.metric
                              AND o.captured_at = l.captured_at AND o.value = l.value)
           AND NOT EXISTS (SELECT FROM dropped_months d
                            WHERE d.table_name = 'competitor_observations'
                              AND l.captured_at >= d.since AND l.captured_at < d.until)
        UNION ALL
        SELECT 'public media ' || l.public_media_id || ' is not in the history'
          FROM public_media_latest l
         WHERE NOT EXISTS (SELECT FROM public_media_snapshots s
                            WHERE s.public_media_id = l.public_media_id AND s.captured_at = l.captured_at)
           AND NOT EXISTS (SELECT FROM dropped_months d
                            WHERE d.table_name = 'public_media_snapshots'
                              AND l.captured_at >= d.since AND l.captured_at < d.until)
    """,
    # A media's newest row is that of its newest reading that changed something, and holds all that this one said.
    "media_latest_unlike_history": f"""
        SELECT 'media ' || l.media_id || ' is not in the history as it was known at ' || l.captured_at
          FROM media_latest l
          LEFT JOIN media_snapshots s ON s.media_id = l.media_id AND s.captured_at = l.captured_at
         WHERE num_nonnulls({", ".join(f"l.{name}" for name in MEDIA_COLUMNS)}, l.extra) > 0
           AND (s.media_id IS NULL OR NOT coalesce(l.extra, '{{}}') @> coalesce(s.extra, '{{}}')
                OR {" OR ".join(f"s.{name} <> coalesce(l.{name}, -1)" for name in MEDIA_COLUMNS)})
           AND NOT EXISTS (SELECT FROM dropped_months d
                            WHERE d.table_name = 'media_snapshots'
                              AND l.captured_at >= d.since AND l.captured_at < d.until)
        UNION ALL
        SELECT 'media ' || l.media_id || ' has been read since ' || l.captured_at || ', says the history'
          FROM media_latest l
         WHERE EXISTS (SELECT FROM media_snapshots s WHERE s.media_id = l.media_id AND s.captured_at > l.captured_at)
    """,  # noqa: S608 - constants
    "audience_latest_unlike_history": """
        SELECT 'account ' || l.account_id || ' ' || l.metric || ' by ' || l.breakdown || ' is not in the history'
          FROM audience_latest l
         WHERE (NOT EXISTS (SELECT FROM audience_snapshots s
                             WHERE s.account_id = l.account_id AND s.metric = l.metric AND s.timeframe = l.timeframe
                               AND s.breakdown = l.breakdown AND s.captured_at = l.captured_at AND s.counts = l.counts)
                OR EXISTS (SELECT FROM audience_snapshots s
                            WHERE s.account_id = l.account_id AND s.metric = l.metric AND s.timeframe = l.timeframe
                              AND s.breakdown = l.breakdown AND s.captured_at > l.captured_at))
           AND NOT EXISTS (SELECT FROM dropped_months d
                            WHERE d.table_name = 'audience_snapshots'
                              AND l.captured_at >= d.since AND l.captured_at < d.until)
    """,
    # A comment that has changed is as its newest version says.
    "comment_unlike_its_versions": """
        SELECT 'comment ' || c.id || ' is not what its newest version says'
          FROM comments c
         CROSS JOIN LATERAL (SELECT v.* FROM comment_versions v
                              WHERE v.comment_id = c.id ORDER BY v.seen_at DESC LIMIT 1) v
         WHERE (c.text, c.is_hidden, c.gone_at IS NOT NULL) IS DISTINCT FROM (v.text, v.is_hidden, v.is_gone)
    """,
    "history_not_guarded": f"""
        SELECT 'table ' || t.name || ' has lost its append-only trigger'
          FROM unnest(ARRAY{list(APPEND_ONLY)}) t(name)
         WHERE NOT EXISTS (SELECT FROM pg_trigger g
                            WHERE g.tgrelid = t.name::regclass AND g.tgname = 'append_only' AND g.tgenabled <> 'D')
        UNION ALL
        SELECT 'table ' || c.oid::regclass || ' can be truncated'
          FROM (SELECT t.name::regclass::oid AS oid FROM unnest(ARRAY{list(APPEND_ONLY)}) t(name)
                 UNION ALL
                SELECT i.inhrelid FROM unnest(ARRAY{list(APPEND_ONLY)}) t(name)
                  JOIN pg_inherits i ON i.inhparent = t.name::regclass) c
         WHERE NOT EXISTS (SELECT FROM pg_trigger g
                            WHERE g.tgrelid = c.oid AND g.tgname = 'no_truncate' AND g.tgenabled <> 'D')
    """,  # noqa: S608 - constants
    # The scheduler plans, and the worker reads, by what the row of a harvest says of its runs; those whose month
    # retention has dropped are known by the row alone.
    "harvest_unlike_its_runs": """
        SELECT 'harvest ' || h.id || ' says something else than its runs'
          FROM harvests h
         CROSS JOIN (SELECT coalesce(max(until), '-infinity') + interval '32 days' AS at
                       FROM dropped_months WHERE table_name = 'harvest_runs') dropped
          LEFT JOIN (SELECT harvest_id, max(id) AS last_run_id,
                            max(greatest(slot_at, finished_at)) FILTER (WHERE finished_at IS NOT NULL) AS done_at,
                            max(finished_at) FILTER (WHERE status IN ('done', 'partial') AND covers) AS covered_at
                       FROM harvest_runs WHERE backfill_id IS NULL GROUP BY harvest_id) r ON r.harvest_id = h.id
         WHERE h.last_run_id IS DISTINCT FROM r.last_run_id
               AND NOT coalesce(r.last_run_id IS NULL AND h.last_slot_at < dropped.at, false)
            OR h.done_at IS DISTINCT FROM r.done_at AND NOT (r.done_at IS NULL AND h.done_at < dropped.at)
            OR h.covered_at IS DISTINCT FROM r.covered_at AND NOT (r.covered_at IS NULL AND h.covered_at < dropped.at)
            OR r.last_run_id IS NOT NULL
               AND NOT EXISTS (SELECT FROM harvest_runs l WHERE l.harvest_id = h.id AND l.slot_at = h.last_slot_at
                                  AND l.id = h.last_run_id)
    """,
    # 12. A day missing from history without its coverage saying so: read, and nothing of it is there; or missed, and
    # nobody is going to read it although Instagram still tells it.
    "covered_without_history": """
        SELECT 'account ' || c.account_id || ' has read ' || c.day || ' and knows nothing of it'
          FROM covered_days c
         WHERE c.day > (now() AT TIME ZONE 'America/Los_Angeles')::date - 10 AND c.points > 0
           AND NOT EXISTS (SELECT FROM account_latest l
                            WHERE l.account_id = c.account_id AND l.period = 'day'
                              -- As account_daily names it, so that an index finds it.
                              AND (l.period_end AT TIME ZONE 'UTC' - interval '10 hours 30 minutes')::date = c.day)
    """,
    "day_missed_for_ever": """
        SELECT 'account ' || a.id || ' misses ' || d.at::date || ', and no backfill is going to read it'
          FROM accounts a
          JOIN harvests h ON h.account_id = a.id AND h.kind = 'account'
         CROSS JOIN LATERAL generate_series(
                    date_trunc('day', greatest(a.created_at, now() - interval '88 days')
                                      AT TIME ZONE 'America/Los_Angeles') + interval '1 day',
                    h.covered_at AT TIME ZONE 'America/Los_Angeles' - interval '2 days', interval '1 day') AS d(at)
         WHERE NOT EXISTS (SELECT FROM covered_days c WHERE c.account_id = a.id AND c.day = d.at::date)
           AND NOT EXISTS (SELECT FROM backfills b WHERE b.account_id = a.id AND b.kind = 'account'
                              AND coalesce(b.finished_at, 'infinity') >= h.covered_at)
    """,
} | {
    f"{table}_without_partition": f"SELECT 'rows without a month of their own in {table}' "  # noqa: S608 - constants
    f"WHERE EXISTS (SELECT FROM {table}_default{_OF_A_MONTH_MADE_AHEAD.get(table, '')})"
    for table in PARTITIONED
}
