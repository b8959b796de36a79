"""Every SQL example of the documentation runs on a migrated database and finds what it is there to find."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.accounts import quota
from models.accounts.account import Account
from models.accounts.block import hold
from models.asked.poll import store_tally
from models.harvests.harvest import RunStatus, begin_run, end_run
from models.harvests.watch import WatchKind, active_watches
from models.history.comment import SeenComment, see_comments
from models.history.competitor import store_competitor
from models.history.insight import MOMENT, NO_PERIOD, Audience, Observation, store_audience, store_observations
from models.history.media import MediaReading, SeenMedia, see_media, store_readings
from models.history.mention import announce_mention, record_reading
from models.history.public_media import SeenPublicMedia, store_public_media
from models.history.tag import SeenTag, see_tags
from models.owed.gate import Level, account_key, set_level
from models.store.partitions import ensure_partitions
from models.store.session import Database
from pressrun import clock
from scheduler.harvests.watching import watch
from scheduler.posts.changing import resolve_published
from tests.factories.rows import (
    first_part,
    make_account,
    make_attempt,
    make_backfill,
    make_harvest,
    make_inbox_event,
    make_post,
    make_token,
)
from tests.unit.docs.pages import USER_PAGES, Page

BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in USER_PAGES
    for number, block in enumerate(Page(page).blocks("sql"), 1)
]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_PACIFIC = ZoneInfo("America/Los_Angeles")
REEL, STORY = "17900000000000001", "17900000000000002"


@pytest.mark.parametrize("block", BLOCKS)
def test_an_example_finds_something(database: Database, block: str) -> None:
    now = clock.now()
    with database.transaction() as tx:
        _some_history(tx, now)

    found = run(database, block)

    assert found, "nothing was found"


def test_there_are_examples() -> None:
    assert len(BLOCKS) > 15


def test_the_first_question_about_the_history_is_what_of_it_was_read() -> None:
    history = next(Page(page) for page in USER_PAGES if page.stem == "history")

    assert "FROM coverage" in history.blocks("sql")[0]


def test_what_was_known_two_days_ago_is_the_value_before_it_was_restated(database: Database) -> None:
    now = clock.now()
    with database.transaction() as tx:
        _some_history(tx, now)

    [newest] = run(database, block_with("SELECT day, reach, views, total_interactions"))
    [then] = run(database, block_with("account_daily_as_of(now() - interval '2 days')"))
    [restated] = run(database, block_with("AS restated_at"))

    assert (newest.reach, then.reach) == (120, 100)
    assert restated.known == [100, 120]


def test_followers_of_a_day_without_a_new_count_are_those_of_the_day_before(database: Database) -> None:
    now = clock.now()
    with database.transaction() as tx:
        _some_history(tx, now)

    found = run(database, block_with("SELECT day, followers, change"))

    assert [row.followers for row in found] == [
        300,
        300,
    ]  # a count, and a reading without a new one
    assert {row.change for row in found} == {None}  # on the days between nobody looked


def test_media_are_compared_at_the_same_age(database: Database) -> None:
    now = clock.now()
    with database.transaction() as tx:
        _some_history(tx, now)

    found = {row.ig_id: row.views for row in run(database, block_with("AND m.posted_at < now()"))}

    assert found[REEL] == 20  # and not the 30 that it had later


def block_with(part: str) -> str:
    [found] = [block.values[0] for block in BLOCKS if part in str(block.values[0])]
    return str(found)


def run(database: Database, block: str) -> list[Row[tuple[object, ...]]]:
    """The rows that it finds or changes."""
    returning = " RETURNING *" if block.startswith("UPDATE") else ""
    with database.transaction() as tx:
        return list(tx.execute(text(block.strip().rstrip(";").replace(":", "\\:") + returning)))


def _some_history(tx: Session, now: datetime) -> None:
    """One account with something in every table."""
    ensure_partitions(tx, now=now - 40 * DAY)
    account = make_account(tx, name="harbour-bakery", timezone="Europe/Oslo", created_at=now - 20 * DAY)
    make_token(tx, account, next_action_at=now + DAY)
    make_harvest(tx, account, kind="account")  # which never ran, and misses all of them
    make_post(tx, account, publish_at=now + DAY, next_action_at=now + DAY)
    first_part(tx, make_post(tx, account, publish_at=now + DAY, next_action_at=now + DAY)).media_sha256 = "ab" * 32
    run_id = _a_run(tx, account, now)
    _media(tx, account, now, run_id)
    votes = [{"text": "yes", "votes_share": 0.6}, {"text": "no", "votes_share": 0.4}]
    store_tally(tx, account.id, REEL, votes, captured_at=now, expires_at=now + DAY, extra={})
    _a_published_post(tx, account, now)
    _insights(tx, account, now, run_id)
    _people(tx, account, now)
    _others(tx, account, now)
    set_level(
        tx,
        account_key(account.id),
        account_id=account.id,
        level=Level.SLOW,
        percent=61,
        reason="usage 61 %",
        now=now,
        until=None,
    )
    make_inbox_event(tx, account_id=account.id)


def _others(tx: Session, account: Account, now: datetime) -> None:
    for kind, name in ((WatchKind.COMPETITOR, "rival"), (WatchKind.HASHTAG, "sourdough")):
        watch(tx, account, kind, name)
        [one] = active_watches(tx, account.id, kind)
        seen = SeenPublicMedia("17900000000000009", posted_at=now - DAY, like_count=7)
        store_public_media(tx, one.id, [seen], captured_at=now, run_id=None)
        if kind is WatchKind.COMPETITOR:
            store_competitor(tx, one.id, {"followers_count": 500}, captured_at=now, run_id=None)


def _a_published_post(tx: Session, account: Account, now: datetime) -> None:
    post = make_post(tx, account, state="needs_review", next_action_at=None)
    attempt = make_attempt(tx, post, state="needs_review")
    quota.reserve(tx, account, attempt.id, now=now)
    resolve_published(tx, post.id, REEL, now=now)
    hold(tx, account.id, reason="suspected of spam", now=now)


def _a_run(tx: Session, account: Account, now: datetime) -> int:
    harvest = make_harvest(tx, account)
    run = begin_run(tx, harvest.id, now, api_version="v25.0", now=now)
    end_run(tx, run.id, RunStatus.DONE, now=now)
    make_backfill(tx, account, next_action_at=now + DAY)
    tx.flush()
    return run.id


def _media(tx: Session, account: Account, now: datetime, run_id: int) -> None:
    posted_at = now - 3 * DAY
    ids = see_media(
        tx,
        account.id,
        [
            SeenMedia(REEL, "VIDEO", "REELS", "Bread", "https://www.instagram.com/reel/A/", posted_at),
            SeenMedia(STORY, "IMAGE", "STORY", None, None, posted_at),
        ],
        now=posted_at,
    )
    for age, views in ((HOUR, 10), (20 * HOUR, 20), (40 * HOUR, 30)):
        rate = {"reels_skip_rate": 31.5} if age == HOUR else {}
        readings = [MediaReading(ids[REEL], posted_at + age, {"views": views, "likes": 1}, rate)]
        if age < DAY:
            readings.append(MediaReading(ids[STORY], posted_at + age, {"views": views, "replies": 0}))
        store_readings(tx, readings, run_id=run_id)


def _insights(tx: Session, account: Account, now: datetime, run_id: int) -> None:
    day = now.date() - 5 * DAY
    period_end = datetime.combine(day + DAY, datetime.min.time(), _PACIFIC).astimezone(UTC)
    for read_at, reach in ((now - 3 * DAY, 100), (now - DAY, 120)):
        points = [
            Observation("reach", "day", "", period_end, reach),
            Observation("reach", "day", "follow_type=FOLLOWER", period_end, 60),
            Observation("views", "day", "", period_end, 400),
        ]
        store_observations(tx, account.id, points, captured_at=read_at, run_id=run_id)
    counts = [Observation("followers_count", MOMENT, "", NO_PERIOD, 300)]
    store_observations(tx, account.id, counts, captured_at=now - 3 * DAY, run_id=run_id)
    store_observations(tx, account.id, counts, captured_at=now, run_id=run_id)  # looked at again, and no point
    audience = [Audience("follower_demographics", "this_month", "country", {"NO": 200, "SE": 50})]
    store_audience(tx, account.id, audience, captured_at=now - 3 * DAY, run_id=run_id)
    audience = [Audience("follower_demographics", "this_month", "country", {"NO": 210, "SE": 50})]
    store_audience(tx, account.id, audience, captured_at=now, run_id=run_id)


def _people(tx: Session, account: Account, now: datetime) -> None:
    see_tags(tx, account.id, [SeenTag("17900000000000009", username="someone", posted_at=now)], now=now)
    mention = announce_mention(
        tx, account.id, ig_media_id="17900000000000010", ig_comment_id="17900000000000011", announced_at=now
    )
    record_reading(
        tx,
        mention.id,
        username="someone",
        text_="@harbour.bakery yes",
        media_url="https://example.com/a.jpg",
        mentioned_at=now,
        extra={},
        now=now,
    )
    for words, at in (("yes", now - HOUR), ("yes!", now)):
        see_comments(tx, account.id, [SeenComment("17900000000000012", REEL, text=words)], now=at, are_shown=True)
