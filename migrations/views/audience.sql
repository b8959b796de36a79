-- Who follows and who engages, one row for each group. A group whose number is no number is unknown, and has no row.
CREATE VIEW audience AS
SELECT a.id AS account_id, a.name AS account, l.metric, l.timeframe, l.breakdown,
       c.key AS category, (c.value #>> '{}')::numeric AS people, l.captured_at, l.last_checked_at
  FROM accounts a
  JOIN audience_latest l ON l.account_id = a.id
 CROSS JOIN LATERAL jsonb_each(l.counts) c
 WHERE jsonb_typeof(c.value) = 'number';

-- As with account_daily_as_of: the newest row where it was there by then, else the history by its primary key.
CREATE FUNCTION audience_as_of(as_of timestamptz) RETURNS TABLE (
    account_id bigint,
    account text,
    metric text,
    timeframe text,
    breakdown text,
    category text,
    people numeric,
    captured_at timestamptz
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT a.id, a.name, l.metric, l.timeframe, l.breakdown, c.key, (c.value #>> '{}')::numeric,
       CASE WHEN l.captured_at <= as_of THEN l.captured_at ELSE o.captured_at END
  FROM accounts a
  JOIN audience_latest l ON l.account_id = a.id
  LEFT JOIN LATERAL (
        SELECT s.counts, s.captured_at
          FROM audience_snapshots s
         WHERE l.captured_at > as_of
           AND s.account_id = l.account_id AND s.metric = l.metric AND s.timeframe = l.timeframe
           AND s.breakdown = l.breakdown AND s.captured_at <= as_of
         ORDER BY s.captured_at DESC
         LIMIT 1) o ON true
 CROSS JOIN LATERAL jsonb_each(CASE WHEN l.captured_at <= as_of THEN l.counts ELSE o.counts END) c
 WHERE jsonb_typeof(c.value) = 'number'
$$;
