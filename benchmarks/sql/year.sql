-- A year of :accounts accounts as the harvests would have left it: one post and one story a day each, read by the
-- schedules of docs/history.md, a row only where something changed. Everything lies in the order in which it was read.
-- Statements run one by one with :accounts and :days replaced; random() is seeded. Dice are thrown in an inner query and
-- looked at outside, or the planner would throw them once for many rows.

SELECT setseed(0.42);

INSERT INTO accounts (ig_id, login, name, username, timezone, token_sealed, created_at)
SELECT (17841490000000000 + n)::text, 'facebook', CASE n WHEN 1 THEN 'harbour-bakery' ELSE 'bench-' || n END,
       'bench_' || n, (ARRAY['Europe/Oslo', 'America/New_York', 'Asia/Tokyo', 'UTC'])[n % 4 + 1], 'v1:00:',
       now() - make_interval(days => greatest(:days, 120))
  FROM generate_series(1, :accounts) n;

INSERT INTO media (account_id, ig_id, media_type, media_product_type, caption, permalink, posted_at, first_seen_at)
SELECT p.id, (17900000000000000 + row_number() OVER (ORDER BY p.id, p.story, p.day DESC))::text,
       CASE WHEN p.reel THEN 'VIDEO' ELSE 'IMAGE' END,
       CASE WHEN p.story THEN 'STORY' WHEN p.reel THEN 'REELS' ELSE 'FEED' END,
       CASE WHEN NOT p.story THEN repeat('Fresh from the oven. ', 6) END,
       'https://www.instagram.com/p/' || md5(p.id || '-' || p.day || p.story), p.posted_at, p.posted_at
  FROM (SELECT a.id, d.day, s.story, (d.day + a.id) % 2 = 0 AND NOT s.story AS reel,
               date_trunc('day', now()) - make_interval(days => d.day) + random() * interval '20 hours' AS posted_at
          FROM accounts a
         CROSS JOIN generate_series(1, :days) AS d(day)
         CROSS JOIN (VALUES (false), (true)) AS s(story)) p
 ORDER BY p.posted_at;

-- Ages at which a media is read, in hours, and how likely its numbers have changed since the reading before.
CREATE TEMP TABLE ages (story boolean, age_h double precision, likely double precision);
INSERT INTO ages
SELECT false, h, 0.95 FROM generate_series(1, 24) h
 UNION ALL SELECT false, h, 0.85 FROM generate_series(30, 168, 6) h
 UNION ALL SELECT false, h, 0.6 FROM generate_series(192, 720, 24) h
 UNION ALL SELECT false, h, 0.3 FROM generate_series(888, 24 * 366, 168) h
 UNION ALL SELECT true, m / 60.0, 0.9 FROM generate_series(15, 120, 15) m
 UNION ALL SELECT true, h, 0.9 FROM generate_series(3, 23) h
 UNION ALL SELECT true, m / 60.0, 0.5 FROM generate_series(1400, 1430, 15) m;

INSERT INTO media_snapshots (media_id, captured_at, run_id, reach, views, likes, comments, saved, shares, reposts, replies,
                             total_interactions, follows, profile_visits, avg_watch_time_ms, total_watch_time_ms, extra)
