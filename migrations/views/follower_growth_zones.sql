-- Followers at the end of each day of the zone that the account had on it (`account_zones`). Points are written only when the count changes, so a day on
-- which a profile harvest was done without a new point has the count of before; a day nobody read has no row. The newest
-- point stands in `account_latest` too, where it outlives the months that retention drops. Each day is looked up by the
-- bounds of its own, so that of a year of hourly readings only one a day is fetched.
CREATE OR REPLACE FUNCTION follower_growth_as_of(as_of timestamptz) RETURNS TABLE (
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
  FROM (SELECT r.account_id, r.account, r.day, r.read_at,
               -- Each point and the days without one that follow it are one stretch: its count holds for all of it.
               max(r.followers) OVER (PARTITION BY r.account_id, r.account, r.stretch) AS followers
          FROM (SELECT a.id AS account_id, a.name AS account, d.day::date AS day, known.followers, known.read_at,
                       count(known.followers) OVER (PARTITION BY a.id, a.name ORDER BY d.day) AS stretch
                  FROM accounts a
                  JOIN account_latest l ON l.account_id = a.id AND l.metric = 'followers_count'
                                       AND l.period = 'moment' AND l.breakdown = ''
                 CROSS JOIN LATERAL (
                        SELECT min(o.captured_at) AS at
                          FROM account_observations o
                         WHERE o.account_id = a.id AND o.metric = 'followers_count'
                           AND o.period = 'moment' AND o.breakdown = '' AND o.period_end = l.period_end) AS first
                 CROSS JOIN LATERAL generate_series(
                        -- A day more on both sides: of which zone they are comes next, and days nobody read are left out.
                        (least(first.at, l.captured_at) AT TIME ZONE 'UTC')::date - interval '1 day',
                        (least(l.last_checked_at, as_of) AT TIME ZONE 'UTC')::date + interval '1 day',
                        interval '1 day') AS d(day)
                 CROSS JOIN LATERAL (
                        SELECT greatest(d.day AT TIME ZONE z.timezone,
                                        CASE WHEN z.first_day = d.day::date THEN z.changed_at END) AS since
                          FROM account_zones z
                         WHERE z.account_id = a.id AND z.first_day <= d.day::date
                         ORDER BY z.first_day DESC
                         LIMIT 1) AS dawn
                 CROSS JOIN LATERAL (
                        SELECT greatest((d.day + interval '1 day') AT TIME ZONE z.timezone,
                                        CASE WHEN z.first_day = d.day::date + 1 THEN z.changed_at END) AS until
                          FROM account_zones z
                         WHERE z.account_id = a.id AND z.first_day <= d.day::date + 1
                         ORDER BY z.first_day DESC
                         LIMIT 1) AS dusk
                 CROSS JOIN LATERAL (SELECT dawn.since, dusk.until) AS bounds
                  LEFT JOIN LATERAL (
                        SELECT o.captured_at, o.value
                          FROM account_observations o
                         WHERE o.account_id = a.id AND o.metric = 'followers_count'
                           AND o.period = 'moment' AND o.breakdown = '' AND o.period_end = l.period_end
                           AND o.captured_at >= bounds.since AND o.captured_at < bounds.until
                           AND o.captured_at <= as_of
                         ORDER BY o.captured_at DESC
                         LIMIT 1) AS point ON true
                  LEFT JOIN LATERAL (
                        SELECT u.finished_at
                          FROM harvests h
                          JOIN harvest_runs u ON u.harvest_id = h.id
                         WHERE point.captured_at IS NULL  -- else nothing more is to be known of the day
                           AND h.account_id = a.id AND h.kind = 'profile' AND u.status = 'done'
                           AND u.slot_at >= bounds.since - interval '1 day' AND u.slot_at < bounds.until
                           AND u.finished_at >= bounds.since AND u.finished_at < bounds.until
                           AND u.finished_at <= as_of
                         ORDER BY u.slot_at DESC
                         LIMIT 1) AS run ON true
                 CROSS JOIN LATERAL (
                        SELECT l.captured_at >= bounds.since AND l.captured_at < bounds.until
                               AND l.captured_at <= as_of AS is_newest,
                               CASE WHEN l.last_checked_at >= bounds.since AND l.last_checked_at < bounds.until
                                     AND l.last_checked_at <= as_of THEN l.last_checked_at END AS checked_at) AS latest
                 CROSS JOIN LATERAL (
                        SELECT CASE WHEN latest.is_newest THEN l.value ELSE point.value END AS followers,
                               greatest(CASE WHEN latest.is_newest THEN l.captured_at END, point.captured_at,
                                        run.finished_at, latest.checked_at) AS read_at) AS known
                 WHERE known.read_at IS NOT NULL) r) f
 WHERE f.followers IS NOT NULL
WINDOW days AS (PARTITION BY f.account_id, f.account ORDER BY f.day)
$$;
