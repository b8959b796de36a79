"""Invariants: silent on a healthy database, and each found when what it watches for is planted behind our back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.history.comment import SeenComment, see_comments
from models.history.insight import Audience, Observation, store_audience, store_observations
from models.history.media import MediaReading, SeenMedia, see_media, store_readings
from models.owed.gate import Level, account_key, set_level
from models.posts.post import Post
from models.store.guarding import APPEND_ONLY
from models.store.session import Database
from models.upkeep.invariants import INVARIANTS, run_all
from models.upkeep.seen_invariant import look
from pressrun import clock
from tests.factories.rows import (
    first_part,
    make_account,
    make_attempt,
    make_connection,
    make_container,
    make_harvest,
    make_inbox_event,
    make_mention,
    make_post,
    make_reply,
    make_token,
)

HOUR = timedelta(hours=1)


MISSED = [
    "UPDATE accounts SET created_at = now() - interval '10 days' WHERE id = :account",
    "UPDATE harvests SET kind = 'account', covered_at = now() WHERE id = :harvest",
]
BACKFILL = "INSERT INTO backfills (account_id, kind, since, next_action_at) VALUES (:account, 'account', now(), now())"


@pytest.fixture(scope="module")
def healthy(shared: Database) -> dict[str, int]:
    """One row of everything, in every state that needs other rows; the ids that the plants name."""
    with shared.transaction() as tx:
        return _world(tx)


def _world(tx: Session) -> dict[str, int]:
    now = clock.now()
    account = make_account(tx, quota_total=2)
    ids = {"account": account.id}

    def sent(name: str, state: str, attempt: str, quota: str, **over: Any) -> None:
        post = make_post(tx, account, state=state, parts=1, **over)
        part = first_part(tx, post)
        live = attempt == "succeeded"
        part.media_id = f"media-{name}" if live else None
        container = make_container(tx, part, account, status_code="PUBLISHED" if live else "FINISHED")
        made = make_attempt(
            tx,
            post,
            state=attempt,
            container_id=container.id,
            result_id=part.media_id,
            intent_at=now - timedelta(minutes=2),
        )
        tx.execute(
            text(
                "INSERT INTO quota_entries (account_id, attempt_id, state, counted_at, total)"
                " VALUES (:account, :attempt, :state, :at, 2)"
            ),
            {"account": account.id, "attempt": made.id, "state": quota, "at": now},
        )
        ids[name], ids[f"{name}_part"], ids[f"{name}_attempt"] = post.id, part.id, made.id

    sent("published", "published", "succeeded", "used", published_at=now, next_action_at=None)
    sent("second", "published", "succeeded", "used", published_at=now, next_action_at=now + HOUR)
    sent("uncertain", "uncertain", "unknown", "reserved", next_action_at=now + HOUR)
    sent("publishing", "publishing", "intent", "reserved", next_action_at=now + HOUR)
    sent("review", "needs_review", "needs_review", "reserved", next_action_at=None)
    sent("refused", "staged", "refused", "released", next_action_at=now + HOUR)
    for state in ("draft", "canceled", "failed", "expired"):
        ids[state] = make_post(tx, account, state=state, next_action_at=None).id
    ids["scheduled"] = make_post(tx, account, next_action_at=now - timedelta(seconds=1)).id
    edited = first_part(tx, tx.get_one(Post, ids["published"]))
    tx.execute(  # what an edit replaced stays, without a media id
        text("INSERT INTO parts (post_id, position, kind, dropped_at) VALUES (:post, 0, 'image', now())"),
        {"post": edited.post_id},
    )
    tx.execute(
        text(
            "INSERT INTO post_events (post_id, to_state, reason, message) VALUES (:post, 'staged', 'r', 'EAA and IG')"
        ),
        {"post": ids["published"]},
    )
    ids["harvest"] = make_harvest(tx, account, next_action_at=now + HOUR).id
    ids["token"] = make_token(tx, account).id
    tx.execute(
        text(
            "INSERT INTO harvest_runs (harvest_id, slot_at, status, api_version, started_at)"
            " VALUES (:harvest, now(), 'done', 'v25.0', now())"
        ),
        {"harvest": ids["harvest"]},
    )
    tx.execute(text("UPDATE harvests SET (last_run_id, last_slot_at) = (SELECT id, slot_at FROM harvest_runs)"))
    ids["inbox"] = make_inbox_event(tx, next_action_at=now - timedelta(seconds=1)).id
    make_inbox_event(tx, next_action_at=None, handled_at=now)
    make_inbox_event(tx, next_action_at=None, error="could not be handled")
    ids["connection"] = make_connection(tx).id
    mention = make_mention(tx, account)
    ids["mention"] = mention.id
    make_reply(tx, mention, next_action_at=now + HOUR)
    begun = {"next_action_at": now + HOUR, "intent_at": now - timedelta(minutes=2)}
    for state in ("sending", "unknown", "needs_review"):
        ids[f"{state}_reply"] = make_reply(tx, make_mention(tx, account), state=state, **begun).id
    lacking = make_post(
        tx,
        account,
        state="published",
        parts=0,
        published_at=now,
        next_action_at=None,
        first_comment="hello",
        missing={"comment": "refused"},
        error="refused",
    )
    ids["lacking"] = lacking.id
    ids["media"] = see_media(tx, account.id, [SeenMedia("1")], now=now)["1"]
    for value, at in ((1, now - timedelta(minutes=1)), (2, now)):
        store_readings(tx, [MediaReading(ids["media"], at, {"reach": value})], run_id=None)
        store_observations(tx, account.id, [Observation("reach", "day", "", now, value)], captured_at=at, run_id=None)
        store_audience(tx, account.id, [Audience("m", "t", "b", {"a": value})], captured_at=at, run_id=None)
    for words, at in (("hallo", now - timedelta(minutes=1)), ("hello!", now)):
        seen = [SeenComment("1", "1", text=words, is_hidden=False)]
        see_comments(tx, account.id, seen, now=at, are_shown=True)
    ids["comment"] = tx.execute(text("SELECT id FROM comments")).scalar_one()
    # A gate that shut a second after the last attempt was begun, and a call that was then under way.
    set_level(
        tx,
        account_key(account.id),
        account_id=account.id,
        level=Level.SHUT,
        percent=100,
        reason="usage 100 %",
        now=now - timedelta(minutes=2, seconds=-1),
        until=now + HOUR,
    )
    return ids


TOKEN = "EAAGm0PX4ZCpsBAKZCZDabcdefgh"

_UNGUARDED = "ALTER TABLE posts DROP CONSTRAINT ck_posts_active_is_owed"

PLANTS: dict[str, list[tuple[list[str], str]]] = {
    "part_published_twice": [
        (
            [
                "DROP INDEX uq_attempts_open",
                "UPDATE attempts SET part_id = :published_part WHERE id = :second_attempt",
            ],
            "part {published_part} has 2 successful publish attempts",
        )
    ],
    "comment_posted_twice": [
        (
            [
                "DROP INDEX uq_attempts_open",
                "INSERT INTO attempts (post_id, part_id, action, state, claim, intent_at, result_id)"
                " SELECT post_id, part_id, 'comment', 'succeeded', 1, intent_at, 'c' || n"
                " FROM attempts, generate_series(1, 2) n WHERE id = :published_attempt",
            ],
            "post {published} has 2 first comments",
        )
    ],
    "result_claimed_twice": [
        (
            [
                "INSERT INTO attempts (post_id, part_id, action, state, claim, intent_at, result_id)"
                " SELECT post_id, part_id, 'comment', 'succeeded', 1, intent_at, 'c1'"
                " FROM attempts WHERE id IN (:published_attempt, :second_attempt)",
            ],
            "comment c1 is the result of attempts",
        )
    ],
    "reply_unlike_its_attempt": [
        (["UPDATE replies SET state = 'queued' WHERE id = :sending_reply"], "reply {sending_reply} is queued but"),
        (["UPDATE attempts SET state = 'not_done' WHERE reply_id = :unknown_reply"], "its attempt is missing"),
    ],
    "comment_forgotten": [
        (["UPDATE posts SET missing = NULL, error = NULL WHERE id = :lacking"], "post {lacking} is owed no step"),
    ],
    "missing_unsaid": [
        (["UPDATE posts SET error = NULL WHERE id = :lacking"], "post {lacking} lacks something"),
    ],
    "reply_sent_twice": [
        (
            [
                "DROP INDEX uq_replies_number",
                "INSERT INTO replies (account_id, mention_id, number, text, next_action_at)"
                " VALUES (:account, :mention, 1, 'again', now())",
            ],
            "mention {mention} has 2 replies of number 1",
        ),
        (
            [
                "INSERT INTO replies (account_id, mention_id, number, text, state, comment_id)"
                " SELECT account_id, mention_id, n, 'again', 'sent', 'c1' FROM replies, generate_series(2, 3) n",
            ],
            "comment c1 is the result of replies",
        ),
    ],
    "media_claimed_twice": [
        (
            ["DROP INDEX uq_parts_media_id", "UPDATE parts SET media_id = 'media-published' WHERE id = :second_part"],
            "media media-published belongs to parts",
        )
    ],
    "container_replaced_while_unresolved": [
        (
            [
                "UPDATE containers SET dropped_at = now() WHERE part_id = :uncertain_part",
                "INSERT INTO containers (part_id, account_id) VALUES (:uncertain_part, :account)",
            ],
            "part {uncertain_part} got container",
        ),
        (
            [
                "UPDATE containers SET dropped_at = now() WHERE part_id = :review_part",
                "INSERT INTO containers (part_id, account_id) VALUES (:review_part, :account)",
            ],
            "while attempt {review_attempt} is unresolved",
        ),
    ],
    "due_post_unowned": [
        (
            ["UPDATE posts SET next_action_at = now() - interval '6 minutes' WHERE id = :scheduled"],
            "post {scheduled} is scheduled and was owed a step at",
        ),
        (
            ["UPDATE posts SET next_action_at = now() - interval '6 minutes' WHERE id = :published"],
            "post {published} is published",
        ),
    ],
    "active_post_owed_nothing": [
        ([_UNGUARDED, "UPDATE posts SET next_action_at = NULL WHERE id = :scheduled"], "post {scheduled} is scheduled"),
        ([_UNGUARDED, "UPDATE posts SET next_action_at = NULL WHERE id = :refused"], "post {refused} is staged"),
        ([_UNGUARDED, "UPDATE posts SET next_action_at = NULL WHERE id = :publishing"], "post {publishing} is publ"),
        ([_UNGUARDED, "UPDATE posts SET next_action_at = NULL WHERE id = :uncertain"], "post {uncertain} is uncert"),
    ],
    "publishing_without_attempt": [
        (["UPDATE attempts SET state = 'refused' WHERE id = :uncertain_attempt"], "post {uncertain} is uncertain"),
        (["UPDATE attempts SET state = 'not_done' WHERE id = :publishing_attempt"], "post {publishing} is publishing"),
        (["UPDATE attempts SET action = 'comment' WHERE id = :publishing_attempt"], "post {publishing} is publishing"),
    ],
    "attempt_without_publishing": [
        (["UPDATE posts SET state = 'staged' WHERE id = :publishing"], "attempt {publishing_attempt} is intent"),
        (["UPDATE posts SET state = 'failed' WHERE id = :uncertain"], "attempt {uncertain_attempt} is unknown"),
    ],
    "published_without_media_id": [
        (["UPDATE parts SET media_id = NULL WHERE id = :published_part"], "post {published} is published, but part"),
    ],
    "success_without_media_id": [
        (["UPDATE attempts SET result_id = NULL WHERE id = :published_attempt"], "attempt {published_attempt} succ"),
    ],
    "quota_exceeded": [
        (
            ["UPDATE quota_entries SET state = 'used' WHERE attempt_id = :uncertain_attempt"],
            "account {account} used 3 of 2 places",
        ),
        (
            [
                "UPDATE quota_entries SET counted_at = now() - interval '23 hours 59 minutes'"
                " WHERE attempt_id = :published_attempt",
                "UPDATE quota_entries SET state = 'used' WHERE attempt_id = :uncertain_attempt",
            ],
            "account {account} used 3 of 2 places",
        ),
    ],
    "late_answer_forgotten": [
        (
            ["UPDATE attempts SET result_id = '1790' WHERE id = :refused_attempt"],
            "publish attempt {refused_attempt} is refused though it has made 1790",
        ),
    ],
    "attempt_without_quota_place": [
        (
            ["DELETE FROM quota_entries WHERE attempt_id = :uncertain_attempt"],
            "publish attempt {uncertain_attempt} (unknown)",
        ),
        (
            ["UPDATE quota_entries SET state = 'released' WHERE attempt_id = :published_attempt"],
            "publish attempt {published_attempt} (succeeded)",
        ),
    ],
    "publish_while_shut": [
        (
            ["UPDATE attempts SET intent_at = now() WHERE id = :published_attempt"],
            "attempt {published_attempt} was begun while gate account:{account} was shut",
        ),
        (
            [
                "DELETE FROM gates",
                "INSERT INTO gates (key, level, changed_at, until)"
                " VALUES ('app:1', 'shut', now() - interval '1 hour', now() + interval '1 hour')",
            ],
            "was begun while gate app:1 was shut",
        ),
    ],
    "token_in_text": [
        (["UPDATE posts SET error = 'the token @TOKEN@ failed' WHERE id = :failed"], "post {failed} holds something"),
        (["UPDATE attempts SET message = '@TOKEN@' WHERE id = :review_attempt"], "attempt {review_attempt} holds"),
        (["UPDATE accounts SET state_reason = '@TOKEN@' WHERE id = :account"], "account {account} holds something"),
        (["UPDATE harvest_runs SET errors = jsonb_build_array('@TOKEN@')"], "harvest run 1 holds something"),
        (["UPDATE replies SET error = '@TOKEN@'"], "reply "),
        (["UPDATE connections SET error = '@TOKEN@'"], "connection {connection} holds something"),
        (["UPDATE inbox_events SET error = '@TOKEN@' WHERE id = :inbox"], "inbox event {inbox} holds something"),
        (["INSERT INTO notices (kind, message) VALUES ('test', '@TOKEN@')"], "notice "),
        (
            ["INSERT INTO post_events (post_id, to_state, reason, message) VALUES (:draft, 'draft', 'r', '@TOKEN@')"],
            "event ",
        ),
        (
            [
                "INSERT INTO post_events (post_id, to_state, reason, detail)"
                " VALUES (:draft, 'draft', 'r', jsonb_build_object('url', '@TOKEN@'))"
            ],
            "event ",
        ),
        (["UPDATE posts SET error = 'GET /me?access_token=abc' WHERE id = :failed"], "post {failed} holds something"),
        (["UPDATE posts SET error = 'SIM-TOKEN-1' WHERE id = :failed"], "post {failed} holds something"),
        (
            ["UPDATE posts SET error = 'IGQVJXabcdefghijklmnopqrst' WHERE id = :failed"],
            "post {failed} holds something",
        ),
    ],
    "token_not_sealed": [
        (["UPDATE accounts SET token_sealed = '@TOKEN@'"], "account {account} holds a token"),
        (["UPDATE accounts SET token_sealed = ''"], "account {account} holds a token"),
        (["UPDATE connections SET token_sealed = '@TOKEN@'"], "connection {connection} holds a token"),
        (["UPDATE connections SET code_sealed = '@TOKEN@'"], "connection {connection} holds a token"),
        (
            ["INSERT INTO endpoints (name, way, place, address_sealed) VALUES ('ops', 'webhook', 'x', 'https://x')"],
            "holds a secret that the vault did not seal",
        ),
        (
            [
                "INSERT INTO users (name, role, created_by, totp_sealed, totp_since)"
                " VALUES ('ana', 'author', 'owner', 'JBSWY3DPEHPK3PXP', now())"
            ],
            "has a second factor that the vault did not seal",
        ),
    ],
    "token_left_over": [
        (
            [
                "ALTER TABLE connections DROP CONSTRAINT ck_connections_settled_is_bare",
                "UPDATE connections SET state = 'failed', error = 'no', settled_at = now(), next_action_at = NULL",
            ],
            "connection {connection} is failed and still holds a token",
        ),
    ],
    "connection_forgotten": [
        (
            [
                "ALTER TABLE connections DROP CONSTRAINT ck_connections_asked_is_owed",
                "UPDATE connections SET next_action_at = NULL",
            ],
            "connection {connection} is asked for and owed no step",
        ),
        (["UPDATE connections SET expires_at = now() + interval '2 days'"], "connection {connection} is asked for"),
    ],
    "connection_late": [
        (
            ["UPDATE connections SET next_action_at = now() - interval '11 minutes'"],
            "connection {connection} has waited since",
        ),
        (
            [
                "UPDATE connections SET state = 'waiting', next_action_at = NULL, created_at = now() - interval '2 h',"
                " expires_at = now() - interval '11 minutes'"
            ],
            "connection {connection} has waited since",
        ),
    ],
    "token_forgotten": [
        (["UPDATE tokens SET next_action_at = NULL"], "token {token} of account"),
    ],
    "token_late": [
        (["UPDATE tokens SET next_action_at = now() - interval '61 minutes'"], "was to be looked at by"),
    ],
    "removed_account_owed": [
        (
            ["UPDATE accounts SET state = 'removed', token_sealed = NULL"],
            "account {account} was removed and is owed a step of",
        ),
    ],
    "erased_person_is_back": [
        (["UPDATE mentions SET erased_at = now(), username = 'ana'"], "of an erased person says something"),
    ],
    "latest_without_point": [
        (["UPDATE account_latest SET value = 3"], "account {account} reach"),
        (["UPDATE account_latest SET captured_at = now() - interval '3 hours'"], "is not in the history"),
        (
            [
                "ALTER TABLE account_observations DISABLE TRIGGER append_only",
                "DELETE FROM account_observations WHERE value = 2",
                "ALTER TABLE account_observations ENABLE TRIGGER append_only",
            ],
            "is not in the history",
        ),
    ],
    "public_latest_without_point": [
        (
            [
                "INSERT INTO watches (account_id, kind, name) VALUES (:account, 'competitor', 'rival')",
                "INSERT INTO competitor_latest (watch_id, metric, value, captured_at, last_checked_at)"
                " SELECT id, 'followers_count', 5, now(), now() FROM watches",
            ],
            "followers_count is not in the history",
        ),
        (
            [
                "INSERT INTO watches (account_id, kind, name) VALUES (:account, 'hashtag', 'bread')",
                "INSERT INTO public_media (watch_id, ig_id, first_seen_at, last_seen_at)"
                " SELECT id, '1', now(), now() FROM watches",
                "INSERT INTO public_media_latest (public_media_id, captured_at, last_checked_at)"
                " SELECT id, now(), now() FROM public_media",
            ],
            "is not in the history",
        ),
    ],
    "hashtag_budget_exceeded": [
        (
            [
                "INSERT INTO hashtag_searches (account_id, name, searched_at)"
                " SELECT :account, 'tag' || n, now() - interval '6 days' FROM generate_series(1, 31) n"
            ],
            "account {account} looked at 31 hashtags",
        ),
    ],
    "media_latest_unlike_history": [
        (["UPDATE media_latest SET reach = 3"], "media {media} is not in the history"),
        (["UPDATE media_latest SET reach = NULL, likes = 1"], "media {media} is not in the history"),
        (["UPDATE media_latest SET captured_at = now() - interval '1 hour'"], "media {media} is not in the history"),
        (
            [
                "INSERT INTO media_snapshots (media_id, captured_at, extra)"
                " SELECT media_id, now() + interval '1 second', jsonb_build_object('navigation', 5) FROM media_latest",
                "UPDATE media_latest SET captured_at = now() + interval '1 second'",
            ],
            "media {media} is not in the history",
        ),
        (
            [
                "INSERT INTO media_snapshots (media_id, captured_at, reach)"
                " SELECT media_id, now() + interval '1 second', 3 FROM media_latest"
            ],
            "media {media} has been read since",
        ),
    ],
    "audience_latest_unlike_history": [
        (["UPDATE audience_latest SET counts = jsonb_build_object('a', 3)"], "account {account} m by b is not in"),
        (["UPDATE audience_latest SET captured_at = now() - interval '1 hour'"], "account {account} m by b is not in"),
        (
            [
                "INSERT INTO audience_snapshots (account_id, metric, timeframe, breakdown, captured_at, counts)"
                " SELECT account_id, metric, timeframe, breakdown, now() + interval '1 second', counts"
                " FROM audience_latest"
            ],
            "account {account} m by b is not in",
        ),
    ],
    "comment_unlike_its_versions": [
        ([change], "comment {comment} is not what its newest version says")
        for change in (
            "UPDATE comments SET text = 'hello'",
            "UPDATE comments SET is_hidden = NOT is_hidden",
            "UPDATE comments SET gone_at = now()",
        )
    ],
    "history_not_guarded": [
        ([f"DROP TRIGGER append_only ON {table}"], f"table {table} has lost") for table in APPEND_ONLY
    ]
    + [([f"DROP TRIGGER no_truncate ON {table}"], f"table {table} can be truncated") for table in APPEND_ONLY]
    + [(["ALTER TABLE post_events DISABLE TRIGGER append_only"], "table post_events has lost")]
    + [
        (
            [f"ALTER TABLE media_snapshots_{part} DISABLE TRIGGER no_truncate"],
            f"table media_snapshots_{part} can be truncated",
        )
        for part in ("default", f"{clock.now():%Y_%m}")
    ],
    "unfixed_media_offered": [
        (
            [
                "INSERT INTO conversions (asked_by, source_sha256, recipe_key, next_action_at)"
                " VALUES (1, 'a', 'b', now() + interval '1 hour')",
                "UPDATE parts SET conversion_id = (SELECT max(id) FROM conversions) WHERE id = :published_part",
            ],
            "part {published_part} was offered before its file was made right",
        ),
    ],
    "inbox_forgotten": [
        (["UPDATE inbox_events SET next_action_at = NULL WHERE id = :inbox"], "inbox event {inbox} is neither handled"),
    ],
    "harvest_unlike_its_runs": [
        (["UPDATE harvests SET last_run_id = NULL"], "harvest {harvest} says something else than its runs"),
        (["UPDATE harvests SET done_at = now()"], "harvest {harvest} says something else"),
        (["UPDATE harvests SET covered_at = now()"], "harvest {harvest} says something else"),
        (["UPDATE harvest_runs SET finished_at = now()"], "harvest {harvest} says something else"),
        (
            [
                "INSERT INTO harvest_runs (harvest_id, slot_at, status, api_version, started_at)"
                " VALUES (:harvest, now() + interval '1 hour', 'running', 'v25.0', now())"
            ],
            "harvest {harvest} says something else",
        ),
    ],
    "notice_late": [
        (
            ["INSERT INTO notices (kind, message, next_action_at) VALUES ('test', 'x', now() - interval '11 minutes')"],
            "has waited since",
        ),
    ],
    "limit_undone": [
        (
            [
                "INSERT INTO api_keys (name, digest, begins, scopes, created_by)"
                " VALUES ('k', 'd', 'pr_', '{read}', 'x')",
                "INSERT INTO grants (key_id, account_id) SELECT id, :account FROM api_keys",
            ],
            "has grants and sees all accounts",
        ),
        (
            [
                "INSERT INTO users (name, role, created_by) VALUES ('u', 'viewer', 'x')",
                "INSERT INTO grants (user_id, account_id) SELECT id, :account FROM users",
            ],
            "has grants and sees all accounts",
        ),
    ],
    "shut_out_and_signed_in": [
        (
            [
                "INSERT INTO users (name, role, state, created_by) VALUES ('u', 'viewer', 'disabled', 'x')",
                "INSERT INTO sessions (user_id, digest, way, expires_at, last_used_at)"
                " SELECT id, 'd', 'password', now() + interval '1 hour', now() FROM users",
            ],
            "is disabled",
        ),
    ],
    "covered_without_history": [
        (
            [
                "INSERT INTO covered_days (account_id, day, period_end, read_at, points)"
                " VALUES (:account, current_date - 5, now() - interval '4 days', now(), 7)"
            ],
            "account {account} has read",
        ),
    ],
    "day_missed_for_ever": [
        (MISSED, "account {account} misses"),
        (
            [*MISSED, BACKFILL, "UPDATE backfills SET finished_at = now() - interval '1 day', next_action_at = NULL"],
            "and no backfill is going to read it",
        ),
    ],
    "media_late": [
        (
            [
                "INSERT INTO bucket_objects (bucket, key, sha256, extension, next_action_at)"
                " VALUES ('media', 'x.jpg', 'x', 'jpg', now() - interval '11 minutes')"
            ],
            "has waited since",
        ),
        (
            [
                "INSERT INTO uploads (container_id, account_id, url, sha256, next_action_at)"
                " SELECT id, account_id, 'x', 'x', now() - interval '11 minutes' FROM containers LIMIT 1"
            ],
            "has waited since",
        ),
    ],
    "inbox_late": [
        (
            ["UPDATE inbox_events SET next_action_at = now() - interval '11 minutes' WHERE id = :inbox"],
            "inbox event {inbox} has waited since",
        ),
    ],
    "media_snapshots_without_partition": [
        (
            ["INSERT INTO media_snapshots (media_id, captured_at) VALUES (:media, '2099-01-01')"],
            "rows without a month of their own in media_snapshots",
        )
    ],
    "account_observations_without_partition": [
        (
            [
                "INSERT INTO account_observations (account_id, metric, period, period_end, captured_at, value)"
                " VALUES (:account, 'reach', 'day', now(), '2099-01-01', 1)"
            ],
            "rows without a month of their own in account_observations",
        )
    ],
    "competitor_observations_without_partition": [
        (
            [
                "INSERT INTO competitor_observations (watch_id, metric, captured_at, value)"
                " VALUES (1, 'followers_count', '2099-01-01', 1)"
            ],
            "rows without a month of their own in competitor_observations",
        )
    ],
    "public_media_snapshots_without_partition": [
        (
            [
                "INSERT INTO public_media_snapshots (public_media_id, captured_at, like_count)"
                " VALUES (1, '2099-01-01', 1)"
            ],
            "rows without a month of their own in public_media_snapshots",
        )
    ],
    "harvest_runs_without_partition": [
        (
            [
                "INSERT INTO backfills (account_id, kind, since, next_action_at)"
                " VALUES (:account, 'tags', now(), now() + interval '1 hour')",
                "INSERT INTO harvest_runs (harvest_id, slot_at, status, api_version, started_at, backfill_id)"
                " SELECT :harvest, '2099-01-01', 'done', 'v25.0', now(), id FROM backfills LIMIT 1",
            ],
            "rows without a month of their own in harvest_runs",
        )
    ],
    "hashtag_tops_without_partition": [
        (
            ["INSERT INTO hashtag_tops (watch_id, captured_at, ig_ids) VALUES (1, '2099-01-01', jsonb_build_array())"],
            "rows without a month of their own in hashtag_tops",
        )
    ],
}

# What breaks one of these breaks the other by its nature.
ALSO: dict[str, set[str]] = {
    "part_published_twice": {"published_without_media_id"},
    "publishing_without_attempt": {"attempt_without_quota_place"},
    "reply_sent_twice": {"reply_unlike_its_attempt"},
    "attempt_without_publishing": {"publishing_without_attempt"},
    "media_snapshots_without_partition": {"media_latest_unlike_history"},
    "day_missed_for_ever": {"harvest_unlike_its_runs"},
}


def _found(database: Database, ids: dict[str, int], statements: list[str]) -> dict[str, list[str]]:
    """The violations after these statements, which are then undone."""
    with database.transaction() as tx:
        for statement in statements:
            names = {name: id_ for name, id_ in ids.items() if f":{name}" in statement}
            tx.execute(text(statement.replace("@TOKEN@", TOKEN)), names)
        found = run_all(tx)
        # What has just been changed is seen by a look at what has changed.
        assert look(tx).violated.keys() == found.keys()
        tx.rollback()
    return found


def test_an_empty_database_violates_none(loose: Database) -> None:
    assert _found(loose, {}, []) == {}


def test_a_healthy_database_violates_none(shared: Database, healthy: dict[str, int]) -> None:
    assert _found(shared, healthy, []) == {}


def test_every_invariant_has_its_plant() -> None:
    assert set(PLANTS) == set(INVARIANTS)


@pytest.mark.parametrize(
    ("name", "statements", "told"),
    [
        pytest.param(name, statements, told, id=f"{name}-{number}")
        for name, plants in PLANTS.items()
        for number, (statements, told) in enumerate(plants, 1)
    ],
)
def test_a_planted_violation_is_found_and_named(
    shared: Database, healthy: dict[str, int], name: str, statements: list[str], told: str
) -> None:
    found = _found(shared, healthy, statements)

    assert told.format(**healthy) in " | ".join(found[name])
    assert set(found) - {name} <= ALSO.get(name, set())


HARMLESS: dict[str, list[str]] = {
    "a missed day that a backfill is going to read": [
        *MISSED,
        "UPDATE harvest_runs SET finished_at = now()",
        "UPDATE harvests SET done_at = now()",
        BACKFILL,
    ],
    "a post that fell due a moment ago": [
        "UPDATE posts SET next_action_at = now() - interval '4 minutes 50 seconds' WHERE id = :scheduled"
    ],
    "a notification that came a moment ago": [
        "UPDATE inbox_events SET next_action_at = now() - interval '9 minutes 50 seconds' WHERE id = :inbox"
    ],
    "a call that was under way when the gate shut": [
        "UPDATE gates SET changed_at = now() - interval '3 minutes'",
        "UPDATE attempts SET intent_at = now() - interval '2 minutes 58 seconds' WHERE id = :published_attempt",
        "UPDATE attempts SET intent_at = now() - interval '4 minutes' WHERE id <> :published_attempt",
    ],
    "an intent that was taken back because the gate was shut": [
        "UPDATE attempts SET intent_at = now(), state = 'not_done' WHERE id = :refused_attempt",
    ],
    "a publish after the gate's time": [
        "UPDATE gates SET until = now() - interval '1 minute'",
        "UPDATE attempts SET intent_at = now() WHERE id = :published_attempt",
    ],
    "a publish while the gate left the rest to publishing": [
        "UPDATE gates SET level = 'reserved'",
        "UPDATE attempts SET intent_at = now() WHERE id = :published_attempt",
    ],
    "a quota that Instagram has lowered since": ["UPDATE accounts SET quota_total = 1"],
    "places of more than a day": [
        "UPDATE quota_entries SET counted_at = now() - interval '25 hours' WHERE attempt_id = :published_attempt",
        "UPDATE quota_entries SET state = 'used' WHERE attempt_id = :uncertain_attempt",
    ],
    "places that were taken when there were more": [
        "UPDATE quota_entries SET total = 25 WHERE attempt_id = :published_attempt",
        "UPDATE quota_entries SET state = 'used' WHERE attempt_id = :uncertain_attempt",
    ],
    "a first comment that failed": [
        "INSERT INTO attempts (post_id, part_id, action, state, claim, intent_at)"
        " VALUES (:published, :published_part, 'comment', 'unknown', 1, now() - interval '10 minutes')",
    ],
    "a container that was replaced before it was ever sent": [
        "UPDATE containers SET dropped_at = now() WHERE part_id = :refused_part",
        "INSERT INTO containers (part_id, account_id) VALUES (:refused_part, :account)",
    ],
    "a backfill, whose runs are of no slot": [
        "INSERT INTO backfills (account_id, kind, since, next_action_at)"
        " VALUES (:account, 'profile', now(), now() + interval '1 minute')",
        "INSERT INTO harvest_runs (harvest_id, backfill_id, slot_at, status, api_version, started_at, finished_at)"
        " SELECT :harvest, id, now() + interval '1 hour', 'done', 'v25.0', now(), now() FROM backfills",
    ],
    "a connection that was asked for a moment ago": [
        "UPDATE connections SET next_action_at = now() - interval '9 minutes 50 seconds'"
    ],
    "a media of which no answer has told anything": [
        "INSERT INTO media (account_id, ig_id) VALUES (:account, 'silent')",
        "INSERT INTO media_latest (media_id, captured_at, last_checked_at)"
        " SELECT id, now(), now() FROM media WHERE ig_id = 'silent'",
    ],
    "the newest values of a month that retention has dropped": [
        "ALTER TABLE media_snapshots DISABLE TRIGGER append_only",
        "ALTER TABLE audience_snapshots DISABLE TRIGGER append_only",
        "DELETE FROM media_snapshots",
        "DELETE FROM audience_snapshots",
        "ALTER TABLE media_snapshots ENABLE TRIGGER append_only",
        "ALTER TABLE audience_snapshots ENABLE TRIGGER append_only",
        "INSERT INTO dropped_months SELECT t, now() - interval '1 day', now() + interval '1 day', 0, now()"
        " FROM unnest(ARRAY['media_snapshots', 'audience_snapshots']) t",
    ],
    "a claimed inbox event": ["UPDATE inbox_events SET next_action_at = now() + interval '1 minute' WHERE id = :inbox"],
}


@pytest.mark.parametrize("statements", HARMLESS.values(), ids=HARMLESS)
def test_what_is_right_is_not_accused(shared: Database, healthy: dict[str, int], statements: list[str]) -> None:
    assert _found(shared, healthy, statements) == {}


def test_at_most_ten_offenders_are_named(loose: Database) -> None:
    with loose.transaction() as tx:
        account = make_account(tx)
        for _ in range(15):
            make_post(tx, account, next_action_at=clock.now() - HOUR)

    assert len(_found(loose, {}, [])["due_post_unowned"]) == 10