SELECT r.id, r.captured_at, (random() * 1e6)::bigint, r.n, (r.n * 1.4)::bigint,
       CASE WHEN NOT r.story THEN r.n / 12 END, CASE WHEN NOT r.story THEN r.n / 150 END,
       CASE WHEN NOT r.story THEN r.n / 80 END, r.n / 90, r.n / 400, CASE WHEN r.story THEN r.n / 200 END, r.n / 9,
       CASE WHEN NOT r.reel THEN r.n / 500 END, CASE WHEN NOT r.reel THEN r.n / 60 END,
       CASE WHEN r.reel THEN 4000 + r.n % 900 END, CASE WHEN r.reel THEN r.n * 5000 END,
       CASE WHEN r.story THEN jsonb_build_object('navigation', r.n * 2,
                                                 'navigation:story_navigation_action_type=tap_forward', r.n,
                                                 'navigation:story_navigation_action_type=tap_back', r.n / 5,
                                                 'navigation:story_navigation_action_type=tap_exit', r.n / 4,
                                                 'navigation:story_navigation_action_type=swipe_forward', r.n / 3)
            WHEN r.reel THEN jsonb_build_object('reels_skip_rate', 20 + r.n % 30)
            ELSE jsonb_build_object('profile_activity', r.n / 300) END
  FROM (SELECT m.id, m.posted_at + g.age_h * interval '1 hour' + random() * interval '4 minutes' AS captured_at,
               m.media_product_type = 'STORY' AS story, m.media_product_type = 'REELS' AS reel,
               (200 + m.id % 5000) * (1 - exp(-g.age_h / 30)) + g.age_h / 40 AS size, random() AS dice, g.likely
          FROM media m
          JOIN ages g ON g.story = (m.media_product_type = 'STORY')) AS s
 CROSS JOIN LATERAL (SELECT s.size::bigint AS n, s.id, s.captured_at, s.story, s.reel) r
 WHERE r.captured_at < now() AND s.dice < s.likely
 ORDER BY r.captured_at;

INSERT INTO media_latest
       (media_id, captured_at, last_checked_at, reach, views, likes, comments, saved, shares, reposts, replies,
        total_interactions, follows, profile_visits, avg_watch_time_ms, total_watch_time_ms, extra, told_at)
SELECT media_id, captured_at, captured_at, reach, views, likes, comments, saved, shares, reposts, replies,
       total_interactions, follows, profile_visits, avg_watch_time_ms, total_watch_time_ms, extra,
       (SELECT jsonb_object_agg(k.name, s.captured_at - CASE k.name WHEN 'reels_skip_rate' THEN interval '2 days'
                                                                    ELSE interval '0' END)
          FROM jsonb_object_keys(jsonb_strip_nulls(to_jsonb(s) - 'media_id' - 'captured_at' - 'run_id' - 'extra')
                                 || coalesce(s.extra, '{}')) AS k(name))
  FROM (SELECT DISTINCT ON (media_id) * FROM media_snapshots ORDER BY media_id, captured_at DESC) AS s;

-- The values of a day, as docs/history.md lists them.
CREATE TEMP TABLE series (metric text, breakdown text, part double precision);
INSERT INTO series
SELECT m.metric, '', 1.0
  FROM unnest(ARRAY['reach', 'views', 'total_interactions', 'likes', 'comments', 'saves', 'shares', 'accounts_engaged',
                    'replies', 'reposts', 'follows_and_unfollows', 'profile_links_taps', 'follower_count']) AS m(metric)
 UNION ALL
SELECT m.metric, 'media_product_type=' || p.product, 0.2
  FROM unnest(ARRAY['reach', 'views', 'total_interactions', 'likes', 'comments', 'saves', 'shares']) AS m(metric)
 CROSS JOIN unnest(ARRAY['AD', 'POST', 'REEL', 'STORY', 'CAROUSEL_CONTAINER']) AS p(product)
 UNION ALL
SELECT m.metric, 'follow_type=' || f.kind, 0.3
  FROM unnest(ARRAY['reach', 'views', 'follows_and_unfollows']) AS m(metric)
 CROSS JOIN unnest(ARRAY['FOLLOWER', 'NON_FOLLOWER', 'UNKNOWN']) AS f(kind)
 UNION ALL
SELECT 'profile_links_taps', 'contact_button_type=' || b.kind, 0.2
  FROM unnest(ARRAY['BOOK_NOW', 'CALL', 'DIRECTION', 'EMAIL']) AS b(kind);

-- A day is read while it runs and on the three days after it: whole on the first of them, restated seldom on the rest.
CREATE TEMP TABLE readings (number int, likely double precision, share double precision);
INSERT INTO readings VALUES (0, 1, 0.4), (1, 1, 0.97), (2, 0.5, 1), (3, 0.15, 1.01);

