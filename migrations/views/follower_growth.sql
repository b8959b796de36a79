-- Followers at the end of each day of the account's zone. Points are written only when the count changes, so a day on
-- which a profile harvest was done without a new point has the count of before; a day nobody read has no row. The newest
-- point stands in `account_latest` too, where it outlives the months that retention drops.
CREATE FUNCTION follower_growth_as_of(as_of timestamptz) RETURNS TABLE (
    account_id bigint,
    account text,
    day date,
    followers numeric,
    change numeric,
    read_at timestamptz
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT f.account_id, f.account, f.day, f.followers,
       CASE WHEN lag(f.day) OVER days = f.day - 1 THEN f.followers - lag(f.followers) OVER days END,
       f.read_at
  FROM (SELECT d.account_id, d.account, d.day, d.read_at,
               -- Each point and the days without one that follow it are one stretch: its count holds for all of it.
               max(d.followers) OVER (PARTITION BY d.account_id, d.account, d.stretch) AS followers
          FROM (SELECT a.id AS account_id, a.name AS account, (r.read_at AT TIME ZONE a.timezone)::date AS day,
                       max(r.read_at) AS read_at,
                       (array_agg(r.value ORDER BY r.read_at DESC) FILTER (WHERE r.value IS NOT NULL))[1] AS followers,
                       count(max(r.value)) OVER (
                           PARTITION BY a.id, a.name ORDER BY (r.read_at AT TIME ZONE a.timezone)::date) AS stretch
                  FROM accounts a
                  JOIN (SELECT o.account_id, o.captured_at AS read_at, o.value
                          FROM account_observations o
                         WHERE o.metric = 'followers_count' AND o.period = 'moment' AND o.breakdown = ''
                         UNION ALL
                        SELECT l.account_id, l.captured_at, l.value
                          FROM account_latest l
                         WHERE l.metric = 'followers_count' AND l.period = 'moment' AND l.breakdown = ''
                         UNION ALL
                        SELECT h.account_id, u.finished_at, NULL
                          FROM harvests h
                          JOIN harvest_runs u ON u.harvest_id = h.id
                         WHERE h.kind = 'profile' AND u.status = 'done') r ON r.account_id = a.id
                 WHERE r.read_at <= as_of
                 GROUP BY a.id, a.name, 3) d) f
 WHERE f.followers IS NOT NULL
WINDOW days AS (PARTITION BY f.account_id, f.account ORDER BY f.day)
$$;

CREATE VIEW follower_growth AS SELECT * FROM follower_growth_as_of('infinity');
