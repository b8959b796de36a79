-- `media_latest` as it stood at `as_of`. A metric whose newest change, or whose last telling, came before is that row's;
-- otherwise it is that of the last reading until then that told it. Nearly all metrics are in the last reading of all,
-- which is looked up once for each media; the others each by the primary key of the history. Never known today is never
-- known then. What is not selected is not looked up.
CREATE FUNCTION media_totals_as_of(as_of timestamptz) RETURNS TABLE (
    account_id bigint,
    account text,
    media_id bigint,
    ig_media_id text,
    part_id bigint,
    media_type text,
    media_product_type text,
    posted_at timestamptz,
    permalink text,
    caption text,
    reach bigint,
    views bigint,
    likes bigint,
    comments bigint,
    saved bigint,
    shares bigint,
    reposts bigint,
    replies bigint,
    total_interactions bigint,
    follows bigint,
    profile_visits bigint,
    avg_watch_time_ms bigint,
    total_watch_time_ms bigint,
    extra jsonb,
    captured_at timestamptz,
    told_at jsonb,
    all_told_at timestamptz
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT k.account_id, k.account, k.media_id, k.ig_media_id, k.part_id, k.media_type, k.media_product_type, k.posted_at,
       k.permalink, k.caption,
       k.reach, k.views, k.likes, k.comments, k.saved, k.shares, k.reposts, k.replies, k.total_interactions,
       k.follows, k.profile_visits, k.avg_watch_time_ms, k.total_watch_time_ms,
       k.extra, k.captured_at, k.told_at,
       (SELECT min(t.value::timestamptz) FROM jsonb_each_text(k.told_at) t)
  FROM (SELECT a.id AS account_id, a.name AS account, m.id AS media_id, m.ig_id AS ig_media_id, m.part_id,
               m.media_type, m.media_product_type, m.posted_at, m.permalink, m.caption,
               CASE WHEN l.captured_at <= as_of OR l.reach IS NULL
                      OR (l.told_at ->> 'reach')::timestamptz <= as_of THEN l.reach
                    ELSE coalesce(p.reach, (
                         SELECT h.reach FROM media_snapshots h
                          WHERE h.media_id = m.id AND h.captured_at < p.captured_at AND h.reach IS NOT NULL
                          ORDER BY h.captured_at DESC LIMIT 1)) END AS reach,
               CASE WHEN l.captured_at <= as_of OR l.views IS NULL
                      OR (l.told_at ->> 'views')::timestamptz <= as_of THEN l.views
                    ELSE coalesce(p.views, (
                         SELECT h.views FROM media_snapshots h
                          WHERE h.media_id = m.id AND h.captured_at < p.captured_at AND h.views IS NOT NULL
                          ORDER BY h.captured_at DESC LIMIT 1)) END AS views,
               CASE WHEN l.captured_at <= as_of OR l.likes IS NULL
                      OR (l.told_at ->> 'likes')::timestamptz <= as_of THEN l.likes
                    ELSE coalesce(p.likes, (
                         SELECT h.likes FROM media_snapshots h
                          WHERE h.media_id = m.id AND h.captured_at < p.captured_at AND h.likes IS NOT NULL
                          ORDER BY h.captured_at DESC LIMIT 1)) END AS likes,
               CASE WHEN l.captured_at <= as_of OR l.comments IS NULL
                      OR (l.told_at ->> 'comments')::timestamptz <= as_of THEN l.comments
                    ELSE coalesce(p.comments, (
                         SELECT h.comments FROM media_snapshots h
                          WHERE h.media_id = m.id AND h.captured_at < p.captured_at AND h.comments IS NOT NULL
                          ORDER BY h.captured_at DESC LIMIT 1)) END AS comments,
               CASE WHEN l.captured_at <= as_of OR l.saved IS NULL
                      OR (l.told_at ->> 'saved')::timestamptz <= as_of THEN l.saved
                    ELSE coalesce(p.saved, (
                         SELECT h.saved FROM media_snapshots h
                          WHERE h.media_id = m.id AND h.captured_at < p.captured_at AND h.saved IS NOT NULL
                          ORDER BY h.captured_at DESC LIMIT 1)) END AS saved,
               CASE WHEN l.captured_at <= as_of OR l.shares IS NULL
                      OR (l.told_at ->> 'shares')::timestamptz <= as_of THEN l.shares
                    ELSE coalesce(p.shares, (
                         SELECT h.shares FROM media_snapshots h
                          WHERE h.media_id = m.id AND h.captured_at < p.captured_at AND h.shares IS NOT NULL
                          ORDER BY h.captured_at DESC LIMIT 1)) END AS shares,
               CASE WHEN l.captured_at <= as_of OR l.reposts IS NULL
                      OR (l.told_at ->> 'reposts')::timestamptz <= as_of THEN l.reposts
                    ELSE coalesce(p.reposts, (
                         SELECT h.reposts FROM media_snapshots h
                          WHERE h.media_id = m.id AND h.captured_at < p.captured_at AND h.reposts IS NOT NULL
                          ORDER BY h.captured_at DESC LIMIT 1)) END AS reposts,
               CASE WHEN l.captured_at <= as_of OR l.replies IS NULL
                      OR (l.told_at ->> 'replies')::timestamptz <= as_of THEN l.replies
                    ELSE coalesce(p.replies, (
                         SELECT h.replies FROM media_snapshots h
                          WHERE h.media_id = m.id AND h.captured_at < p.captured_at AND h.replies IS NOT NULL
                          ORDER BY h.captured_at DESC LIMIT 1)) END AS replies,
               CASE WHEN l.captured_at <= as_of OR l.total_interactions IS NULL
                      OR (l.told_at ->> 'total_interactions')::timestamptz <= as_of THEN l.total_interactions
                    ELSE coalesce(p.total_interactions, (
                         SELECT h.total_interactions FROM media_snapshots h
                          WHERE h.media_id = m.id AND h.captured_at < p.captured_at AND h.total_interactions IS NOT NULL
                          ORDER BY h.captured_at DESC LIMIT 1)) END AS total_interactions,
               CASE WHEN l.captured_at <= as_of OR l.follows IS NULL
                      OR (l.told_at ->> 'follows')::timestamptz <= as_of THEN l.follows
                    ELSE coalesce(p.follows, (
                         SELECT h.follows FROM media_snapshots h
                          WHERE h.media_id = m.id AND h.captured_at < p.captured_at AND h.follows IS NOT NULL
                          ORDER BY h.captured_at DESC LIMIT 1)) END AS follows,
               CASE WHEN l.captured_at <= as_of OR l.profile_visits IS NULL
                      OR (l.told_at ->> 'profile_visits')::timestamptz <= as_of THEN l.profile_visits
                    ELSE coalesce(p.profile_visits, (
                         SELECT h.profile_visits FROM media_snapshots h
                          WHERE h.media_id = m.id AND h.captured_at < p.captured_at AND h.profile_visits IS NOT NULL
                          ORDER BY h.captured_at DESC LIMIT 1)) END AS profile_visits,
               CASE WHEN l.captured_at <= as_of OR l.avg_watch_time_ms IS NULL
                      OR (l.told_at ->> 'avg_watch_time_ms')::timestamptz <= as_of THEN l.avg_watch_time_ms
                    ELSE coalesce(p.avg_watch_time_ms, (
                         SELECT h.avg_watch_time_ms FROM media_snapshots h
                          WHERE h.media_id = m.id AND h.captured_at < p.captured_at AND h.avg_watch_time_ms IS NOT NULL
                          ORDER BY h.captured_at DESC LIMIT 1)) END AS avg_watch_time_ms,
               CASE WHEN l.captured_at <= as_of OR l.total_watch_time_ms IS NULL
                      OR (l.told_at ->> 'total_watch_time_ms')::timestamptz <= as_of THEN l.total_watch_time_ms
                    ELSE coalesce(p.total_watch_time_ms, (
                         SELECT h.total_watch_time_ms FROM media_snapshots h
                          WHERE h.media_id = m.id AND h.captured_at < p.captured_at AND h.total_watch_time_ms IS NOT NULL
                          ORDER BY h.captured_at DESC LIMIT 1)) END AS total_watch_time_ms,
               CASE WHEN l.captured_at <= as_of OR l.extra IS NULL THEN l.extra ELSE (
                    SELECT jsonb_object_agg(e.key, e.value ORDER BY h.captured_at)  -- of two of a key the later stays
                      FROM media_snapshots h
                     CROSS JOIN LATERAL jsonb_each(h.extra) e
                     WHERE h.media_id = m.id AND h.captured_at <= as_of) END AS extra,
               CASE WHEN l.captured_at <= as_of THEN l.captured_at ELSE p.captured_at END AS captured_at,
               -- What is known of the time until then: the points that told it, and what was told last.
               CASE WHEN l.last_checked_at <= as_of THEN l.told_at ELSE
                    nullif(coalesce((
                    SELECT jsonb_object_agg(e.name, h.captured_at ORDER BY h.captured_at)
                      FROM media_snapshots h
                     CROSS JOIN LATERAL jsonb_object_keys(jsonb_strip_nulls(jsonb_build_object(
                            'reach', h.reach, 'views', h.views, 'likes', h.likes, 'comments', h.comments,
                            'saved', h.saved, 'shares', h.shares, 'reposts', h.reposts, 'replies', h.replies,
                            'total_interactions', h.total_interactions, 'follows', h.follows,
                            'profile_visits', h.profile_visits, 'avg_watch_time_ms', h.avg_watch_time_ms,
                            'total_watch_time_ms', h.total_watch_time_ms
                            )) || coalesce(h.extra, '{}')) AS e(name)
                     WHERE h.media_id = m.id AND h.captured_at <= as_of), '{}')
                    || coalesce((
                    SELECT jsonb_object_agg(t.key, t.value) FROM jsonb_each(l.told_at) t
                     WHERE (t.value #>> '{}')::timestamptz <= as_of), '{}'), '{}') END AS told_at
          FROM media m
          JOIN accounts a ON a.id = m.account_id
          LEFT JOIN media_latest l ON l.media_id = m.id
          LEFT JOIN LATERAL (
                SELECT h.* FROM media_snapshots h
                 WHERE l.captured_at > as_of AND h.media_id = m.id AND h.captured_at <= as_of
                 ORDER BY h.captured_at DESC
                 LIMIT 1) p ON true
         WHERE m.first_seen_at <= as_of) k
$$;
