-- Every media with the newest known value of each metric, which counts from its posting on. Not every answer tells every
-- metric, so each value has a time of its own.
CREATE OR REPLACE VIEW media_totals AS
SELECT a.id AS account_id, a.name AS account, m.id AS media_id, m.ig_id AS ig_media_id, m.part_id,
       m.media_type, m.media_product_type, m.posted_at, m.permalink, m.caption,
       l.reach, l.views, l.likes, l.comments, l.saved, l.shares, l.reposts, l.replies, l.total_interactions,
       l.follows, l.profile_visits, l.avg_watch_time_ms, l.total_watch_time_ms,
       l.extra, l.captured_at, l.last_checked_at,
       (SELECT s.gone_at FROM media_states s WHERE s.media_id = m.id) AS gone_at,
       l.told_at,
       (SELECT min(t.value::timestamptz) FROM jsonb_each_text(l.told_at) t) AS all_told_at
  FROM media m
  JOIN accounts a ON a.id = m.account_id
  LEFT JOIN media_latest l ON l.media_id = m.id;
