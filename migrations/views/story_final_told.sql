-- The last numbers of each story. Instagram tells them for 24 hours: `is_final` says whether the last hour was read, and
-- `are_final` which numbers were told in it. Where Instagram leaves out a part, its whole says so for it.
CREATE OR REPLACE VIEW story_final AS
SELECT t.account_id, t.account, t.media_id, t.ig_media_id, t.media_type, t.posted_at, t.permalink,
       t.reach, t.views, t.likes, t.replies, t.shares, t.reposts, t.total_interactions,
       t.follows, t.profile_visits,
       (t.extra ->> 'navigation')::numeric AS navigation,
       (t.extra ->> 'navigation:story_navigation_action_type=tap_forward')::numeric AS tap_forward,
       (t.extra ->> 'navigation:story_navigation_action_type=tap_back')::numeric AS tap_back,
       (t.extra ->> 'navigation:story_navigation_action_type=tap_exit')::numeric AS tap_exit,
       (t.extra ->> 'navigation:story_navigation_action_type=swipe_forward')::numeric AS swipe_forward,
       t.extra, t.captured_at, t.last_checked_at,
       round(extract(epoch FROM t.last_checked_at - t.posted_at) / 3600, 2) AS last_age_hours,
       coalesce(t.last_checked_at >= t.posted_at + interval '23 hours', false) AS is_final,
       t.told_at, t.all_told_at,
       (SELECT jsonb_object_agg(replace(f.key, 'navigation:story_navigation_action_type=', ''),
                                greatest(f.value::timestamptz, (t.told_at ->> split_part(f.key, ':', 1))::timestamptz)
                                >= t.posted_at + interval '23 hours')
          FROM jsonb_each_text(t.told_at) f) AS are_final
  FROM media_totals t
 WHERE t.media_product_type = 'STORY';

CREATE FUNCTION story_final_as_of(as_of timestamptz) RETURNS TABLE (
    account_id bigint,
    account text,
    media_id bigint,
    ig_media_id text,
    media_type text,
    posted_at timestamptz,
    permalink text,
    reach bigint,
    views bigint,
    likes bigint,
    replies bigint,
    shares bigint,
    reposts bigint,
    total_interactions bigint,
    follows bigint,
    profile_visits bigint,
    navigation numeric,
    tap_forward numeric,
    tap_back numeric,
    tap_exit numeric,
    swipe_forward numeric,
    extra jsonb,
    captured_at timestamptz,
    told_at jsonb
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT t.account_id, t.account, t.media_id, t.ig_media_id, t.media_type, t.posted_at, t.permalink,
       t.reach, t.views, t.likes, t.replies, t.shares, t.reposts, t.total_interactions,
       t.follows, t.profile_visits,
       (t.extra ->> 'navigation')::numeric AS navigation,
       (t.extra ->> 'navigation:story_navigation_action_type=tap_forward')::numeric AS tap_forward,
       (t.extra ->> 'navigation:story_navigation_action_type=tap_back')::numeric AS tap_back,
       (t.extra ->> 'navigation:story_navigation_action_type=tap_exit')::numeric AS tap_exit,
       (t.extra ->> 'navigation:story_navigation_action_type=swipe_forward')::numeric AS swipe_forward,
       t.extra, t.captured_at,
       t.told_at
  FROM media_totals_as_of(as_of) t
 WHERE t.media_product_type = 'STORY'
$$;
