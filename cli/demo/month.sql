-- A believable month behind three accounts, as publishing and harvests would have left it; `:days` is replaced.
-- Statements run one by one; random() is seeded. What the accounts published meanwhile stays as it is.

SELECT setseed(0.2611);

CREATE TEMP TABLE voices (place int, number int, type text, caption text);
INSERT INTO voices VALUES
 (0, 0, 'image', 'Rye with caraway, out of the oven at 5.40 this morning.

#rye #bakery'), (0, 1, 'carousel', 'Four shapes, one dough. Which one is yours? →'),
 (0, 2, 'reel', 'Forty minutes of folding in twelve seconds 👋'), (0, 3, 'image', 'The first apples of the year went straight into the galettes 🍎'),
 (0, 4, 'image', 'We close at two on Sundays. Or when the shelf is empty, which is usually first.'),
 (0, 5, 'reel', 'Scoring a loaf, slowly. Sound on 🔊'), (0, 6, 'carousel', 'A week of lunches from yesterday''s bread: panzanella, soup, toast, and a pudding.'),
 (1, 0, 'image', 'Glaze test no. 12: tin over iron. Softer than I hoped for ✨'), (1, 1, 'reel', 'Three kilos of clay, one bowl, no second take 🌀'),
 (1, 2, 'image', 'The kiln log says 1,240 °C. The neighbours say it was a nice evening.'), (1, 3, 'carousel', 'Every mug of the spring batch, in order of size →'),
 (1, 4, 'image', 'Cracked. It happens. This one becomes a planter 🌿'), (1, 5, 'reel', 'Trimming a foot ring in one go'),
 (1, 6, 'image', 'Shop update on Sunday at six. Forty pieces, no restock.'),
 (2, 0, 'image', 'Ten past four: the best light we get all year.'), (2, 1, 'carousel', 'One window, six hours. Swipe through the day →'),
 (2, 2, 'reel', 'Building the set for the linen catalogue, start to finish ☀️'), (2, 3, 'image', 'No lamps, one very patient cat.'),
 (2, 4, 'carousel', 'Before and after the retouch: less than you think'), (2, 5, 'image', 'Bookings for spring are open. Three weekends left.'),
 (2, 6, 'reel', 'How we fold eleven metres of backdrop paper');

CREATE TEMP TABLE cast_ AS
SELECT id, name, timezone, (row_number() OVER (ORDER BY name) - 1)::int AS place FROM accounts
 WHERE state <> 'removed' AND name = ANY(string_to_array(':accounts', ','));

-- A picture of the same account, where it has any, for each new part.
CREATE TEMP TABLE pictures AS
SELECT p.account_id, t.media_sha256, t.media_extension, t.source, t.probe, t.kind,
       (row_number() OVER (PARTITION BY p.account_id, t.kind ORDER BY t.id) - 1)::int AS place,
       (count(*) OVER (PARTITION BY p.account_id, t.kind))::int AS of_
  FROM posts p JOIN parts t ON t.post_id = p.id
 WHERE t.media_sha256 IS NOT NULL AND t.dropped_at IS NULL AND p.type <> 'story';

CREATE TEMP TABLE planned AS
SELECT c.id AS account_id, c.name, c.place, d.day, v.type, v.caption,
       ((current_date - d.day) + CASE (d.day + c.place) % 3 WHEN 0 THEN time '09:00' WHEN 1 THEN time '12:30' ELSE time '18:15' END)
           AT TIME ZONE c.timezone AS at,
       round(40 + random() * 260)::int AS late_ms, CAST(NULL AS text) AS ig_id, CAST(NULL AS text) AS permalink
  FROM cast_ c
 CROSS JOIN generate_series(1, :days) AS d(day)
  JOIN voices v ON v.place = c.place % 3 AND v.number = d.day % 7
 WHERE (d.day + c.place * 2) % 5 <> 0;

-- What Instagram told of each at growing ages. Here whoever runs this fills in ids, addresses and numbers: as Instagram
-- has them, for it is asked for them later on.
CREATE TEMP TABLE numbers (ig_id text, age_h double precision, told jsonb);

INSERT INTO posts (key, content_digest, account_id, type, state, publish_at, timezone, caption, max_lateness_s, if_late, params,
                   sent_at, published_at, media_id, permalink, created_at, updated_at)
SELECT 'month-' || p.name || '-' || p.day, md5(p.name || p.day), p.account_id, p.type, 'published', p.at, c.timezone, p.caption, 900, 'expire',
       '{}', p.at + make_interval(secs => p.late_ms / 1000.0), p.at + make_interval(secs => p.late_ms / 1000.0 + 1.1), p.ig_id,
       p.permalink, p.at - interval '3 days', p.at
  FROM planned p JOIN cast_ c ON c.id = p.account_id
 ORDER BY p.at;

INSERT INTO parts (post_id, position, kind, source, media_sha256, media_extension, probe, media_id, permalink, published_at)
SELECT x.id, 0, CASE x.type WHEN 'reel' THEN 'video' WHEN 'carousel' THEN 'carousel' ELSE 'image' END,
       CASE WHEN x.type <> 'carousel' THEN coalesce(k.source, 'picture.jpg') END,
       CASE WHEN x.type <> 'carousel' THEN k.media_sha256 END, CASE WHEN x.type <> 'carousel' THEN k.media_extension END,
       coalesce(k.probe, '{}'), x.media_id, x.permalink, x.published_at
  FROM posts x
  LEFT JOIN pictures k ON k.account_id = x.account_id AND k.kind = CASE x.type WHEN 'reel' THEN 'video' ELSE 'image' END
                      AND k.place = x.id % k.of_
 WHERE x.key LIKE 'month-%' ORDER BY x.id;

INSERT INTO parts (post_id, parent_id, position, kind, source, media_sha256, media_extension, probe)
SELECT t.post_id, t.id, n.n, 'image', coalesce(k.source, 'picture.jpg'), k.media_sha256, k.media_extension, coalesce(k.probe, '{}')
  FROM parts t JOIN posts x ON x.id = t.post_id
 CROSS JOIN generate_series(1, 3) AS n(n)
  LEFT JOIN pictures k ON k.account_id = x.account_id AND k.kind = 'image' AND k.place = (x.id + n.n) % k.of_
 WHERE x.key LIKE 'month-%' AND t.kind = 'carousel' ORDER BY t.id, n.n;

INSERT INTO media (account_id, ig_id, part_id, media_type, media_product_type, caption, permalink, posted_at, first_seen_at, last_seen_at)
SELECT x.account_id, x.media_id, t.id, CASE x.type WHEN 'reel' THEN 'VIDEO' WHEN 'carousel' THEN 'CAROUSEL_ALBUM' ELSE 'IMAGE' END,
       CASE x.type WHEN 'reel' THEN 'REELS' ELSE 'FEED' END, x.caption, x.permalink, x.published_at, x.published_at, now()
  FROM posts x JOIN parts t ON t.post_id = x.id AND t.parent_id IS NULL
 WHERE x.key LIKE 'month-%' ORDER BY x.id;

INSERT INTO containers (part_id, account_id, ig_id, status_code, route, polls, created_at, polled_at, finished_at)
SELECT t.id, x.account_id, (17890000000000000 + t.id)::text, 'PUBLISHED', CASE WHEN t.kind <> 'carousel' THEN 'host' END, 2,
       x.publish_at - interval '30 minutes', x.publish_at - interval '29 minutes 20 seconds', x.publish_at - interval '29 minutes 20 seconds'
  FROM posts x JOIN parts t ON t.post_id = x.id WHERE x.key LIKE 'month-%' ORDER BY t.id;

INSERT INTO attempts (post_id, part_id, action, state, claim, intent_at, sent_at, settled_at, result_id, settled_by)
SELECT x.id, t.id, 'publish', 'succeeded', 3, x.sent_at, x.sent_at, x.published_at, x.media_id, 'answer'
  FROM posts x JOIN parts t ON t.post_id = x.id AND t.parent_id IS NULL WHERE x.key LIKE 'month-%' ORDER BY x.id;

INSERT INTO quota_entries (account_id, attempt_id, state, counted_at, total)
SELECT x.account_id, t.id, 'used', t.intent_at, 50
  FROM attempts t JOIN posts x ON x.id = t.post_id WHERE x.key LIKE 'month-%' ORDER BY t.id;

INSERT INTO post_events (post_id, at, from_state, to_state, reason, message)
SELECT x.id, e.at, e.from_state, e.to_state, e.reason, e.message
  FROM posts x
 CROSS JOIN LATERAL (VALUES
   (x.created_at, NULL, 'scheduled', 'post.queued', NULL),
   (x.publish_at - interval '30 minutes', 'scheduled', 'staging', 'post.staging', 'media containers created: 1'),
   (x.publish_at - interval '29 minutes 20 seconds', 'staging', 'staged', 'post.staged', 'ready to publish'),
   (x.sent_at, 'staged', 'publishing', 'publish.intent', NULL),
   (x.published_at, 'publishing', 'published', 'publish.succeeded', 'published as media ' || x.media_id)
 ) AS e(at, from_state, to_state, reason, message)
 WHERE x.key LIKE 'month-%' ORDER BY 2;

INSERT INTO media_snapshots (media_id, captured_at, reach, views, likes, comments, saved, shares, reposts, total_interactions, follows,
                             profile_visits, avg_watch_time_ms, total_watch_time_ms)
SELECT m.id, m.posted_at + make_interval(secs => n.age_h * 3600), r.reach, r.views, r.likes, r.comments, r.saved, r.shares, r.reposts,
       r.total_interactions, r.follows, r.profile_visits, r.ig_reels_avg_watch_time, r.ig_reels_video_view_total_time
  FROM numbers n
  JOIN media m ON m.ig_id = n.ig_id
 CROSS JOIN LATERAL jsonb_to_record(n.told) AS r(reach bigint, views bigint, likes bigint, comments bigint, saved bigint, shares bigint,
            reposts bigint, total_interactions bigint, follows bigint, profile_visits bigint, ig_reels_avg_watch_time bigint,
            ig_reels_video_view_total_time bigint)
 ORDER BY 2;

INSERT INTO media_latest (media_id, captured_at, last_checked_at, reach, views, likes, comments, saved, shares, reposts, total_interactions,
                          follows, profile_visits, avg_watch_time_ms, total_watch_time_ms, told_at)
SELECT DISTINCT ON (s.media_id) s.media_id, s.captured_at, greatest(s.captured_at, now() - interval '40 minutes'), s.reach, s.views, s.likes,
       s.comments, s.saved, s.shares, s.reposts, s.total_interactions, s.follows, s.profile_visits, s.avg_watch_time_ms, s.total_watch_time_ms,
       (SELECT jsonb_object_agg(k.name, s.captured_at)
          FROM jsonb_object_keys(jsonb_strip_nulls(to_jsonb(s) - 'media_id' - 'captured_at' - 'run_id' - 'extra')) AS k(name))
  FROM media_snapshots s JOIN media m ON m.id = s.media_id JOIN posts x ON x.media_id = m.ig_id
 WHERE x.key LIKE 'month-%'
 ORDER BY s.media_id, s.captured_at DESC;

-- Days of the account: two of them nobody read, of the second account.
CREATE TEMP TABLE days_ AS
SELECT c.id AS account_id, c.place, n AS ago,
       (date_trunc('day', now() AT TIME ZONE 'America/Los_Angeles') - make_interval(days => n - 1)) AT TIME ZONE 'America/Los_Angeles' AS period_end,
       (date_trunc('day', now() AT TIME ZONE 'America/Los_Angeles') - make_interval(days => n))::date AS day,
       (1500 + c.place * 900 + (:days - n) * 26 + 420 * sin(n * 0.9) + random() * 500
        + CASE WHEN extract(isodow FROM now() - make_interval(days => n)) IN (6, 7) THEN 600 ELSE 0 END) AS size
  FROM cast_ c CROSS JOIN generate_series(1, :days) n
 WHERE NOT (c.place = 1 AND n IN (12, 13));

INSERT INTO account_observations (account_id, metric, period, breakdown, period_end, captured_at, value)
SELECT d.account_id, s.metric, 'day', s.breakdown, d.period_end, d.period_end + interval '50 hours', floor(d.size * s.part)
  FROM days_ d
 CROSS JOIN (VALUES ('reach', '', 1.0), ('views', '', 1.9), ('total_interactions', '', 0.11), ('likes', '', 0.085), ('comments', '', 0.008),
    ('saves', '', 0.014), ('shares', '', 0.009), ('accounts_engaged', '', 0.07), ('replies', '', 0.002), ('profile_links_taps', '', 0.004),
    ('follower_count', '', 0.012), ('reach', 'follow_type=FOLLOWER', 0.62), ('reach', 'follow_type=NON_FOLLOWER', 0.38),
    ('reach', 'media_product_type=REEL', 0.48), ('reach', 'media_product_type=POST', 0.24),
    ('reach', 'media_product_type=CAROUSEL_CONTAINER', 0.18), ('reach', 'media_product_type=STORY', 0.2)) AS s(metric, breakdown, part)
 WHERE d.period_end + interval '50 hours' < now()
ON CONFLICT DO NOTHING;

INSERT INTO account_observations (account_id, metric, period, breakdown, period_end, captured_at, value)
SELECT d.account_id, 'followers_count', 'moment', '', timestamptz '1970-01-01Z', d.period_end - interval '2 hours',
       greatest(coalesce(l.value, 4700 + d.place * 2700) - d.ago * (14 + d.place * 3) - floor(random() * 12), 0)
  FROM days_ d
  LEFT JOIN account_latest l ON l.account_id = d.account_id AND l.metric = 'followers_count' AND l.period = 'moment' AND l.breakdown = ''
 WHERE d.period_end - interval '2 hours' < now() - interval '2 hours'
ON CONFLICT DO NOTHING;

INSERT INTO account_latest (account_id, metric, period, breakdown, period_end, value, captured_at, last_checked_at)
SELECT DISTINCT ON (account_id, metric, period, breakdown, period_end) account_id, metric, period, breakdown, period_end, value, captured_at,
       CASE WHEN period = 'moment' THEN now() - interval '20 minutes' ELSE captured_at END AS checked_at
  FROM account_observations WHERE account_id IN (SELECT id FROM cast_)
 ORDER BY account_id, metric, period, breakdown, period_end, captured_at DESC
ON CONFLICT DO NOTHING;

INSERT INTO covered_days (account_id, day, period_end, read_at, points)
SELECT account_id, day, period_end, period_end + interval '50 hours', 17 FROM days_ WHERE period_end + interval '50 hours' < now()
ON CONFLICT DO NOTHING;

INSERT INTO account_observations (account_id, metric, period, breakdown, period_end, captured_at, value)
SELECT d.account_id, 'online_followers', 'lifetime', 'hour=' || h, d.period_end, d.period_end + interval '6 hours',
       floor((900 + d.place * 500) * (0.25 + 0.75 * exp(-((h - 19) ^ 2) / 22.0) + 0.4 * exp(-((h - 8) ^ 2) / 8.0)) + random() * 60)
  FROM days_ d CROSS JOIN generate_series(0, 23) h
 WHERE d.ago <= 14 AND d.period_end + interval '6 hours' < now()
ON CONFLICT DO NOTHING;

INSERT INTO account_latest (account_id, metric, period, breakdown, period_end, value, captured_at, last_checked_at)
SELECT account_id, metric, period, breakdown, period_end, value, captured_at, captured_at AS checked_at
  FROM account_observations WHERE metric = 'online_followers' AND account_id IN (SELECT id FROM cast_)
ON CONFLICT DO NOTHING;

INSERT INTO audience_snapshots (account_id, metric, timeframe, breakdown, captured_at, counts)
SELECT c.id, 'follower_demographics', 'this_month', b.breakdown, now() - interval '9 hours', b.counts
  FROM cast_ c
 CROSS JOIN (VALUES ('age', '{"13-17": 90, "18-24": 980, "25-34": 2240, "35-44": 1320, "45-54": 610, "55-64": 220, "65+": 95}'::jsonb),
                    ('country', '{"NO": 2480, "DE": 910, "GB": 640, "SE": 420, "US": 390, "DK": 260, "NL": 180, "FR": 120}'),
                    ('gender', '{"F": 3010, "M": 2020, "U": 525}')) AS b(breakdown, counts)
ON CONFLICT DO NOTHING;

INSERT INTO audience_latest (account_id, metric, timeframe, breakdown, counts, captured_at, last_checked_at)
SELECT account_id, metric, timeframe, breakdown, counts, captured_at, now() AS checked_at FROM audience_snapshots WHERE account_id IN (SELECT id FROM cast_)
ON CONFLICT DO NOTHING;

-- Slots, mentions and tags.
INSERT INTO slots (account_id, weekday, wall_time)
SELECT c.id, d, t::time FROM cast_ c CROSS JOIN generate_series(1, 7) d CROSS JOIN unnest(ARRAY['09:00', '18:15']) t
 WHERE (d + c.place) % 2 = 0
ON CONFLICT DO NOTHING;

INSERT INTO mentions (account_id, ig_media_id, ig_comment_id, state, username, text, mentioned_at, announced_at, read_at)
SELECT c.id, (18100000000000000 + c.place * 100 + n)::text, (17800000000000000 + c.place * 100 + n)::text, 'read', m.who, m.what,
       now() - n * interval '31 hours' - c.place * interval '197 minutes', now() - n * interval '31 hours' - c.place * interval '197 minutes',
       now() - n * interval '31 hours' - c.place * interval '197 minutes'
  FROM cast_ c
  JOIN (VALUES (0, 1, 'ana.bakes', 'Do you take orders for Saturday? 🥐'), (0, 2, 'tom_in_the_north', 'This is the best thing on my way to work'),
               (0, 3, 'mira.k', 'Is the rye there in the afternoon, too?'), (0, 5, 'studio.fern', 'Saved for the weekend 😍'),
               (0, 7, 'kai.ohlsen', 'Kommt ihr wieder auf den Markt?'),
               (1, 1, 'noor.at.home', 'Where can I buy the blue one?'), (1, 2, 'bjorn_tables', 'Mine arrived in one piece, thank you!'),
               (1, 4, 'mira.k', 'Do you teach? I would come on Sundays'), (1, 6, 'cafe_hjornet', 'Six more bowls, please 🙏'),
               (2, 1, 'linenhouse', 'Our spring set by these people. Look at that light'), (2, 3, 'eva.lindqvist', 'Is the 14th free for half a day?'),
               (2, 5, 'tom_in_the_north', 'The cat again 🐈'), (2, 7, 'okafor.prints', 'Which paper is the backdrop?')) AS m(place, n, who, what)
    ON m.place = c.place % 3
ON CONFLICT DO NOTHING;

INSERT INTO tags (account_id, ig_media_id, username, caption, media_type, permalink, posted_at, first_seen_at, last_seen_at)
SELECT c.id, (18300000000000000 + c.place * 100 + n)::text, (ARRAY['ines_at_the_sea', 'oda.cooks', 'per_and_dog', 'small.rooms', 'yuki.walks', 'harbour.days'])[(n + c.place * 2 - 1) % 6 + 1],
       (ARRAY['A Sunday well spent with @', 'Found at last: @', 'Third time this month at @', 'A present, and nearly kept. By @', 'Rain outside, this inside. @',
              'Not an advertisement, only happy: @'])[(n + c.place * 5 - 1) % 6 + 1] || c.name, 'IMAGE', 'https://www.instagram.com/p/tag' || n || '/',
       now() - n * interval '50 hours' - c.place * interval '143 minutes', now() - n * interval '50 hours' - c.place * interval '143 minutes', now()
  FROM cast_ c CROSS JOIN generate_series(1, 6) n
 WHERE (n + c.place) % 3 <> 0
ON CONFLICT DO NOTHING;

-- What was read along of others: a month of their followers.
INSERT INTO competitor_observations (watch_id, metric, captured_at, value)
SELECT w.id, 'followers_count', now() - make_interval(days => n), greatest(l.value - n * 31 - floor(random() * 60), 0)
  FROM watches w JOIN competitor_latest l ON l.watch_id = w.id AND l.metric = 'followers_count'
 CROSS JOIN generate_series(1, :days) n
 WHERE w.account_id IN (SELECT id FROM cast_)
ON CONFLICT DO NOTHING;

-- One that failed with its reason, one that needs a person.
INSERT INTO posts (key, content_digest, account_id, type, state, publish_at, timezone, caption, max_lateness_s, if_late, params, error, error_class,
                   created_at, updated_at)
SELECT 'month-failed', md5('month-failed'), id, 'reel', 'failed', now() - interval '5 hours', timezone, 'Behind the counter on market day', 900, 'expire', '{}',
       'media 1 (market-day.mp4): Instagram could not use the video: its audio track is encoded as Opus (code 352, 2207026). Convert it to AAC and try again.',
       'invalid_media', now() - interval '2 days', now() - interval '5 hours'
  FROM cast_ WHERE place = 0;

INSERT INTO posts (key, content_digest, account_id, type, state, publish_at, timezone, caption, max_lateness_s, if_late, params, error,
                   sent_at, created_at, updated_at)
SELECT 'month-review', md5('month-review'), id, 'image', 'needs_review', now() - interval '26 hours', timezone, 'A quiet corner before the doors open', 900, 'expire',
       '{}', 'Instagram''s answer was lost, and two media of that hour have this caption: look at the account, and say which one it is, or that none is.',
       now() - interval '26 hours', now() - interval '3 days', now() - interval '2 hours'
  FROM cast_ WHERE place = 2;

INSERT INTO parts (post_id, position, kind, source, media_sha256, media_extension, probe)
SELECT x.id, 0, CASE x.type WHEN 'reel' THEN 'video' ELSE 'image' END,
       CASE x.key WHEN 'month-failed' THEN 'media/market-day.mp4' ELSE coalesce(k.source, 'picture.jpg') END, k.media_sha256, k.media_extension,
       coalesce(k.probe, '{}')
  FROM posts x
  LEFT JOIN pictures k ON k.account_id = x.account_id AND k.kind = CASE x.type WHEN 'reel' THEN 'video' ELSE 'image' END AND k.place = 0
 WHERE x.key IN ('month-failed', 'month-review');

INSERT INTO containers (part_id, account_id, ig_id, status_code, status, route, polls, created_at, polled_at, finished_at)
SELECT t.id, x.account_id, (17890000000000000 + t.id)::text, c.code, c.said, 'host', 3, x.publish_at - interval '30 minutes',
       x.publish_at - interval '28 minutes', CASE c.code WHEN 'FINISHED' THEN x.publish_at - interval '29 minutes' END
  FROM posts x JOIN parts t ON t.post_id = x.id
  JOIN (VALUES ('month-failed', 'ERROR', 'Error: Media upload has failed with error code 2207026'),
               ('month-review', 'FINISHED', 'Finished: Media has been uploaded and it is ready to be published.')) AS c(key, code, said) ON c.key = x.key;

-- Two media that the one in question may be.
INSERT INTO media (account_id, ig_id, media_type, media_product_type, caption, permalink, posted_at, first_seen_at, last_seen_at)
SELECT x.account_id, (17960000000000000 + n)::text, 'IMAGE', 'FEED', x.caption, 'https://www.instagram.com/p/review' || n || '/',
       x.sent_at + n * interval '43 seconds', x.sent_at + interval '1 hour', now()
  FROM posts x CROSS JOIN generate_series(1, 2) n WHERE x.key = 'month-review';

INSERT INTO attempts (post_id, part_id, action, state, claim, intent_at, sent_at, reads, code, message)
SELECT x.id, t.id, 'publish', 'needs_review', 3, x.sent_at, x.sent_at, 14, NULL, 'the connection broke before Instagram answered'
  FROM posts x JOIN parts t ON t.post_id = x.id WHERE x.key = 'month-review';

INSERT INTO post_events (post_id, at, from_state, to_state, reason, message, error_class, code, subcode, fbtrace_id)
SELECT x.id, e.at, e.from_state, e.to_state, e.reason, e.message, e.class, e.code, e.subcode, e.trace
  FROM posts x
 CROSS JOIN LATERAL (VALUES
   (x.created_at, NULL, 'scheduled', 'post.queued', NULL, NULL, NULL, NULL, NULL),
   (x.publish_at - interval '30 minutes', 'scheduled', 'staging', 'post.staging', 'media containers created: 1', NULL, NULL, NULL, NULL),
   (x.publish_at - interval '28 minutes', 'staging', 'failed', 'stage.refused', x.error, 'invalid_media', '352', '2207026', 'A1bC2dE3fG4')
 ) AS e(at, from_state, to_state, reason, message, class, code, subcode, trace)
 WHERE x.key = 'month-failed' ORDER BY 2;

INSERT INTO post_events (post_id, at, from_state, to_state, reason, message)
SELECT x.id, e.at, e.from_state, e.to_state, e.reason, e.message
  FROM posts x
 CROSS JOIN LATERAL (VALUES
   (x.created_at, NULL, 'scheduled', 'post.queued', NULL),
   (x.publish_at - interval '30 minutes', 'scheduled', 'staging', 'post.staging', 'media containers created: 1'),
   (x.publish_at - interval '29 minutes', 'staging', 'staged', 'post.staged', 'ready to publish'),
   (x.publish_at, 'staged', 'publishing', 'publish.intent', NULL),
   (x.publish_at + interval '60 seconds', 'publishing', 'uncertain', 'publish.unknown', 'the connection broke before Instagram answered'),
   (x.publish_at + interval '24 hours', 'uncertain', 'needs_review', 'reconcile.needs_review', x.error)
 ) AS e(at, from_state, to_state, reason, message)
 WHERE x.key = 'month-review' ORDER BY 2;
