-- `account_latest` names every value that was ever read. Where its newest change came before `as_of`, that is what was
-- known then; otherwise the history is asked, by the whole of its primary key. A day has no number before it began.
-- Of an end that Instagram has moved, what was told last by then counts, and once.
CREATE OR REPLACE FUNCTION account_daily_as_of(as_of timestamptz) RETURNS TABLE (
    account_id bigint,
    account text,
    day date,
    period_end timestamptz,
    reach numeric,
    views numeric,
    accounts_engaged numeric,
    total_interactions numeric,
    likes numeric,
    comments numeric,
    saves numeric,
    shares numeric,
    replies numeric,
    reposts numeric,
    follows_and_unfollows numeric,
    profile_links_taps numeric,
    follower_count numeric,
    other jsonb,
    parts jsonb,
    captured_at timestamptz,
    told_at jsonb
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT l.account_id, l.account, l.day,
       (max(ARRAY[l.told_at, l.period_end]))[2] AS period_end,
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
       jsonb_object_agg(CASE WHEN l.breakdown = '' THEN l.metric ELSE l.metric || ':' || l.breakdown END,
                        l.told_at) AS told_at
  FROM (SELECT DISTINCT ON (account_id, account, day, metric, breakdown) t.*
          FROM (SELECT a.id AS account_id, a.name AS account,
                       (c.period_end AT TIME ZONE 'UTC' - interval '10 hours 30 minutes')::date AS day,
                       c.metric, c.breakdown, c.period_end,
                       CASE WHEN c.captured_at <= as_of THEN c.value ELSE o.value END AS value,
                       CASE WHEN c.captured_at <= as_of THEN c.captured_at ELSE o.captured_at END AS captured_at,
                       -- Of a reading that changed nothing only the last one is known.
                       CASE WHEN c.last_checked_at <= as_of THEN c.last_checked_at
                            WHEN c.captured_at <= as_of THEN c.captured_at ELSE o.captured_at END AS told_at
                  FROM accounts a
                  JOIN account_latest c ON c.account_id = a.id
                  LEFT JOIN LATERAL (
                        SELECT p.value, p.captured_at
                          FROM account_observations p
                         WHERE c.captured_at > as_of
                           AND p.account_id = c.account_id AND p.metric = c.metric AND p.period = c.period
                           AND p.breakdown = c.breakdown AND p.period_end = c.period_end AND p.captured_at <= as_of
                         ORDER BY p.captured_at DESC
                         LIMIT 1) o ON true
                 WHERE c.period = 'day' AND c.period_end < as_of + interval '26 hours') t
         WHERE t.value IS NOT NULL
         ORDER BY account_id, account, day, metric, breakdown, told_at DESC, period_end DESC) l
 GROUP BY l.account_id, l.account, l.day
$$;
