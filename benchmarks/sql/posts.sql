-- :posts posts, by turns of all accounts: published ones with their media behind, and one in fifty still ahead.
-- Statements run one by one with :posts replaced.

INSERT INTO posts (key, content_digest, account_id, type, state, publish_at, timezone, caption, max_lateness_s, if_late, params,
                   next_action_at, sent_at, published_at, media_id, permalink, created_at, updated_at)
SELECT 'more-' || n, md5(n::text), a.id, 'image', CASE WHEN ahead THEN 'scheduled' ELSE 'published' END, at, a.timezone,
       'Fresh from the oven, number ' || n || '. ' || repeat('Rye with caraway. ', 5), 900, 'expire', '{}',
       CASE WHEN ahead THEN at - interval '30 minutes' END, CASE WHEN NOT ahead THEN at END,
       CASE WHEN NOT ahead THEN at + interval '1 second' END,
       CASE WHEN NOT ahead THEN (18000000000000000 + n)::text END,
       CASE WHEN NOT ahead THEN 'https://www.instagram.com/p/' || substr(md5(n::text), 1, 11) || '/' END,
       at - interval '3 days', at
  FROM (SELECT n, n % 50 = 0 AS ahead, CASE WHEN n % 50 = 0 THEN now() + make_interval(mins => 600 + n)
               ELSE now() - make_interval(mins => 60 + n * 5) END AS at FROM generate_series(1, :posts) n) p
  JOIN (SELECT id, timezone, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS of_ FROM accounts) a
    ON a.place = p.n % a.of_;

INSERT INTO parts (post_id, position, kind, source, probe, media_id, permalink, published_at)
SELECT id, 0, 'image', 'https://media.example.com/' || id || '.jpg', '{}', media_id, permalink, published_at
  FROM posts WHERE key LIKE 'more-%';

INSERT INTO post_events (post_id, at, from_state, to_state, reason, message)
SELECT p.id, p.created_at + make_interval(secs => e.n), e.from_state, e.to_state, e.reason, e.message
  FROM posts p
 CROSS JOIN (VALUES (0, NULL, 'scheduled', 'post.queued', 'queued'), (1, 'scheduled', 'staging', 'post.staging', '1 media'),
                    (2, 'staging', 'staged', 'post.staged', 'ready to publish'),
                    (3, 'staged', 'publishing', 'publish.intent', 'publishing'),
                    (4, 'publishing', 'published', 'publish.succeeded', 'published')) AS e(n, from_state, to_state, reason, message)
 WHERE p.key LIKE 'more-%' AND (p.state = 'published' OR e.n = 0);
