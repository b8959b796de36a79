"""An account with a row of every kind that can be an account's, each of which makes sense beside the others."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.access.grant import grant
from models.access.key import add_key
from models.accounts.account import Account
from models.accounts.account_name import record_name
from models.accounts.block import hold, record_live
from models.asked.poll import store_tally
from models.harvests import raw_answer
from models.harvests.coverage import DayRead, note_day
from models.harvests.harvest import RunStatus, begin_run, end_run
from models.harvests.media_state import keep_states
from models.harvests.raw_answer import Answer, packed
from models.harvests.watch import Watch
from models.history.comment import SeenComment, see_comments
from models.history.competitor import store_competitor
from models.history.hashtag import reserve_search, store_top
from models.history.insight import Audience, Observation, store_audience, store_observations
from models.history.media import MediaReading, SeenMedia, bind_media, see_media, store_readings
from models.history.public_media import SeenPublicMedia, store_public_media
from models.history.tag import SeenTag, see_tags
from models.posts.event import Cause, record_event
from models.posts.post import Post
from models.telling.endpoint import NoticeRule
from models.ways.bucket_object import BucketUse
from pressrun.instagram.pacific import days
from tests.factories.rows import (
    first_part,
    make_account,
    make_attempt,
    make_backfill,
    make_container,
    make_delivery,
    make_endpoint,
    make_follow_up,
    make_harvest,
    make_inbox_event,
    make_inquiry,
    make_mention,
    make_object,
    make_post,
    make_reply,
    make_subscription,
    make_token,
    make_upload,
)

_numbers = itertools.count(1)


def make_lived_in_account(tx: Session, *, now: datetime) -> Account:
    """An account that has published, is read, was mentioned and replied to, and watches others. None is uncertain."""
    account = make_account(tx)
    record_name(tx, account.id, f"renamed_{account.id}")
    _publish(tx, account, now)
    make_post(tx, account, publish_at=now + timedelta(days=1), next_action_at=now + timedelta(days=1))
    _read(tx, account, now)
    _hear(tx, account, now)
    _watch(tx, account, now)
    told = {"id": account.id, "now": now}
    tx.execute(text("INSERT INTO slots (account_id, weekday, wall_time) VALUES (:id, 1, '09:00')"), told)
    gate = "INSERT INTO gates (key, account_id, level, changed_at) VALUES ('account:' || :id, :id, 'open', :now)"
    tx.execute(text(gate.replace("|| :id", "|| CAST(:id AS text)")), told)
    key, _ = add_key(tx, f"key of {account.name}", ["read"], is_limited=True, created_by="owner", expires_at=None)
    grant(tx, key, {account.id})
    connection = """
        INSERT INTO connections (login, ig_id, name, state, account_id, is_new, expires_at, settled_at)
        SELECT login, ig_id, name, 'done', id, true, :now, :now FROM accounts WHERE id = :id
    """
    tx.execute(text(connection), told)
    make_token(tx, account)
    tx.execute(text("INSERT INTO drafts (account_id, fields, author) VALUES (:id, '{}', 'owner')"), told)
    _tell(tx, account)
    make_subscription(tx, account)
    make_inquiry(tx, account, state="done", answer=[], settled_at=now, next_action_at=None)
    return account


def _tell(tx: Session, account: Account) -> None:
    endpoint = make_endpoint(tx)
    tx.add(NoticeRule(endpoint_id=endpoint.id, account_id=account.id, kind="post.published", how="never"))
    delivery = make_delivery(tx, endpoint)
    held = "SELECT notice_id FROM delivery_notices WHERE delivery_id = :delivery"
    of_it = {"id": account.id, "delivery": delivery.id}
    tx.execute(text(f"UPDATE notices SET account_id = :id WHERE id = ({held})"), of_it)  # noqa: S608 - a constant


def _publish(tx: Session, account: Account, now: datetime) -> Post:
    number = next(_numbers)
    media_id = f"1799{number}"
    post = make_post(
        tx,
        account,
        state="published",
        published_at=now,
        sent_at=now,
        media_id=media_id,
        permalink="x",
        next_action_at=None,
    )
    part = first_part(tx, post)
    part.media_id = media_id
    container = make_container(tx, part, account, status_code="PUBLISHED")
    gone = make_object(tx, state="gone", removed_at=now, next_action_at=None)
    tx.add(BucketUse(object_id=gone.id, part_id=part.id, until=now))
    make_upload(tx, account, container_id=container.id, state="done", settled_at=now, next_action_at=None)
    attempt = make_attempt(
        tx, post, state="succeeded", result_id=media_id, settled_at=now, container_id=container.id, sent_at=now
    )
    place = (
        "INSERT INTO quota_entries (account_id, attempt_id, state, counted_at, total) VALUES (:a, :t, 'used', :now, 50)"
    )
    tx.execute(text(place), {"a": account.id, "t": attempt.id, "now": now})
    hold(tx, account.id, reason="spam", now=now - timedelta(hours=2), attempt_id=attempt.id)
    record_live(tx, account.id, attempt.id, now=now - timedelta(hours=1))
    record_event(tx, post.id, Cause("post.published"), from_state="publishing", to_state="published")
    bind_media(tx, account.id, media_id, part.id, now=now)
    make_follow_up(tx, post, kind="poll")
    votes = [{"text": "yes", "votes_share": 0.5}, {"text": "no", "votes_share": 0.5}]
    store_tally(tx, account.id, media_id, votes, captured_at=now, expires_at=now, extra={})
    return post


def _read(tx: Session, account: Account, now: datetime) -> None:
    harvest = make_harvest(tx, account, kind="media")
    run = begin_run(tx, harvest.id, now, api_version="v25.0", now=now)
    end_run(tx, run.id, RunStatus.DONE, now=now)
    make_backfill(tx, account)
    media_id = see_media(tx, account.id, [SeenMedia("1")], now=now)["1"]
    store_readings(tx, [MediaReading(media_id, now, {"views": 5})], run_id=run.id)
    keep_states(tx, {media_id: {"read_at": now}})
    note_day(tx, account.id, DayRead(days(now, closed=1)[0], 0), read_at=now)
    gap = "INSERT INTO harvest_gaps (account_id, kind, since, until, why) VALUES (:id, 'tags', :at, :at, 'stopped')"
    tx.execute(text(gap), {"id": account.id, "at": now})
    points = [Observation("reach", "day", "", now, 7)]
    store_observations(tx, account.id, points, captured_at=now, run_id=run.id)
    audience = Audience("follower_demographics", "this_week", "age", {"18-24": 3})
    store_audience(tx, account.id, [audience], captured_at=now, run_id=run.id)
    answer = Answer(1, now, "GET /{media}/comments", {"path": "1/comments", "params": {}}, packed(b'{"data": []}'))
    raw_answer.keep_answers(tx, [answer], run_id=run.id, account_id=account.id, api_version="v25.0")


def _hear(tx: Session, account: Account, now: datetime) -> None:
    number = next(_numbers)
    make_inbox_event(tx, account_id=account.id, entry_id=account.ig_id, next_action_at=now)
    see_comments(
        tx, account.id, [SeenComment(f"c{number}", "1", username="ana", text="hello")], now=now, are_shown=True
    )
    later = now + timedelta(seconds=1)
    see_comments(tx, account.id, [SeenComment(f"c{number}", "1", text="hello you")], now=later, are_shown=True)
    see_tags(tx, account.id, [SeenTag(f"t{number}", username="ana", caption="lunch")], now=now)
    mention = make_mention(tx, account)
    make_reply(
        tx,
        mention,
        state="sent",
        comment_id=f"r{number}",
        settled_at=now,
        settled_by="answer",
        intent_at=now,
        next_action_at=None,
    )


def _watch(tx: Session, account: Account, now: datetime) -> None:
    rival, tag = (Watch(account_id=account.id, kind=kind, name="x") for kind in ("competitor", "hashtag"))
    tx.add_all([rival, tag])
    tx.flush()
    store_competitor(tx, rival.id, {"followers_count": 9}, captured_at=now, run_id=None)
    store_public_media(tx, rival.id, [SeenPublicMedia("9", like_count=1)], captured_at=now, run_id=None)
    reserve_search(tx, account.id, "x", now=now)
    store_top(tx, tag.id, ["9"], captured_at=now, run_id=None)
