"""What may never be: queries that must return no row. Run by `doctor`, by the metrics and at the end of every test.

`doctor` looks at what has changed since each was last seen to hold (`models/upkeep/seen_invariant.py`), tests look at
all.

Each yields one line of text per violation; the number in the name is the line of the design's list of "nevers".
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.upkeep.history_invariants import HISTORY

_MOST = 10
"""Offenders named per invariant."""

INVARIANTS: dict[str, str] = {
    # 1. Two live posts for one. The partial unique indexes forbid it; this notices if one is ever dropped.
    "part_published_twice": """
        SELECT 'part ' || part_id || ' has ' || count(*) || ' successful publish attempts'
          FROM attempts WHERE action = 'publish' AND state = 'succeeded'
         GROUP BY part_id HAVING count(*) > 1
    """,
    "media_claimed_twice": """
        SELECT 'media ' || media_id || ' belongs to parts ' || string_agg(id::text, ', ')
          FROM parts WHERE media_id IS NOT NULL GROUP BY media_id HAVING count(*) > 1
    """,
    "container_replaced_while_unresolved": """
        SELECT 'part ' || a.part_id || ' got container ' || c.id || ' while attempt ' || a.id || ' is unresolved'
          FROM attempts a JOIN containers c ON c.part_id = a.part_id AND c.id > a.container_id
         WHERE a.action = 'publish' AND a.state IN ('intent', 'unknown', 'needs_review')
    """,
    # The same of comments and replies: one comment, one call; one number, one reply that stands.
    "comment_posted_twice": """
        SELECT 'post ' || post_id || ' has ' || count(*) || ' first comments'
          FROM attempts WHERE action = 'comment' AND state = 'succeeded'
         GROUP BY post_id HAVING count(*) > 1
    """,
    "result_claimed_twice": """
        SELECT 'comment ' || result_id || ' is the result of attempts ' || string_agg(id::text, ', ')
          FROM attempts WHERE action IN ('comment', 'reply') AND state = 'succeeded' AND result_id IS NOT NULL
         GROUP BY result_id HAVING count(*) > 1
    """,
    "reply_sent_twice": """
        SELECT coalesce('mention ' || mention_id, 'comment ' || to_comment_id) || ' has ' || count(*)
               || ' replies of number ' || number
          FROM replies WHERE state <> 'failed' GROUP BY mention_id, to_comment_id, number HAVING count(*) > 1
        UNION ALL
        SELECT 'comment ' || comment_id || ' is the result of replies ' || string_agg(id::text, ', ')
          FROM replies WHERE comment_id IS NOT NULL GROUP BY comment_id HAVING count(*) > 1
    """,
    # 2. A due post nobody owns. Five minutes are longer than any lease, nap or restart.
    "due_post_unowned": """
        SELECT 'post ' || id || ' is ' || state || ' and was owed a step at ' || next_action_at
          FROM posts WHERE next_action_at < now() - interval '5 minutes'
    """,
    "active_post_owed_nothing": """
        SELECT 'post ' || id || ' is ' || state || ' and is owed no step'
          FROM posts
         WHERE state IN ('scheduled', 'staging', 'staged', 'publishing', 'uncertain') AND next_action_at IS NULL
    """,
    "publishing_without_attempt": """
        SELECT 'post ' || p.id || ' is ' || p.state || ' without an unresolved attempt'
          FROM posts p
         WHERE p.state IN ('publishing', 'uncertain')
           AND NOT EXISTS (SELECT FROM attempts a WHERE a.post_id = p.id AND a.action = 'publish'
                              AND a.state IN ('intent', 'unknown'))
    """,
    "attempt_without_publishing": """
        SELECT 'attempt ' || a.id || ' is ' || a.state || ' but post ' || p.id || ' is ' || p.state
          FROM attempts a JOIN posts p ON p.id = a.post_id
         WHERE a.action = 'publish' AND a.state IN ('intent', 'unknown') AND p.state NOT IN ('publishing', 'uncertain')
    """,
    # 3. And nothing that Instagram has named stays unknown.
    "late_answer_forgotten": """
        SELECT a.action || ' attempt ' || a.id || ' is ' || a.state || ' though it has made ' || a.result_id
          FROM attempts a LEFT JOIN parts p ON p.id = a.part_id
         WHERE a.state IN ('refused', 'not_done') AND a.result_id IS NOT NULL AND p.dropped_at IS NULL
           AND NOT EXISTS (SELECT FROM attempts o WHERE o.action = a.action AND o.state NOT IN ('refused', 'not_done')
                              AND (o.part_id = a.part_id OR o.reply_id = a.reply_id))
    """,
    "reply_unlike_its_attempt": """
        SELECT 'reply ' || r.id || ' is ' || r.state || ' but its attempt is ' || coalesce(a.state, 'missing')
          FROM replies r
          LEFT JOIN attempts a ON a.reply_id = r.id AND a.state NOT IN ('refused', 'not_done')
         WHERE coalesce(a.state, '') <> ALL (CASE r.state WHEN 'sending' THEN ARRAY['intent', 'unknown']
                                                          WHEN 'unknown' THEN ARRAY['unknown']
                                                          WHEN 'needs_review' THEN ARRAY['needs_review']
                                                          WHEN 'sent' THEN ARRAY['succeeded'] ELSE ARRAY[''] END)
    """,
    "comment_forgotten": """
        SELECT 'post ' || p.id || ' is owed no step, lacks its first comment, and does not say so'
          FROM posts p
         WHERE p.state = 'published' AND p.first_comment <> '' AND p.comment_id IS NULL AND p.next_action_at IS NULL
           AND coalesce(p.missing ->> 'comment', '') = '' AND p.error IS NULL
           AND NOT EXISTS (SELECT FROM attempts a WHERE a.post_id = p.id AND a.action = 'comment'
                              AND a.state = 'succeeded')
    """,
    "missing_unsaid": """
        SELECT 'post ' || id || ' lacks something and shows no error' FROM posts
         WHERE missing IS NOT NULL AND (error IS NULL OR state <> 'published')
    """,
    # Nor a token that waits to be asked about, without an end to it.
    "connection_forgotten": """
        SELECT 'connection ' || id || ' is asked for and owed no step, or has no end' FROM connections
         WHERE state IN ('answered', 'granted', 'prolonged', 'asked') AND next_action_at IS NULL
            OR settled_at IS NULL AND expires_at > created_at + interval '1 day'
    """,
    "connection_late": """
        SELECT 'connection ' || id || ' has waited since ' || created_at FROM connections
         WHERE settled_at IS NULL AND coalesce(next_action_at, expires_at) < now() - interval '10 minutes'
    """,
    # 3. A published post without its media id and no one told.
    "published_without_media_id": """
        SELECT 'post ' || p.id || ' is published, but part ' || t.id || ' has no media id'
          FROM posts p JOIN parts t ON t.post_id = p.id AND t.parent_id IS NULL AND t.dropped_at IS NULL
         WHERE p.state = 'published' AND t.media_id IS NULL
    """,
    "success_without_media_id": """
        SELECT 'attempt ' || id || ' succeeded without a result id' FROM attempts
         WHERE state = 'succeeded' AND result_id IS NULL
           AND NOT (action IN ('comment', 'reply') AND settled_by = 'person')
    """,
    # 4. More publishes in a window than the quota: at the moment of each entry, over the window that ends there, and
    # against what Instagram allowed when its places were taken.
    "quota_exceeded": """
        SELECT 'account ' || a.id || ' used ' || w.used || ' of ' || w.allowed || ' places up to ' || w.counted_at
          FROM accounts a
          JOIN (SELECT e.account_id, e.counted_at, count(*) OVER places AS used, max(e.total) OVER places AS allowed
                  FROM quota_entries e WHERE e.state = 'used'
                WINDOW places AS (PARTITION BY e.account_id ORDER BY e.counted_at
                                  RANGE BETWEEN interval '24 hours' PRECEDING AND CURRENT ROW)) w ON w.account_id = a.id
         WHERE w.used > w.allowed AND coalesce(a.quota_duration_s, 86400) = 86400
    """,
    "attempt_without_quota_place": """
        SELECT 'publish attempt ' || a.id || ' (' || a.state || ') holds no place in the quota'
          FROM attempts a LEFT JOIN quota_entries q ON q.attempt_id = a.id
         WHERE a.action = 'publish' AND a.state IN ('intent', 'unknown', 'succeeded')
           AND (q.id IS NULL OR q.state = 'released')
    """,
    # Nor more hashtags than Instagram allows: it answers those above with an error, and counts against the app.
    "hashtag_budget_exceeded": """
        SELECT 'account ' || account_id || ' looked at ' || count(*) || ' hashtags within 7 days'
          FROM hashtag_searches WHERE searched_at BETWEEN now() - interval '7 days' AND now()
         GROUP BY account_id HAVING count(*) > 30
    """,
    # 5. A call while throttled: one that was begun while its gate stood shut, later than a call then under way.
    "publish_while_shut": """
        SELECT 'attempt ' || t.id || ' was begun while gate ' || g.key || ' was shut'
          FROM attempts t LEFT JOIN posts p ON p.id = t.post_id LEFT JOIN replies r ON r.id = t.reply_id
          JOIN gates g ON g.account_id IS NULL OR g.account_id = coalesce(p.account_id, r.account_id)
         WHERE g.level = 'shut' AND t.state NOT IN ('not_done')
           AND t.intent_at > g.changed_at + interval '2 seconds' AND t.intent_at < g.until
    """,
    # And media on their way, into a bucket, out of it or to a container, that nobody moves.
    "media_late": """
        SELECT what || id || ' has waited since ' || next_action_at
          FROM (SELECT 'object ' AS what, id, next_action_at FROM bucket_objects
                 UNION ALL SELECT 'upload ', id, next_action_at FROM uploads) owed
         WHERE next_action_at < now() - interval '10 minutes'
    """,
    # 6. A token where it does not belong. Fixed shapes of Instagram's tokens; the vault's ciphertext has none.
    "token_in_text": """
        SELECT source || ' holds something that looks like a token' FROM (
            SELECT 'post ' || id AS source, error AS body FROM posts
            UNION ALL SELECT 'event ' || id, coalesce(message, '') || detail::text FROM post_events
            UNION ALL SELECT 'attempt ' || id, message FROM attempts
            UNION ALL SELECT 'account ' || id, concat(state_reason, ' ', token_refused) FROM accounts
            UNION ALL SELECT 'block ' || id, reason FROM blocks
            UNION ALL SELECT 'harvest run ' || id, errors::text FROM harvest_runs
            UNION ALL SELECT 'inbox event ' || id, error FROM inbox_events
            UNION ALL SELECT 'reply ' || id, error FROM replies
            UNION ALL SELECT 'connection ' || id, concat(error, ' ', found) FROM connections
            UNION ALL SELECT 'token ' || id, concat(refused, ' ', error) FROM tokens
            UNION ALL SELECT 'notice ' || id, message || detail::text FROM notices
            UNION ALL SELECT 'delivery ' || id, error FROM deliveries
            UNION ALL SELECT 'follow-up ' || id, error FROM follow_ups
            UNION ALL SELECT 'inquiry ' || id, error FROM inquiries
            UNION ALL SELECT 'subscription ' || id, concat(error, refused::text) FROM subscriptions
            UNION ALL SELECT 'object ' || id, error FROM bucket_objects
            UNION ALL SELECT 'upload ' || id, concat(url, ' ', error) FROM uploads
        ) texts WHERE body ~ '(EAA[A-Za-z0-9]{20,}|IGQV[A-Za-z0-9_-]{20,}|SIM-TOKEN-|access_token=[^\\[&])'
    """,
    "token_not_sealed": """
        SELECT 'account ' || id || ' holds a token that the vault did not seal' FROM accounts
         WHERE token_sealed !~ '^v1:[0-9a-f]+:' OR user_token_sealed !~ '^v1:[0-9a-f]+:'
        UNION ALL
        SELECT DISTINCT 'connection ' || id || ' holds a token that the vault did not seal' FROM connections, unnest(
            ARRAY[token_sealed, user_token_sealed, code_sealed, found_sealed]) sealed WHERE sealed !~ '^v1:[0-9a-f]+:'
        UNION ALL
        SELECT 'endpoint ' || id || ' holds a secret that the vault did not seal' FROM endpoints, unnest(
            ARRAY[address_sealed, secret_sealed, old_secret_sealed]) sealed WHERE sealed !~ '^v1:[0-9a-f]+:'
        UNION ALL
        SELECT 'user ' || id || ' has a second factor that the vault did not seal' FROM users
         WHERE totp_sealed !~ '^v1:[0-9a-f]+:'
    """,
    "token_left_over": """
        SELECT 'connection ' || id || ' is ' || state || ' and still holds a token' FROM connections
         WHERE settled_at IS NOT NULL AND coalesce(token_sealed, user_token_sealed, code_sealed, found_sealed) <> ''
    """,
    # Nor is a removed account worked for, or an erased person there again.
    "removed_account_owed": """
        SELECT 'account ' || a.id || ' was removed and is owed a step of ' || w.what
          FROM accounts a
          JOIN (SELECT account_id, 'post ' || id AS what FROM posts WHERE next_action_at IS NOT NULL
                UNION ALL
                SELECT account_id, 'harvest ' || id FROM harvests WHERE next_action_at IS NOT NULL
                UNION ALL
                SELECT account_id, 'backfill ' || id FROM backfills WHERE next_action_at IS NOT NULL
                UNION ALL
                SELECT account_id, 'reply ' || id FROM replies WHERE next_action_at IS NOT NULL
                UNION ALL
                SELECT account_id, 'token ' || id FROM tokens WHERE next_action_at IS NOT NULL
                UNION ALL
                SELECT account_id, 'follow-up ' || id FROM follow_ups WHERE next_action_at IS NOT NULL
                UNION ALL
                SELECT account_id, 'inquiry ' || id FROM inquiries WHERE next_action_at IS NOT NULL
                UNION ALL
                SELECT account_id, 'subscription ' || id FROM subscriptions WHERE next_action_at IS NOT NULL
                UNION ALL
                SELECT account_id, 'upload ' || id FROM uploads WHERE next_action_at IS NOT NULL
               ) w ON w.account_id = a.id
         WHERE a.state = 'removed'
    """,
    "erased_person_is_back": """
        SELECT 'comment ' || id || ' of an erased person says something' FROM comments
         WHERE erased_at IS NOT NULL AND num_nonnulls(username, text) > 0
        UNION ALL
        SELECT 'mention ' || id || ' of an erased person says something' FROM mentions
         WHERE erased_at IS NOT NULL AND num_nonnulls(username, text, media_url) > 0
        UNION ALL
        SELECT 'tag ' || id || ' of an erased person says something' FROM tags
         WHERE erased_at IS NOT NULL AND num_nonnulls(username, caption, permalink) > 0
    """,
    # Nor does a file go out that was still to be made right.
    "unfixed_media_offered": """
        SELECT 'part ' || p.id || ' was offered before its file was made right'
          FROM parts p JOIN conversions c ON c.id = p.conversion_id JOIN containers k ON k.part_id = p.id
         WHERE c.state <> 'done' OR p.media_sha256 IS DISTINCT FROM c.result_sha256
    """,
    # 10. A webhook lost after its 200.
    "inbox_forgotten": """
        SELECT 'inbox event ' || id || ' is neither handled nor owed a step' FROM inbox_events
         WHERE handled_at IS NULL AND next_action_at IS NULL AND error IS NULL
    """,
    "inbox_late": """
        SELECT 'inbox event ' || id || ' has waited since ' || received_at FROM inbox_events
         WHERE handled_at IS NULL AND next_action_at < now() - interval '10 minutes'
    """,
    # 11. An account that dies with nobody told: nobody looks after its token, or nobody was told of its end.
    "token_forgotten": """
        SELECT 'token ' || t.id || ' of account ' || a.name || ' is owed no look' FROM tokens t
          JOIN accounts a ON a.id = t.account_id WHERE t.next_action_at IS NULL
    """,
    "token_late": """
        SELECT 'token ' || t.id || ' of account ' || a.name || ' was to be looked at by ' || t.next_action_at
          FROM tokens t JOIN accounts a ON a.id = t.account_id
         WHERE t.next_action_at < now() - interval '1 hour'
    """,
    # And something happened, and those who want to hear of it do not.
    "notice_late": """
        SELECT what || id || ' has waited since ' || next_action_at
          FROM (SELECT 'notice ' AS what, id, next_action_at FROM notices
                 UNION ALL SELECT 'delivery ', id, next_action_at FROM deliveries) owed
         WHERE next_action_at < now() - interval '10 minutes'
    """,
    # 13. Somebody who may not: whoever is limited has said to which accounts, and who is shut out has gone.
    "limit_undone": """
        SELECT 'key ' || k.id || ' has grants and sees all accounts' FROM api_keys k
         WHERE NOT k.is_limited AND EXISTS (SELECT FROM grants g WHERE g.key_id = k.id)
        UNION ALL
        SELECT 'user ' || u.id || ' has grants and sees all accounts' FROM users u
         WHERE NOT u.is_limited AND EXISTS (SELECT FROM grants g WHERE g.user_id = u.id)
    """,
    "shut_out_and_signed_in": """
        SELECT 'session ' || s.id || ' goes on, and user ' || u.id || ' is ' || u.state
          FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE u.state <> 'active' AND s.ended_at IS NULL AND s.expires_at > now()
    """,
} | HISTORY


def run_all(tx: Session) -> dict[str, list[str]]:
    """The violations of each invariant that has any, at most ten of each. Reads the whole history."""
    return {name: rows for name, query in INVARIANTS.items() if (rows := violations(tx, query))}


def violations(tx: Session, query: str) -> list[str]:
    """What it yields, at most ten lines."""
    escaped = query.replace(":", "\\:")  # no bound parameters: a cast is a cast
    return [str(row) for row in tx.execute(text(f"SELECT * FROM ({escaped}) q LIMIT {_MOST}")).scalars()]  # noqa: S608
