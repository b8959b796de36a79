-- One row for each account and day: the newest known values, side by side. Null where Instagram said nothing.
-- `account` and `day` depend on what is grouped by, so conditions on them are checked before anything is added up.
-- The day is that of the instant at which it ended, wherever that was midnight: 10 hours and a half before it, UTC had the
-- date of the day in every zone from Honolulu (UTC-10) to Auckland in summer (UTC+13). No zone of an account is asked.
-- Where Instagram has moved that instant, a number was told of both ends; what was told last counts, and once.
CREATE OR REPLACE VIEW account_daily AS
SELECT l.account_id, l.account, l.day,
       (max(ARRAY[l.last_checked_at, l.period_end]))[2] AS period_end,
       max(l.value) FILTER (WHERE l.breakdown = '' AND l.metric = 'reach') AS reach,
       max(l.value) FILTER (WHERE l.breakdown = '' AND l.metric = 'views') AS views,
       max(l.value) FILTER (WHERE l.breakdown = '' AND l.metric = 'accounts_engaged') AS accounts_engaged,
       max(l.value) FILTER (WHERE l.breakdown = '' AND l.metric = 'total_interactions') AS total_interactions,
       max(l.value) FILTER (WHERE l.breakdown = '' AND l.metric = 'likes') AS likes,
       max(l.value) FILTER (WHERE l.breakdown = '' AND l.metric = 'comments') AS comments,
       max(l.value) FILTER (WHERE l.breakdown = '' AND l.metric = 'saves') AS saves,
       max(l.value) FILTER (WHERE l.breakdown = '' AND l.metric = 'shares') AS shares,
       max(l.value) FILTER (WHERE l.breakdown = '' AND l.metric = 'replies') AS replies,
       max(l.value) FILTER (WHERE l.breakdown = '' AND l.metric = 'reposts') AS reposts,
       max(l.value) FILTER (WHERE l.breakdown = '' AND l.metric = 'follows_and_unfollows') AS follows_and_unfollows,
       max(l.value) FILTER (WHERE l.breakdown = '' AND l.metric = 'profile_links_taps') AS profile_links_taps,
       max(l.value) FILTER (WHERE l.breakdown = '' AND l.metric = 'follower_count') AS follower_count,
       jsonb_object_agg(l.metric, l.value) FILTER (WHERE l.breakdown = '' AND l.metric NOT IN (
           'reach', 'views', 'accounts_engaged', 'total_interactions', 'likes', 'comments', 'saves', 'shares',
           'replies', 'reposts', 'follows_and_unfollows', 'profile_links_taps', 'follower_count')) AS other,
       jsonb_object_agg(l.metric || ':' || l.breakdown, l.value) FILTER (WHERE l.breakdown <> '') AS parts,
       max(l.captured_at) AS captured_at,
       min(l.last_checked_at) AS last_checked_at,
       -- A part that Instagram has corrected away is left out of later answers: its whole speaks for it.
       coalesce(bool_and(l.last_checked_at >= l.period_end + interval '48 hours') FILTER (WHERE l.breakdown = ''), true)
       AND coalesce(array_agg(l.metric) FILTER (WHERE l.breakdown <> ''
                    AND l.last_checked_at < l.period_end + interval '48 hours'), '{}')
           <@ coalesce(array_agg(l.metric) FILTER (WHERE l.breakdown = ''), '{}') AS is_settled,
       jsonb_object_agg(CASE WHEN l.breakdown = '' THEN l.metric ELSE l.metric || ':' || l.breakdown END,
                        l.last_checked_at) AS told_at
  FROM (SELECT DISTINCT ON (account_id, account, day, c.metric, c.breakdown)
               a.id AS account_id, a.name AS account,
               (c.period_end AT TIME ZONE 'UTC' - interval '10 hours 30 minutes')::date AS day,
               c.metric, c.breakdown, c.period_end, c.value, c.captured_at, c.last_checked_at
          FROM accounts a
          JOIN account_latest c ON c.account_id = a.id
         WHERE c.period = 'day'
         ORDER BY account_id, account, day, c.metric, c.breakdown, c.last_checked_at DESC, c.period_end DESC) l
 GROUP BY l.account_id, l.account, l.day;
