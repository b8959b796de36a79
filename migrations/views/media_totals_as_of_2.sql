-- `media_latest` as it stood at `as_of`: where its newest change came before, it is that row; otherwise the last
-- reading until then that told the metric. Never known today is never known then. The last reading is looked up once,
-- and only for a metric that it did not tell the ones before it; what is not selected is not looked up. Readings are
-- looked for in the months of the media's life: none is older than a webhook that waited for its media.
CREATE OR REPLACE FUNCTION media_totals_as_of(as_of timestamptz) RETURNS TABLE (
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
    captured_at timestamptz
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT a.id, a.name, m.id, m.ig_id, m.part_id, m.media_type, m.media_product_type, m.posted_at, m.permalink, m.caption,
       CASE WHEN l.captured_at <= as_of OR l.reach IS NULL THEN l.reach
            WHEN n.reach IS NOT NULL THEN n.reach ELSE (
            SELECT p.reach FROM media_snapshots p
             WHERE p.media_id = m.id AND p.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of
               AND p.reach IS NOT NULL
             ORDER BY p.captured_at DESC LIMIT 1) END,
       CASE WHEN l.captured_at <= as_of OR l.views IS NULL THEN l.views
            WHEN n.views IS NOT NULL THEN n.views ELSE (
            SELECT p.views FROM media_snapshots p
             WHERE p.media_id = m.id AND p.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of
               AND p.views IS NOT NULL
             ORDER BY p.captured_at DESC LIMIT 1) END,
       CASE WHEN l.captured_at <= as_of OR l.likes IS NULL THEN l.likes
            WHEN n.likes IS NOT NULL THEN n.likes ELSE (
            SELECT p.likes FROM media_snapshots p
             WHERE p.media_id = m.id AND p.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of
               AND p.likes IS NOT NULL
             ORDER BY p.captured_at DESC LIMIT 1) END,
       CASE WHEN l.captured_at <= as_of OR l.comments IS NULL THEN l.comments
            WHEN n.comments IS NOT NULL THEN n.comments ELSE (
            SELECT p.comments FROM media_snapshots p
             WHERE p.media_id = m.id AND p.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of
               AND p.comments IS NOT NULL
             ORDER BY p.captured_at DESC LIMIT 1) END,
       CASE WHEN l.captured_at <= as_of OR l.saved IS NULL THEN l.saved
            WHEN n.saved IS NOT NULL THEN n.saved ELSE (
            SELECT p.saved FROM media_snapshots p
             WHERE p.media_id = m.id AND p.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of
               AND p.saved IS NOT NULL
             ORDER BY p.captured_at DESC LIMIT 1) END,
       CASE WHEN l.captured_at <= as_of OR l.shares IS NULL THEN l.shares
            WHEN n.shares IS NOT NULL THEN n.shares ELSE (
            SELECT p.shares FROM media_snapshots p
             WHERE p.media_id = m.id AND p.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of
               AND p.shares IS NOT NULL
             ORDER BY p.captured_at DESC LIMIT 1) END,
       CASE WHEN l.captured_at <= as_of OR l.reposts IS NULL THEN l.reposts
            WHEN n.reposts IS NOT NULL THEN n.reposts ELSE (
            SELECT p.reposts FROM media_snapshots p
             WHERE p.media_id = m.id AND p.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of
               AND p.reposts IS NOT NULL
             ORDER BY p.captured_at DESC LIMIT 1) END,
       CASE WHEN l.captured_at <= as_of OR l.replies IS NULL THEN l.replies
            WHEN n.replies IS NOT NULL THEN n.replies ELSE (
            SELECT p.replies FROM media_snapshots p
             WHERE p.media_id = m.id AND p.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of
               AND p.replies IS NOT NULL
             ORDER BY p.captured_at DESC LIMIT 1) END,
       CASE WHEN l.captured_at <= as_of OR l.total_interactions IS NULL THEN l.total_interactions
            WHEN n.total_interactions IS NOT NULL THEN n.total_interactions ELSE (
            SELECT p.total_interactions FROM media_snapshots p
             WHERE p.media_id = m.id AND p.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of
               AND p.total_interactions IS NOT NULL
             ORDER BY p.captured_at DESC LIMIT 1) END,
       CASE WHEN l.captured_at <= as_of OR l.follows IS NULL THEN l.follows
            WHEN n.follows IS NOT NULL THEN n.follows ELSE (
            SELECT p.follows FROM media_snapshots p
             WHERE p.media_id = m.id AND p.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of
               AND p.follows IS NOT NULL
             ORDER BY p.captured_at DESC LIMIT 1) END,
       CASE WHEN l.captured_at <= as_of OR l.profile_visits IS NULL THEN l.profile_visits
            WHEN n.profile_visits IS NOT NULL THEN n.profile_visits ELSE (
            SELECT p.profile_visits FROM media_snapshots p
             WHERE p.media_id = m.id AND p.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of
               AND p.profile_visits IS NOT NULL
             ORDER BY p.captured_at DESC LIMIT 1) END,
       CASE WHEN l.captured_at <= as_of OR l.avg_watch_time_ms IS NULL THEN l.avg_watch_time_ms
            WHEN n.avg_watch_time_ms IS NOT NULL THEN n.avg_watch_time_ms ELSE (
            SELECT p.avg_watch_time_ms FROM media_snapshots p
             WHERE p.media_id = m.id AND p.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of
               AND p.avg_watch_time_ms IS NOT NULL
             ORDER BY p.captured_at DESC LIMIT 1) END,
       CASE WHEN l.captured_at <= as_of OR l.total_watch_time_ms IS NULL THEN l.total_watch_time_ms
            WHEN n.total_watch_time_ms IS NOT NULL THEN n.total_watch_time_ms ELSE (
            SELECT p.total_watch_time_ms FROM media_snapshots p
             WHERE p.media_id = m.id AND p.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of
               AND p.total_watch_time_ms IS NOT NULL
             ORDER BY p.captured_at DESC LIMIT 1) END,
       CASE WHEN l.captured_at <= as_of OR l.extra IS NULL THEN l.extra ELSE (
            SELECT jsonb_object_agg(e.key, e.value ORDER BY p.captured_at)  -- of two values of a key the later stays
              FROM media_snapshots p
             CROSS JOIN LATERAL jsonb_each(p.extra) e
             WHERE p.media_id = m.id AND p.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of) END,
       CASE WHEN l.captured_at <= as_of THEN l.captured_at ELSE n.captured_at END
  FROM media m
  JOIN accounts a ON a.id = m.account_id
  LEFT JOIN media_latest l ON l.media_id = m.id
  LEFT JOIN LATERAL (
        SELECT s.*
          FROM media_snapshots s
         WHERE l.captured_at > as_of  -- else it is known, and nothing is looked up
           AND s.media_id = m.id AND s.captured_at BETWEEN m.first_seen_at - interval '32 days' AND as_of
         ORDER BY s.captured_at DESC
         LIMIT 1) n ON true
 WHERE m.first_seen_at <= as_of
$$;
