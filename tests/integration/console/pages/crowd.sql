-- Many posts, by people who write too much. LONG: ten thousand letters that mean something in a page, or weigh much.

INSERT INTO accounts (ig_id, login, name, username, state, timezone, token_sealed)
SELECT (17841499000000000 + n)::text, 'facebook', 'account-' || n || '-of-a-house-with-a-long-name', 'account_' || n,
       CASE WHEN n % 3 = 0 THEN 'broken' ELSE 'active' END, 'Europe/Oslo', ''
  FROM generate_series(1, 110) n;
UPDATE accounts SET state_reason = LONG WHERE state = 'broken';
INSERT INTO slots (account_id, weekday, wall_time)
SELECT a.id, d, make_time(h, 0, 0)
  FROM accounts a, generate_series(1, 7) d, generate_series(0, 23, 4) h
 WHERE a.name LIKE '%5-of-%';
-- Ten in each hour of three weeks, of all accounts but the first, by turns.
INSERT INTO posts (key, content_digest, account_id, type, state, publish_at, timezone, caption, max_lateness_s,
                   if_late, params, next_action_at, sent_at, published_at, media_id, error)
SELECT 'crowd-' || n, md5(n::text), (SELECT min(id) FROM accounts) + 1 + n % 100, 'image', s.state, at, 'UTC', caption.words,
       900, 'expire', '{}', CASE WHEN s.state = 'scheduled' THEN at END, CASE WHEN s.state = 'published' THEN at END,
       CASE WHEN s.state = 'published' THEN at END, CASE WHEN s.state = 'published' THEN (18000000000000000 + n)::text END,
       CASE WHEN s.state = 'failed' THEN LONG END
  FROM generate_series(1, 5040) n
 CROSS JOIN LATERAL (SELECT left(LONG, CASE WHEN n % 50 = 9 THEN 10000 ELSE 250 END) AS words) caption
 CROSS JOIN LATERAL (SELECT date_trunc('hour', now()) + make_interval(hours => n / 10 - 252, mins => n % 10 * 6) AS at) t
 CROSS JOIN LATERAL (SELECT CASE WHEN at > now() THEN 'scheduled' WHEN n % 9 = 0 THEN 'failed' ELSE 'published' END) s(state);
-- The first has a week of 300.
INSERT INTO posts (key, content_digest, account_id, type, state, publish_at, timezone, caption, max_lateness_s, if_late,
                   params, next_action_at)
SELECT 'busy-' || n, md5(n::text), (SELECT min(id) FROM accounts), 'image', 'scheduled', at, 'UTC', left(LONG, 250), 900, 'expire',
       '{}', at
  FROM generate_series(0, 299) n
 CROSS JOIN LATERAL (SELECT date_trunc('week', now()) + make_interval(days => 21, mins => n * 33) AS at) t;
INSERT INTO parts (post_id, position, kind, source, probe, media_id, published_at)
SELECT id, 0, 'image', 'https://media.example.com/' || id || '.jpg', '{}', media_id, published_at FROM posts;
INSERT INTO mentions (account_id, ig_media_id, state, username, text, mentioned_at, announced_at, read_at)
SELECT (SELECT min(id) FROM accounts), (18100000000000000 + n)::text, 'read', LONG, LONG, now(), now(), now()
  FROM generate_series(1, 60) n;
INSERT INTO comments (account_id, ig_id, ig_media_id, username, text, is_hidden, commented_at, first_seen_at, last_seen_at)
SELECT (SELECT min(id) FROM accounts), (17900000000000000 + n)::text, '18200000000000000', LONG, LONG, false, now(),
       now(), now()
  FROM generate_series(1, 60) n;
INSERT INTO tags (account_id, ig_media_id, username, caption, permalink, posted_at, first_seen_at, last_seen_at)
SELECT (SELECT min(id) FROM accounts), (18300000000000000 + n)::text, LONG, LONG, 'https://www.instagram.com/p/t' || n,
       now(), now(), now()
  FROM generate_series(1, 60) n;
INSERT INTO library_items (name, sha256, extension, kind, source, size_bytes)
SELECT 'a-picture-that-is-used-again-and-again-' || n, md5(n::text) || md5(n::text), 'jpg', 'image', 'upload', 1000
  FROM generate_series(1, 300) n;
INSERT INTO sessions (digest, way, expires_at, last_used_at)
SELECT md5(n::text), 'link', now() + interval '1 day', now() - interval '1 day' FROM generate_series(1, 300) n;
INSERT INTO users (name, role, is_limited, created_by)
SELECT 'somebody-' || to_char(n, 'FM000'), 'viewer', n % 2 = 0, 'owner' FROM generate_series(1, 150) n;
INSERT INTO api_keys (name, begins, digest, scopes, is_limited, created_by)
SELECT 'key-' || to_char(n, 'FM000'), 'pr_' || n, md5(n::text), '{read}', n % 2 = 0, 'owner' FROM generate_series(1, 150) n;
INSERT INTO grants (account_id, user_id) SELECT a.id, u.id FROM accounts a, users u WHERE u.is_limited;
INSERT INTO grants (account_id, key_id) SELECT a.id, k.id FROM accounts a, api_keys k WHERE k.is_limited;
INSERT INTO audit (asker, face, operation, effect, asked)
SELECT 'owner', 'page', 'post.edit', 'changes', jsonb_build_object('caption', LONG, 'comment', LONG)
  FROM generate_series(1, 120) n;
INSERT INTO media (account_id, ig_id, media_type, media_product_type, caption, permalink, posted_at, first_seen_at)
SELECT (SELECT min(id) FROM accounts), (18400000000000000 + n)::text, 'IMAGE', 'FEED', LONG,
       'https://www.instagram.com/p/m' || n, now() - make_interval(hours => n), now()
  FROM generate_series(1, 80) n;
INSERT INTO account_latest (account_id, metric, period, breakdown, period_end, value, captured_at, last_checked_at)
SELECT (SELECT min(id) FROM accounts), m, 'day', '',
       (date_trunc('day', now() AT TIME ZONE 'America/Los_Angeles') - make_interval(days => n)) AT TIME ZONE
       'America/Los_Angeles', 1000000 + n * 37 % 500, now(), now()
  FROM generate_series(1, 400) n
 CROSS JOIN unnest(ARRAY['reach', 'views', 'total_interactions', 'likes', 'comments', 'saves', 'shares']) m
 WHERE n % 7 > 0;
-- Seven more to be drawn beside it.
INSERT INTO account_latest (account_id, metric, period, breakdown, period_end, value, captured_at, last_checked_at)
SELECT (SELECT min(id) FROM accounts) + other, 'reach', 'day', '',
       (date_trunc('day', now() AT TIME ZONE 'America/Los_Angeles') - make_interval(days => n)) AT TIME ZONE
       'America/Los_Angeles', 1000000 + (n + other) * 37 % 500, now(), now()
  FROM generate_series(1, 100) n, generate_series(1, 7) other
 WHERE (n + other) % 7 > 0