INSERT INTO account_observations (account_id, metric, period, breakdown, period_end, captured_at, value, run_id)
SELECT o.id, o.metric, 'day', o.breakdown, o.period_end, o.captured_at, o.value, o.number
  FROM (SELECT a.id, s.metric, s.breakdown, d.period_end, r.number,
               d.period_end + make_interval(hours => r.number * 24 - 14, secs => (a.id % 7200)::int) AS captured_at,
               floor((3000 + a.id * 40 % 9000 + extract(doy FROM d.period_end) * 7) * s.part * r.share) AS value,
               random() AS dice, r.likely
          FROM accounts a
         CROSS JOIN (SELECT (date_trunc('day', now() AT TIME ZONE 'America/Los_Angeles') - make_interval(days => n))
                            AT TIME ZONE 'America/Los_Angeles' AS period_end
                       FROM generate_series(0, :days) n) d
         CROSS JOIN series s
         CROSS JOIN readings r) o
 WHERE o.captured_at < now() AND o.dice < o.likely
 ORDER BY o.captured_at;

INSERT INTO account_observations (account_id, metric, period, breakdown, period_end, captured_at, value, run_id)
SELECT o.id, o.metric, 'moment', '', '1970-01-01Z', o.captured_at, o.value, 1
  FROM (SELECT a.id, m.metric, h.at + make_interval(secs => (a.id % 3000)::int) AS captured_at,
               floor(5000 + a.id * 100 + extract(epoch FROM h.at - now()) / 3600 * 2 + random() * 10) AS value,
               random() AS dice, m.likely
          FROM accounts a
         CROSS JOIN generate_series(date_trunc('hour', now()) - make_interval(days => :days),
                                    now() - interval '1 hour', interval '1 hour') AS h(at)
         CROSS JOIN (VALUES ('followers_count', 0.6), ('follows_count', 0.02), ('media_count', 0.08)) AS m(metric, likely)
       ) o
 WHERE o.dice < o.likely
 ORDER BY o.captured_at;

INSERT INTO account_latest (account_id, metric, period, breakdown, period_end, value, captured_at, last_checked_at)
SELECT DISTINCT ON (account_id, metric, period, breakdown, period_end)
       account_id, metric, period, breakdown, period_end, value, captured_at,
       greatest(captured_at, least(now() - interval '10 minutes', period_end + interval '58 hours'))
  FROM account_observations
 ORDER BY account_id, metric, period, breakdown, period_end, captured_at DESC;

INSERT INTO audience_snapshots (account_id, metric, timeframe, breakdown, captured_at, counts, run_id)
SELECT o.id, o.metric, o.timeframe, o.breakdown, o.captured_at,
       (SELECT jsonb_object_agg(o.prefix || n, 4000 / n + o.id + extract(doy FROM o.captured_at))
          FROM generate_series(1, o.size) n), 1
  FROM (SELECT a.id, m.metric, t.timeframe, b.breakdown, b.prefix, b.size,
               d.at + make_interval(secs => (a.id % 7200)::int) AS captured_at, random() AS dice
          FROM accounts a
         CROSS JOIN unnest(ARRAY['follower_demographics', 'engaged_audience_demographics']) AS m(metric)
         CROSS JOIN unnest(ARRAY['this_week', 'this_month', 'last_14_days', 'last_30_days', 'last_90_days', 'prev_month'])
                    AS t(timeframe)
         CROSS JOIN (VALUES ('age', 'age-', 7), ('city', 'Some City, Some Region ', 45), ('country', 'C', 45),
                            ('gender', 'g', 3), ('age,gender', '25-34|', 14)) AS b(breakdown, prefix, size)
         CROSS JOIN generate_series(date_trunc('day', now()) - make_interval(days => :days), now() - interval '1 day',
                                    interval '1 day') AS d(at)
         WHERE m.metric = 'follower_demographics' OR t.timeframe IN ('this_week', 'this_month')) o
 WHERE o.dice < 0.7
 ORDER BY o.captured_at;

