-- `media_latest` as it stood at `as_of`. A metric whose newest change, or whose last telling, came before is that row's;
-- otherwise it is that of the last reading until then that told it. Nearly all metrics are in the last reading of all,
-- which is looked up once for each media; the others each by the primary key of the history. Never known today is never
-- known then. What is not selected is not looked up, so no column is used twice. Readings are looked for in the months of
-- the media's life: none is older than a webhook that waited for its media, or an answer that was kept.
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
    told_at jsonb
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT a.id, a.name, m.id, m.ig_id, m.part_id, m.media_type, m.media_product_type, m.posted_at, m.permalink, m.caption,
       CASE WHEN l.captured_at <= as_of OR l.reach IS NULL
              OR (l.told_at ->> 'reach')::timestamptz <= as_of THEN l.reach
            ELSE coalesce(p.reach, (
                 SELECT h.reach FROM media_snapshots h
                  WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                    AND h.captured_at < p.captured_at AND h.reach IS NOT NULL
                  ORDER BY h.captured_at DESC LIMIT 1)) END,
       CASE WHEN l.captured_at <= as_of OR l.views IS NULL
              OR (l.told_at ->> 'views')::timestamptz <= as_of THEN l.views
            ELSE coalesce(p.views, (
                 SELECT h.views FROM media_snapshots h
                  WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                    AND h.captured_at < p.captured_at AND h.views IS NOT NULL
                  ORDER BY h.captured_at DESC LIMIT 1)) END,
       CASE WHEN l.captured_at <= as_of OR l.likes IS NULL
              OR (l.told_at ->> 'likes')::timestamptz <= as_of THEN l.likes
            ELSE coalesce(p.likes, (
                 SELECT h.likes FROM media_snapshots h
                  WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                    AND h.captured_at < p.captured_at AND h.likes IS NOT NULL
                  ORDER BY h.captured_at DESC LIMIT 1)) END,
       CASE WHEN l.captured_at <= as_of OR l.comments IS NULL
              OR (l.told_at ->> 'comments')::timestamptz <= as_of THEN l.comments
            ELSE coalesce(p.comments, (
                 SELECT h.comments FROM media_snapshots h
                  WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                    AND h.captured_at < p.captured_at AND h.comments IS NOT NULL
                  ORDER BY h.captured_at DESC LIMIT 1)) END,
       CASE WHEN l.captured_at <= as_of OR l.saved IS NULL
              OR (l.told_at ->> 'saved')::timestamptz <= as_of THEN l.saved
            ELSE coalesce(p.saved, (
                 SELECT h.saved FROM media_snapshots h
                  WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                    AND h.captured_at < p.captured_at AND h.saved IS NOT NULL
                  ORDER BY h.captured_at DESC LIMIT 1)) END,
       CASE WHEN l.captured_at <= as_of OR l.shares IS NULL
              OR (l.told_at ->> 'shares')::timestamptz <= as_of THEN l.shares
            ELSE coalesce(p.shares, (
                 SELECT h.shares FROM media_snapshots h
                  WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                    AND h.captured_at < p.captured_at AND h.shares IS NOT NULL
                  ORDER BY h.captured_at DESC LIMIT 1)) END,
       CASE WHEN l.captured_at <= as_of OR l.reposts IS NULL
              OR (l.told_at ->> 'reposts')::timestamptz <= as_of THEN l.reposts
            ELSE coalesce(p.reposts, (
                 SELECT h.reposts FROM media_snapshots h
                  WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                    AND h.captured_at < p.captured_at AND h.reposts IS NOT NULL
                  ORDER BY h.captured_at DESC LIMIT 1)) END,
       CASE WHEN l.captured_at <= as_of OR l.replies IS NULL
              OR (l.told_at ->> 'replies')::timestamptz <= as_of THEN l.replies
            ELSE coalesce(p.replies, (
                 SELECT h.replies FROM media_snapshots h
                  WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                    AND h.captured_at < p.captured_at AND h.replies IS NOT NULL
                  ORDER BY h.captured_at DESC LIMIT 1)) END,
       CASE WHEN l.captured_at <= as_of OR l.total_interactions IS NULL
              OR (l.told_at ->> 'total_interactions')::timestamptz <= as_of THEN l.total_interactions
            ELSE coalesce(p.total_interactions, (
                 SELECT h.total_interactions FROM media_snapshots h
                  WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                    AND h.captured_at < p.captured_at AND h.total_interactions IS NOT NULL
                  ORDER BY h.captured_at DESC LIMIT 1)) END,
       CASE WHEN l.captured_at <= as_of OR l.follows IS NULL
              OR (l.told_at ->> 'follows')::timestamptz <= as_of THEN l.follows
            ELSE coalesce(p.follows, (
                 SELECT h.follows FROM media_snapshots h
                  WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                    AND h.captured_at < p.captured_at AND h.follows IS NOT NULL
                  ORDER BY h.captured_at DESC LIMIT 1)) END,
       CASE WHEN l.captured_at <= as_of OR l.profile_visits IS NULL
              OR (l.told_at ->> 'profile_visits')::timestamptz <= as_of THEN l.profile_visits
            ELSE coalesce(p.profile_visits, (
                 SELECT h.profile_visits FROM media_snapshots h
                  WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                    AND h.captured_at < p.captured_at AND h.profile_visits IS NOT NULL
                  ORDER BY h.captured_at DESC LIMIT 1)) END,
       CASE WHEN l.captured_at <= as_of OR l.avg_watch_time_ms IS NULL
              OR (l.told_at ->> 'avg_watch_time_ms')::timestamptz <= as_of THEN l.avg_watch_time_ms
            ELSE coalesce(p.avg_watch_time_ms, (
                 SELECT h.avg_watch_time_ms FROM media_snapshots h
                  WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                    AND h.captured_at < p.captured_at AND h.avg_watch_time_ms IS NOT NULL
                  ORDER BY h.captured_at DESC LIMIT 1)) END,
       CASE WHEN l.captured_at <= as_of OR l.total_watch_time_ms IS NULL
              OR (l.told_at ->> 'total_watch_time_ms')::timestamptz <= as_of THEN l.total_watch_time_ms
            ELSE coalesce(p.total_watch_time_ms, (
                 SELECT h.total_watch_time_ms FROM media_snapshots h
                  WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                    AND h.captured_at < p.captured_at AND h.total_watch_time_ms IS NOT NULL
                  ORDER BY h.captured_at DESC LIMIT 1)) END,
       CASE WHEN l.captured_at <= as_of OR l.extra IS NULL THEN l.extra ELSE (
            SELECT jsonb_object_agg(e.key, v.value)
              FROM jsonb_each(l.extra) e
             CROSS JOIN LATERAL (
                    SELECT CASE WHEN (l.told_at ->> e.key)::timestamptz <= as_of THEN e.value
                                WHEN p.extra ? e.key THEN p.extra -> e.key
                                ELSE (SELECT h.extra -> e.key FROM media_snapshots h
                                       WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                                         AND h.captured_at < p.captured_at AND h.extra ? e.key
                                       ORDER BY h.captured_at DESC LIMIT 1) END AS value) v
             WHERE v.value IS NOT NULL) END,
       CASE WHEN l.captured_at <= as_of THEN l.captured_at ELSE p.captured_at END,
       -- Of a reading that changed nothing only the last one is known: else it is the last point that told the value.
       CASE WHEN l.last_checked_at <= as_of THEN l.told_at ELSE nullif(jsonb_strip_nulls(jsonb_build_object(
            'reach', CASE WHEN l.reach IS NULL THEN NULL
                 WHEN (l.told_at ->> 'reach')::timestamptz <= as_of THEN (l.told_at ->> 'reach')::timestamptz
                 WHEN p.reach IS NOT NULL THEN p.captured_at
                 ELSE (SELECT h.captured_at FROM media_snapshots h
                        WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                          AND h.captured_at <= as_of AND h.reach IS NOT NULL
                        ORDER BY h.captured_at DESC LIMIT 1) END,
            'views', CASE WHEN l.views IS NULL THEN NULL
                 WHEN (l.told_at ->> 'views')::timestamptz <= as_of THEN (l.told_at ->> 'views')::timestamptz
                 WHEN p.views IS NOT NULL THEN p.captured_at
                 ELSE (SELECT h.captured_at FROM media_snapshots h
                        WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                          AND h.captured_at <= as_of AND h.views IS NOT NULL
                        ORDER BY h.captured_at DESC LIMIT 1) END,
            'likes', CASE WHEN l.likes IS NULL THEN NULL
                 WHEN (l.told_at ->> 'likes')::timestamptz <= as_of THEN (l.told_at ->> 'likes')::timestamptz
                 WHEN p.likes IS NOT NULL THEN p.captured_at
                 ELSE (SELECT h.captured_at FROM media_snapshots h
                        WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                          AND h.captured_at <= as_of AND h.likes IS NOT NULL
                        ORDER BY h.captured_at DESC LIMIT 1) END,
            'comments', CASE WHEN l.comments IS NULL THEN NULL
                 WHEN (l.told_at ->> 'comments')::timestamptz <= as_of THEN (l.told_at ->> 'comments')::timestamptz
                 WHEN p.comments IS NOT NULL THEN p.captured_at
                 ELSE (SELECT h.captured_at FROM media_snapshots h
                        WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                          AND h.captured_at <= as_of AND h.comments IS NOT NULL
                        ORDER BY h.captured_at DESC LIMIT 1) END,
            'saved', CASE WHEN l.saved IS NULL THEN NULL
                 WHEN (l.told_at ->> 'saved')::timestamptz <= as_of THEN (l.told_at ->> 'saved')::timestamptz
                 WHEN p.saved IS NOT NULL THEN p.captured_at
                 ELSE (SELECT h.captured_at FROM media_snapshots h
                        WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                          AND h.captured_at <= as_of AND h.saved IS NOT NULL
                        ORDER BY h.captured_at DESC LIMIT 1) END,
            'shares', CASE WHEN l.shares IS NULL THEN NULL
                 WHEN (l.told_at ->> 'shares')::timestamptz <= as_of THEN (l.told_at ->> 'shares')::timestamptz
                 WHEN p.shares IS NOT NULL THEN p.captured_at
                 ELSE (SELECT h.captured_at FROM media_snapshots h
                        WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                          AND h.captured_at <= as_of AND h.shares IS NOT NULL
                        ORDER BY h.captured_at DESC LIMIT 1) END,
            'reposts', CASE WHEN l.reposts IS NULL THEN NULL
                 WHEN (l.told_at ->> 'reposts')::timestamptz <= as_of THEN (l.told_at ->> 'reposts')::timestamptz
                 WHEN p.reposts IS NOT NULL THEN p.captured_at
                 ELSE (SELECT h.captured_at FROM media_snapshots h
                        WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                          AND h.captured_at <= as_of AND h.reposts IS NOT NULL
                        ORDER BY h.captured_at DESC LIMIT 1) END,
            'replies', CASE WHEN l.replies IS NULL THEN NULL
                 WHEN (l.told_at ->> 'replies')::timestamptz <= as_of THEN (l.told_at ->> 'replies')::timestamptz
                 WHEN p.replies IS NOT NULL THEN p.captured_at
                 ELSE (SELECT h.captured_at FROM media_snapshots h
                        WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                          AND h.captured_at <= as_of AND h.replies IS NOT NULL
                        ORDER BY h.captured_at DESC LIMIT 1) END,
            'total_interactions', CASE WHEN l.total_interactions IS NULL THEN NULL
                 WHEN (l.told_at ->> 'total_interactions')::timestamptz <= as_of THEN (l.told_at ->> 'total_interactions')::timestamptz
                 WHEN p.total_interactions IS NOT NULL THEN p.captured_at
                 ELSE (SELECT h.captured_at FROM media_snapshots h
                        WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                          AND h.captured_at <= as_of AND h.total_interactions IS NOT NULL
                        ORDER BY h.captured_at DESC LIMIT 1) END,
            'follows', CASE WHEN l.follows IS NULL THEN NULL
                 WHEN (l.told_at ->> 'follows')::timestamptz <= as_of THEN (l.told_at ->> 'follows')::timestamptz
                 WHEN p.follows IS NOT NULL THEN p.captured_at
                 ELSE (SELECT h.captured_at FROM media_snapshots h
                        WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                          AND h.captured_at <= as_of AND h.follows IS NOT NULL
                        ORDER BY h.captured_at DESC LIMIT 1) END,
            'profile_visits', CASE WHEN l.profile_visits IS NULL THEN NULL
                 WHEN (l.told_at ->> 'profile_visits')::timestamptz <= as_of THEN (l.told_at ->> 'profile_visits')::timestamptz
                 WHEN p.profile_visits IS NOT NULL THEN p.captured_at
                 ELSE (SELECT h.captured_at FROM media_snapshots h
                        WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                          AND h.captured_at <= as_of AND h.profile_visits IS NOT NULL
                        ORDER BY h.captured_at DESC LIMIT 1) END,
            'avg_watch_time_ms', CASE WHEN l.avg_watch_time_ms IS NULL THEN NULL
                 WHEN (l.told_at ->> 'avg_watch_time_ms')::timestamptz <= as_of THEN (l.told_at ->> 'avg_watch_time_ms')::timestamptz
                 WHEN p.avg_watch_time_ms IS NOT NULL THEN p.captured_at
                 ELSE (SELECT h.captured_at FROM media_snapshots h
                        WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                          AND h.captured_at <= as_of AND h.avg_watch_time_ms IS NOT NULL
                        ORDER BY h.captured_at DESC LIMIT 1) END,
            'total_watch_time_ms', CASE WHEN l.total_watch_time_ms IS NULL THEN NULL
                 WHEN (l.told_at ->> 'total_watch_time_ms')::timestamptz <= as_of THEN (l.told_at ->> 'total_watch_time_ms')::timestamptz
                 WHEN p.total_watch_time_ms IS NOT NULL THEN p.captured_at
                 ELSE (SELECT h.captured_at FROM media_snapshots h
                        WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                          AND h.captured_at <= as_of AND h.total_watch_time_ms IS NOT NULL
                        ORDER BY h.captured_at DESC LIMIT 1) END)) || coalesce((
            SELECT jsonb_object_agg(e.key, v.at)
              FROM jsonb_object_keys(l.extra) AS e(key)
             CROSS JOIN LATERAL (
                    SELECT CASE WHEN (l.told_at ->> e.key)::timestamptz <= as_of THEN (l.told_at ->> e.key)::timestamptz
                                WHEN p.extra ? e.key THEN p.captured_at
                                ELSE (SELECT h.captured_at FROM media_snapshots h
                                       WHERE h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
                                         AND h.captured_at <= as_of AND h.extra ? e.key
                                       ORDER BY h.captured_at DESC LIMIT 1) END AS at) v
             WHERE v.at IS NOT NULL), '{}'), '{}') END
  FROM media m
  JOIN accounts a ON a.id = m.account_id
  LEFT JOIN media_latest l ON l.media_id = m.id
  LEFT JOIN LATERAL (
        SELECT h.* FROM media_snapshots h
         WHERE l.captured_at > as_of AND h.media_id = m.id AND h.captured_at >= m.first_seen_at - interval '32 days'
           AND h.captured_at <= as_of
         ORDER BY h.captured_at DESC
         LIMIT 1) p ON true
 WHERE m.first_seen_at <= as_of
$$;
