-- Every reading of a media that changed something, up to `as_of`. Null: that answer did not say.
CREATE FUNCTION media_curve_as_of(as_of timestamptz) RETURNS TABLE (
    account_id bigint,
    account text,
    media_id bigint,
    ig_media_id text,
    media_type text,
    media_product_type text,
    posted_at timestamptz,
    captured_at timestamptz,
    age_hours numeric,
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
    extra jsonb
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT a.id, a.name, m.id, m.ig_id, m.media_type, m.media_product_type, m.posted_at, s.captured_at,
       round(extract(epoch FROM s.captured_at - m.posted_at) / 3600, 2),
       s.reach, s.views, s.likes, s.comments, s.saved, s.shares, s.reposts, s.replies, s.total_interactions,
       s.follows, s.profile_visits, s.avg_watch_time_ms, s.total_watch_time_ms,
       s.extra
  FROM media_snapshots s
  JOIN media m ON m.id = s.media_id
  JOIN accounts a ON a.id = m.account_id
 WHERE s.captured_at <= as_of
$$;

CREATE VIEW media_curve AS SELECT * FROM media_curve_as_of('infinity');