INSERT INTO audience_latest (account_id, metric, timeframe, breakdown, counts, captured_at, last_checked_at)
SELECT DISTINCT ON (account_id, metric, timeframe, breakdown)
       account_id, metric, timeframe, breakdown, counts, captured_at, now()
  FROM audience_snapshots
 ORDER BY account_id, metric, timeframe, breakdown, captured_at DESC;

CREATE TEMP TABLE kinds (kind text, cron text, every interval);
INSERT INTO kinds VALUES
       ('profile', '0 * * * *', '1 hour'), ('account', '0 5 * * *', '1 day'), ('audience', '30 5 * * *', '1 day'),
       ('media', '0 * * * *', '1 hour'), ('stories', '*/15 * * * *', '15 minutes'), ('tags', '0 */2 * * *', '2 hours'),
       ('online_followers', '0 6 * * *', '1 day'), ('comments', '30 */2 * * *', '2 hours');

INSERT INTO harvests (account_id, kind, cron)
SELECT a.id, k.kind, k.cron FROM accounts a CROSS JOIN kinds k;

-- One run in a hundred found something refused, one in a thousand failed.
INSERT INTO harvest_runs (harvest_id, slot_at, status, calls, rows, errors, api_version, started_at, finished_at)
SELECT r.id, r.at, CASE WHEN r.dice < 0.001 THEN 'failed' WHEN r.dice < 0.01 THEN 'partial' ELSE 'done' END, 3, 20,
       CASE WHEN r.dice < 0.01 THEN '[{"what": "views", "error": "(#100) metric[3] must be one of the following"}]'::jsonb
            ELSE '[]' END,
       'v25.0', r.at + interval '1 second', r.at + interval '3 seconds'
  FROM (SELECT h.id, s.at, random() AS dice
          FROM harvests h
          JOIN kinds k ON k.kind = h.kind
         CROSS JOIN LATERAL generate_series(date_trunc('hour', now()) - make_interval(days => :days),
                                            now() - interval '1 hour', k.every) AS s(at)) r
 ORDER BY r.at;

UPDATE harvests h
   SET last_run_id = r.last_run_id, last_slot_at = r.last_slot_at, done_at = r.read_at, covered_at = r.ended_at
  FROM (SELECT harvest_id, max(id) AS last_run_id, max(slot_at) AS last_slot_at,
               max(greatest(slot_at, finished_at)) AS read_at,
               max(finished_at) FILTER (WHERE status <> 'failed') AS ended_at
          FROM harvest_runs GROUP BY harvest_id) r
 WHERE r.harvest_id = h.id;

-- What is posted was published by Pressrun, each with the timeline of its life.
INSERT INTO posts (key, content_digest, account_id, type, state, publish_at, timezone, caption, max_lateness_s, if_late,
                   sent_at, published_at, media_id, permalink, created_at, updated_at)
SELECT 'bench-' || m.id, md5(m.id::text), m.account_id, CASE WHEN m.media_type = 'VIDEO' THEN 'reel' ELSE 'image' END,
       'published', m.posted_at, 'UTC', m.caption, 900, 'expire', m.posted_at, m.posted_at, m.ig_id, m.permalink,
       m.posted_at - interval '2 days', m.posted_at
  FROM media m WHERE m.media_product_type <> 'STORY'
 ORDER BY m.posted_at;

INSERT INTO parts (post_id, position, kind, source, media_id, published_at)
SELECT id, 0, CASE WHEN type = 'reel' THEN 'video' ELSE 'image' END, 'https://example.com/' || id || '.jpg', media_id,
       published_at
  FROM posts ORDER BY published_at;

UPDATE media m SET part_id = p.id FROM parts p WHERE p.media_id = m.ig_id;

INSERT INTO attempts (post_id, part_id, action, state, claim, intent_at, sent_at, settled_at, result_id, settled_by)
SELECT post_id, id, 'publish', 'succeeded', 3, published_at, published_at, published_at, media_id, 'answer'
  FROM parts ORDER BY published_at;

INSERT INTO quota_entries (account_id, attempt_id, state, counted_at, total)
SELECT p.account_id, t.id, 'used', t.intent_at, 50
  FROM attempts t JOIN posts p ON p.id = t.post_id ORDER BY t.id;

