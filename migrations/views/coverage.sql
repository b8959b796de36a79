-- What was read of each account, kind and day. Each row costs some look-ups by index, however much lies in the past: the
-- days come from a series, so conditions on `day`, `account` and `kind` are checked before anything is looked up. Since
-- revision 0028 `days` is materialized.
CREATE FUNCTION pressrun_utc(at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'
$$;

CREATE VIEW coverage AS
WITH days AS NOT MATERIALIZED (
    SELECT t.at::date AS day, t.at AT TIME ZONE 'America/Los_Angeles' AS since,
           (t.at + interval '1 day') AT TIME ZONE 'America/Los_Angeles' AS until
      FROM generate_series(
               (SELECT date_trunc('day', min(created_at) AT TIME ZONE 'America/Los_Angeles') - interval '92 days'
                  FROM accounts),
               now() AT TIME ZONE 'America/Los_Angeles', interval '1 day') AS t(at)
)
SELECT a.id AS account_id, a.name AS account, 'account' AS kind, d.day,
       CASE WHEN c.day IS NOT NULL AND c.read_at >= d.until + interval '48 hours'
                 AND c.unread = '[]' AND c.refused = '[]' THEN 'read'
            WHEN c.day IS NOT NULL THEN 'partial'
            WHEN d.since < now() - interval '90 days' THEN 'lost for good'
            ELSE 'missed' END AS state,
       CASE WHEN c.unread <> '[]'
            THEN 'failed, and is read again: ' || (SELECT string_agg(u, ', ') FROM jsonb_array_elements_text(c.unread) u)
            WHEN c.refused <> '[]'
            THEN 'Instagram refused: ' || (SELECT string_agg(r, ', ') FROM jsonb_array_elements_text(c.refused) r)
            WHEN c.read_at < d.until THEN 'read until ' || pressrun_utc(c.read_at) || ', before the day was over'
            WHEN c.read_at < d.until + interval '48 hours'
            THEN 'read at ' || pressrun_utc(c.read_at) || ': Instagram restates a day for 48 hours'
            WHEN c.points = 0 THEN 'Instagram told nothing of it'
            WHEN c.day IS NOT NULL THEN NULL
            WHEN d.since < now() - interval '90 days' THEN 'nobody read it in the 90 days in which Instagram tells it'
            ELSE 'not read yet; Instagram tells it until ' || pressrun_utc(d.since + interval '90 days') END AS why,
       CAST(NULL AS text[]) AS ig_media_ids
  FROM accounts a
  JOIN harvests h ON h.account_id = a.id AND h.kind = 'account'
 CROSS JOIN LATERAL (
        -- Since the account was added, or as far back as somebody asked for it or read it.
        SELECT least((a.created_at AT TIME ZONE 'America/Los_Angeles')::date,
                     (SELECT min(day) FROM covered_days WHERE account_id = a.id),
                     (SELECT min((greatest(b.since, b.requested_at - interval '90 days')
                                  AT TIME ZONE 'America/Los_Angeles' + interval '1 day')::date)
                        FROM backfills b WHERE b.account_id = a.id AND b.kind = 'account')) AS day
        OFFSET 0) first
  JOIN days d ON d.day >= first.day
  LEFT JOIN covered_days c ON c.account_id = a.id AND c.day = d.day
UNION ALL
SELECT a.id, a.name, 'stories', d.day,
       CASE WHEN gap.since IS NOT NULL OR known.lost IS NOT NULL THEN 'lost for good'
            WHEN h.covered_at IS NULL OR h.covered_at <= d.since THEN 'missed'
            WHEN h.covered_at < d.until OR known.partial IS NOT NULL OR known.is_up THEN 'partial'
            ELSE 'read' END,
       CASE WHEN gap.since IS NOT NULL
            THEN 'stories posted from ' || pressrun_utc(greatest(gap.since, d.since)) || ' to '
                 || pressrun_utc(least(gap.until - interval '24 hours', d.until)) || ' came and went: nobody looked from '
                 || pressrun_utc(gap.since) || ' to ' || pressrun_utc(gap.until) || ' (' || gap.why || ')'
            WHEN known.lost IS NOT NULL THEN 'came and went before a number of it was read'
            WHEN h.covered_at IS NULL OR h.covered_at <= d.since
            THEN 'nobody has looked since ' || pressrun_utc(coalesce(h.covered_at, a.created_at))
                 || '; a story is told of for 24 hours'
            WHEN h.covered_at < d.until THEN 'looked until ' || pressrun_utc(h.covered_at)
            WHEN known.partial IS NOT NULL THEN 'the last hour was not read, or only the webhook told of it'
            WHEN known.is_up THEN 'stories of the day are still up' END,
       coalesce(known.lost, CASE WHEN gap.since IS NULL THEN known.partial END)
  FROM accounts a
  JOIN harvests h ON h.account_id = a.id AND h.kind = 'stories'
  JOIN days d ON d.until > a.created_at
  -- Gaps lie one after the other: the first that reaches over the day's first story is the only one to look at.
  LEFT JOIN LATERAL (
        SELECT since, until, why
          FROM harvest_gaps
         WHERE account_id = a.id AND kind = 'stories' AND until > d.since + interval '24 hours'
         ORDER BY until
         LIMIT 1) closed ON closed.since < d.until
  LEFT JOIN LATERAL (
        SELECT closed.since, closed.until, closed.why WHERE closed.since IS NOT NULL
        UNION ALL
        SELECT o.since, now(), 'no run has come through since then'
          FROM (SELECT coalesce(h.covered_at, a.created_at) AS since) o
         WHERE closed.since IS NULL AND o.since < d.until
           AND now() - interval '24 hours' > greatest(d.since, o.since)) gap ON true
 CROSS JOIN LATERAL (
        SELECT array_agg(s.ig_id ORDER BY s.posted_at) FILTER (WHERE s.what = 'lost') AS lost,
               array_agg(s.ig_id ORDER BY s.posted_at) FILTER (WHERE s.what = 'partial') AS partial,
               coalesce(bool_or(s.what = 'up'), false) AS is_up
          FROM (SELECT m.ig_id, p.posted_at,
                       -- One that Instagram lists is asked for at every look of its last hour, also if it tells nothing.
                       CASE WHEN m.posted_at IS NULL AND l.media_id IS NOT NULL THEN 'partial'
                            WHEN coalesce(l.last_checked_at, m.last_seen_at) >= p.posted_at + interval '23 hours'
                            THEN 'read'
                            WHEN p.posted_at + interval '24 hours' > now() THEN 'up'
                            WHEN l.media_id IS NULL THEN 'lost'
                            ELSE 'partial' END AS what
                  FROM media m
                  LEFT JOIN parts t ON t.id = m.part_id
                  LEFT JOIN posts o ON o.id = t.post_id
                  LEFT JOIN media_latest l ON l.media_id = m.id
                 -- The webhook comes an hour after a story's end, and says nothing of its beginning.
                 CROSS JOIN LATERAL (
                        SELECT coalesce(m.posted_at, t.published_at,
                                        m.first_seen_at - interval '25 hours') AS posted_at) p
                 WHERE m.account_id = a.id
                   AND (m.posted_at >= d.since AND m.posted_at < d.until OR m.posted_at IS NULL)
                   AND (m.media_product_type = 'STORY' OR o.type = 'story')
                   AND p.posted_at >= d.since AND p.posted_at < d.until) s) known
UNION ALL
SELECT a.id, a.name, h.kind, d.day, s.state,
       CASE s.case
            WHEN 'past' THEN 'not read from ' || pressrun_utc(gap.since) || ' to ' || pressrun_utc(gap.until) || ' ('
                             || gap.why || '), and Instagram tells of '
                             || CASE WHEN h.kind = 'online_followers' THEN 'the last 30 days only'
                                     ELSE 'the moment only' END
            WHEN 'curve' THEN 'media posted then were read afterwards, but how media stood on that day is lost: not read '
                              || 'from ' || pressrun_utc(gap.since) || ' to ' || pressrun_utc(gap.until)
                              || ' (' || gap.why || ')'
            WHEN 'behind' THEN 'not read since ' || pressrun_utc(gap.since) || ': ' || gap.why
            WHEN 'until' THEN 'read until ' || pressrun_utc(h.covered_at)
            WHEN 'refused' THEN 'refused or failed: ' || last.what END,
       NULL
  FROM accounts a
  JOIN harvests h ON h.account_id = a.id AND h.kind NOT IN ('account', 'stories')
  JOIN days d ON d.until > a.created_at
  -- Gaps lie one after the other: the first that ends after the day is the only one that can hold all of it.
  LEFT JOIN LATERAL (
        SELECT since, until, why
          FROM harvest_gaps
         WHERE account_id = a.id AND kind = h.kind AND until >= least(d.until, now())
         ORDER BY until
         LIMIT 1) closed ON closed.since <= d.since
  LEFT JOIN LATERAL (
        SELECT closed.since, closed.until, closed.why, false AS is_open WHERE closed.since IS NOT NULL
        UNION ALL
        SELECT o.since, now(),
               CASE WHEN a.state = 'broken' THEN 'the account''s token is refused'
                    WHEN a.is_reading_paused THEN 'reading is paused'
                    ELSE 'no run has come through since then' END, true
          FROM (SELECT coalesce(h.covered_at, a.created_at) AS since) o
         WHERE closed.since IS NULL AND o.since <= d.since) gap ON true
  LEFT JOIN LATERAL (
        -- The last run of the day that came through: what it could not read.
        SELECT r.status = 'partial' AS is_partial,
               CASE WHEN r.status = 'partial'
                    THEN coalesce((SELECT string_agg(DISTINCT e ->> 'what', ', ')
                                     FROM jsonb_array_elements(r.errors) e), '') END AS what
          FROM harvest_runs r
         WHERE r.harvest_id = h.id AND r.slot_at >= d.since AND r.slot_at < d.until
           AND r.status IN ('done', 'partial') AND r.backfill_id IS NULL
         ORDER BY r.slot_at DESC
         LIMIT 1) last ON true
 CROSS JOIN LATERAL (
        SELECT h.kind IN ('profile', 'audience', 'competitors', 'hashtags') AS is_moment,
               h.kind = 'online_followers' AND gap.until - interval '30 days' > d.since AS is_forgotten) k
 CROSS JOIN LATERAL (
        SELECT c.case,
               CASE c.case WHEN 'past' THEN 'lost for good' WHEN 'behind' THEN 'missed' WHEN 'read' THEN 'read'
                           ELSE 'partial' END AS state
          FROM (SELECT CASE
                    WHEN gap.since IS NOT NULL AND (k.is_moment AND d.until <= now() OR k.is_forgotten) THEN 'past'
                    WHEN gap.is_open THEN 'behind'
                    WHEN gap.since IS NOT NULL AND h.kind = 'media' THEN 'curve'
                    WHEN d.until > now() OR h.covered_at < d.until AND NOT k.is_moment THEN 'until'
                    WHEN last.is_partial THEN 'refused'
                    ELSE 'read' END AS case) c) s
 WHERE h.kind NOT IN ('competitors', 'hashtags')
    OR EXISTS (SELECT FROM watches w
                WHERE w.account_id = a.id AND w.kind = CASE h.kind WHEN 'hashtags' THEN 'hashtag' ELSE 'competitor' END
                  AND w.created_at < d.until AND coalesce(w.ended_at, 'infinity') > d.since);