INSERT INTO post_events (post_id, at, from_state, to_state, reason, message)
SELECT p.id, p.published_at - make_interval(mins => e.before), e.from_state, e.to_state, e.reason, 'as planned'
  FROM posts p
 CROSS JOIN (VALUES (2880, NULL, 'scheduled', 'post.queued'), (30, 'scheduled', 'staging', 'post.staging'),
                    (29, 'staging', 'staged', 'post.staged'), (0, 'staged', 'publishing', 'publish.intent'),
                    (0, 'publishing', 'published', 'publish.succeeded')) AS e(before, from_state, to_state, reason)
 ORDER BY 2;

INSERT INTO inbox_events (digest, account_id, object, entry_id, field, value, sent_at, received_at, handled_at)
SELECT md5(a.id || '-' || n), a.id, 'instagram', a.ig_id, 'comments', jsonb_build_object('id', n, 'text', 'Lovely'), t.at, t.at,
       t.at + interval '1 second'
  FROM accounts a
 CROSS JOIN generate_series(1, :days * 3) n
 CROSS JOIN LATERAL (SELECT now() - n * interval '8 hours' AS at) t
 ORDER BY t.at;

INSERT INTO tags (account_id, ig_media_id, username, caption, media_type, permalink, posted_at, first_seen_at, last_seen_at)
SELECT a.id, (18000000000000000 + a.id * 1000 + n)::text, 'visitor_' || n % 40, 'With friends', 'IMAGE',
       'https://www.instagram.com/p/t' || n, now() - n * interval '36 hours', now() - n * interval '36 hours', now()
  FROM accounts a
 CROSS JOIN generate_series(1, :days * 2 / 3) n;

INSERT INTO mentions (account_id, ig_media_id, state, username, text, mentioned_at, announced_at, read_at)
SELECT a.id, (18100000000000000 + n)::text, 'read', 'visitor_' || n % 40, 'Best bread in town', t.at, t.at, t.at
  FROM accounts a
 CROSS JOIN generate_series(1, :days * 2 / 3) n
 CROSS JOIN LATERAL (SELECT now() - n * interval '36 hours' AS at) t;

-- One media in fifty has a poll in its caption, which was read twice.
INSERT INTO poll_tallies (media_id, captured_at, options, expires_at)
SELECT m.id, m.posted_at + n * interval '1 day',
       jsonb_build_array(jsonb_build_object('text', 'rye', 'votes_share', 0.5 + n * 0.1),
                         jsonb_build_object('text', 'wheat', 'votes_share', 0.5 - n * 0.1)),
       m.posted_at + interval '3 days'
  FROM media m
 CROSS JOIN generate_series(1, 2) n
 WHERE m.id % 50 = 0 AND m.posted_at IS NOT NULL;

-- One comment in five was edited an hour after it was written.
INSERT INTO comments (account_id, ig_id, ig_media_id, username, text, is_hidden, commented_at, changed_at, first_seen_at,
                      last_seen_at)
SELECT a.id, (17900000000000000 + a.id * 100000 + n)::text, (18200000000000000 + a.id * 1000 + n % 50)::text,
       'visitor_' || n % 40, CASE WHEN n % 5 = 0 THEN 'Lovely bread' ELSE 'Lovely' END, false, t.at,
       CASE WHEN n % 5 = 0 THEN t.at + interval '1 hour' END, t.at, now()
  FROM accounts a
 CROSS JOIN generate_series(1, :days * 3) n
 CROSS JOIN LATERAL (SELECT now() - n * interval '8 hours' AS at) t;

INSERT INTO comment_versions (comment_id, seen_at, text, is_hidden, is_gone)
SELECT c.id, v.seen_at, v.text, false, false
  FROM comments c
 CROSS JOIN LATERAL (VALUES (c.first_seen_at, 'Lovely'), (c.changed_at, c.text)) AS v(seen_at, text)
 WHERE c.changed_at IS NOT NULL;

-- Every other month each account was read back.
INSERT INTO backfills (account_id, kind, since, progress, requested_at, finished_at)
SELECT a.id, 'account', at - interval '30 days', 1, at, at
  FROM accounts a
 CROSS JOIN generate_series(now() - make_interval(days => greatest(:days, 120)), now() - interval '1 day',
                            interval '60 days') AS at
 ORDER BY at;

-- Of one day in fifty something failed, and of another one something was refused.
INSERT INTO covered_days (account_id, day, period_end, read_at, points, unread, refused)
SELECT a.id, d.at::date, d.period_end, least(d.period_end + interval '58 hours', now() - interval '1 hour'), 60,
       CASE WHEN (n + a.id) % 50 = 0 THEN '["views"]'::jsonb ELSE '[]' END,
       CASE WHEN (n + a.id) % 50 = 10 THEN '["follower_count"]'::jsonb ELSE '[]' END
  FROM accounts a
 CROSS JOIN generate_series(1, greatest(:days, 120)) AS n
 CROSS JOIN LATERAL (SELECT date_trunc('day', now() AT TIME ZONE 'America/Los_Angeles') - make_interval(days => n) AS at)
            AS s
 CROSS JOIN LATERAL (SELECT s.at, (s.at + interval '1 day') AT TIME ZONE 'America/Los_Angeles' AS period_end) AS d;

-- Each month nobody looked for 30 hours.
INSERT INTO harvest_gaps (account_id, kind, until, since, why)
SELECT h.account_id, h.kind, at, at - interval '30 hours', 'no run came through'
  FROM harvests h
 CROSS JOIN generate_series(now() - make_interval(days => greatest(:days, 120) - 2), now() - interval '3 days',
                            interval '30 days') AS at;

-- One competitor and one hashtag for each account, with a media a day.
INSERT INTO watches (account_id, kind, name, ig_id, last_checked_at)
SELECT a.id, w.kind, w.kind || '_' || a.id, (17850000000000000 + a.id)::text, now()
  FROM accounts a
 CROSS JOIN (VALUES ('competitor'), ('hashtag')) AS w(kind);

INSERT INTO competitor_observations (watch_id, metric, captured_at, value, run_id)
SELECT w.id, m.metric, now() - make_interval(days => d.day), 10000 - d.day * 3, d.day
  FROM watches w
 CROSS JOIN unnest(ARRAY['followers_count', 'follows_count', 'media_count']) AS m(metric)
 CROSS JOIN generate_series(0, :days - 1) AS d(day)
 WHERE w.kind = 'competitor'
 ORDER BY d.day DESC;

INSERT INTO competitor_latest (watch_id, metric, value, captured_at, last_checked_at)
SELECT DISTINCT ON (watch_id, metric) watch_id, metric, value, captured_at, now()
  FROM competitor_observations
 ORDER BY watch_id, metric, captured_at DESC;

INSERT INTO public_media (watch_id, ig_id, media_type, caption, permalink, posted_at, first_seen_at, last_seen_at)
SELECT w.id, (18200000000000000 + w.id * 1000 + d.day)::text, 'IMAGE', 'Their bread', 'https://www.instagram.com/p/o' || d.day,
       d.at, d.at, now()
  FROM watches w
 CROSS JOIN generate_series(0, :days - 1) AS n(day)
 CROSS JOIN LATERAL (SELECT n.day, now() - make_interval(days => n.day) AS at) d
 ORDER BY d.at;

INSERT INTO public_media_snapshots (public_media_id, captured_at, like_count, comments_count, run_id)
SELECT m.id, m.posted_at + make_interval(days => n.age), 100 + n.age * 10, n.age, n.age
  FROM public_media m
 CROSS JOIN generate_series(0, 9) AS n(age)
 WHERE m.posted_at + make_interval(days => n.age) <= now()
 ORDER BY 2;

INSERT INTO public_media_latest (public_media_id, like_count, comments_count, captured_at, last_checked_at)
SELECT DISTINCT ON (public_media_id) public_media_id, like_count, comments_count, captured_at, now()
  FROM public_media_snapshots
 ORDER BY public_media_id, captured_at DESC;
