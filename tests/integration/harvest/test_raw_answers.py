"""Instagram's answers are kept as they came, without a token, and can be read again by the parsers of today."""

from __future__ import annotations

import json
import zlib
from datetime import timedelta

import pytest
from sqlalchemy import text

from graph.client import CallRecord
from graph.wire.endpoints import Endpoint
from graph.wire.usage import parse
from models.harvests.crons import STANDING_CRONS
from models.harvests.harvest import HarvestKind
from models.harvests.raw_answer import DAYS_AHEAD, answers_of_step, next_step, roll_days, unpacked
from models.harvests.watch import WatchKind
from models.store.session import Database
from pressrun import clock
from pressrun.log import REDACTED
from scheduler.harvests.watching import watch
from tests.integration.harvest.conftest import Field, settings_for
from worker.context import WorkerContext
from worker.harvests.answers.raw import RawAnswers, without_secrets
from worker.harvests.reread import reread

TOKEN = "token-of-no-known-shape"


@pytest.fixture
def read(field_: Field) -> Field:
    """A field in which every kind has been harvested once."""
    account = field_.account(0)
    field_.simulator.post("/_sim/tag", account=0)
    field_.simulator.post("/_sim/comment", account=0)
    with field_.database.transaction() as tx:
        watch(tx, account, WatchKind.COMPETITOR, "sim_brand_1")
        watch(tx, account, WatchKind.HASHTAG, "sourdough")
    for kind in HarvestKind:
        assert field_.harvest(kind, account).status == "done", kind
    return field_


def reread_all(field: Field) -> tuple[int, int]:
    """How many answers there were, and how many rows came of them."""
    since, until = clock.now() - timedelta(days=1), clock.now() + timedelta(hours=1)
    accounts, kept, added = field.rows("SELECT DISTINCT account_id AS id FROM raw_answers"), 0, 0
    with field.database.transaction() as tx:
        for account in accounts:
            after = None
            while (after := next_step(tx, account.id, since=since, until=until, after=after)) is not None:
                answers = answers_of_step(tx, after)
                found = reread(tx, answers)
                assert found.problems == []
                kept, added = kept + len(answers), added + found.rows
    return kept, added


def test_reading_them_again_adds_nothing(read: Field) -> None:
    stored = {table: read.count(table) for table in TABLES}

    kept, added = reread_all(read)

    assert kept == read.value("SELECT sum(calls) FROM harvest_runs") > 50
    assert added == 0
    assert {table: read.count(table) for table in TABLES} == stored


def test_of_an_emptied_history_they_give_the_same_points_again(read: Field) -> None:
    points = "SELECT metric, period, breakdown, period_end, value FROM account_latest ORDER BY 1, 2, 3, 4"
    audience = "SELECT metric, timeframe, breakdown, counts FROM audience_latest ORDER BY 1, 2, 3"
    public = "SELECT public_media_id, like_count, comments_count, view_count FROM public_media_latest ORDER BY 1"
    rivals = "SELECT metric, value FROM competitor_latest ORDER BY 1"
    tops = "SELECT watch_id, ig_ids FROM hashtag_tops ORDER BY 1, captured_at"
    tags = "SELECT ig_media_id, username, caption, posted_at FROM tags ORDER BY 1"
    comments = "SELECT ig_id, ig_media_id, parent_ig_id, username, text, commented_at FROM comments ORDER BY 1"
    asked = (points, audience, public, rivals, tops, tags, comments)
    before = [read.rows(sql) for sql in asked]
    assert all(before)

    # As in a database of a later release, made anew: the triggers would refuse it.
    with read.database.transaction() as tx:
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        tx.execute(text("TRUNCATE account_observations, account_latest, audience_snapshots, audience_latest"))
        tx.execute(text("TRUNCATE public_media_snapshots, public_media_latest"))
        tx.execute(text("TRUNCATE competitor_observations, competitor_latest, hashtag_tops, tags"))
        tx.execute(text("DELETE FROM comments"))
    _, added = reread_all(read)

    assert [read.rows(sql) for sql in asked] == before
    assert added >= sum(map(len, before))


def test_they_say_what_was_asked_and_hold_no_token(read: Field) -> None:
    rows = read.rows("SELECT * FROM raw_answers")
    secret = read.simulator.token(0).encode()

    assert {row.api_version for row in rows} == {"v25.0"}
    assert {row.endpoint for row in rows} >= {"GET /{ig}/insights", "GET /{ig}/media", "GET /{hashtag}/top_media"}
    assert all(set(row.asked) == {"path", "params"} for row in rows)
    for row in rows:
        plain = zlib.decompress(row.body)
        assert secret not in plain + json.dumps(row.asked).encode()
        assert b"access_token=SIM" not in plain
        assert unpacked(row.body) == json.loads(plain)


def test_of_a_database_that_keeps_none_there_are_none(field_: Field) -> None:
    account = field_.account(0)
    ctx = field_.ctx
    settings = settings_for(field_.simulator.url, raw_answers="0s")

    run = field_.harvest(HarvestKind.PROFILE, account, WorkerContext(settings, ctx.database, ctx.vault, ctx.transport))

    assert (run.status, field_.count("raw_answers")) == ("done", 0)


def test_a_token_in_an_address_is_cut_out_and_the_answer_stays_readable() -> None:
    following = f"https://graph.facebook.com/v25.0/1/media?access_token={TOKEN}&after=QVF"
    body = json.dumps(
        {"data": [{"caption": 'she said "access_token=EAAabcdefgh123\\"'}], "paging": {"next": following}}
    )

    kept = without_secrets(body.encode(), TOKEN)

    assert TOKEN.encode() not in kept
    assert b"EAAabcdefgh123" not in kept
    assert json.loads(kept)["paging"]["next"].startswith("https://graph.facebook.com/v25.0/1/media?access_token=[red")


@pytest.mark.parametrize("hidden", ["\nEAAB1234567890xyz", "EAAB1234567890xyz", '"EAAB1234567890xyz', f"a\t{TOKEN}"])
def test_a_secret_goes_wherever_it_stands_beside_what_is_kept(hidden: str) -> None:
    clean = {"id": "1", "insights": {"data": [{"name": "reach", "values": [{"value": 3}]}]}}
    answer = {
        "data": [clean, {"id": "2", "caption": hidden}, {"access_token": 7}],
        "paging": {"next": f"https://x/?access_token={TOKEN}"},
    }

    kept = json.loads(without_secrets(json.dumps(answer).encode(), TOKEN))

    assert kept["data"][0] == clean
    assert kept["data"][1]["caption"] == hidden[: len(hidden) - len(hidden.lstrip('\n\ta"'))] + REDACTED
    assert kept["data"][2] == {"access_token": REDACTED}
    assert TOKEN not in json.dumps(kept)


def test_an_answer_without_secrets_is_kept_byte_by_byte() -> None:
    body = b'{"data": [ {"caption":"caf\\u00e9"} ]}'

    assert without_secrets(body, TOKEN) is body


def test_a_call_that_failed_has_no_answer() -> None:
    raw = RawAnswers()

    raw.add(CallRecord(Endpoint.USER, 500, None, parse({}), clock.now(), 0.1, None), tokens=(TOKEN,))

    assert raw._waiting == []


def partitions(database: Database) -> list[str]:
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'raw_answers'\\:\\:regclass ORDER BY 1"
    with database.transaction() as tx:
        return list(tx.execute(text(query)).scalars())


def roll(database: Database, days: int, *, keep_days: int = 30) -> list[str]:
    with database.transaction() as tx:
        return roll_days(tx, now=clock.now() + timedelta(days=days), keep=timedelta(days=keep_days))


def test_days_are_made_ahead_and_dropped_when_their_time_is_over(database: Database) -> None:
    made = roll(database, 0)

    assert len(made) == DAYS_AHEAD + 1
    assert roll(database, 0) == []
    assert set(made) < set(partitions(database))

    roll(database, 31)
    assert made[0] not in partitions(database)
    assert made[1] in partitions(database)

    roll(database, 31, keep_days=0)
    assert len(partitions(database)) == 1 + DAYS_AHEAD + 1


def test_what_came_before_its_day_was_made_is_dropped_too(field_: Field) -> None:
    field_.harvest(HarvestKind.PROFILE, field_.account(0))
    assert field_.count("raw_answers_default") == 1

    roll(field_.database, 0)
    assert field_.count("raw_answers") == 1

    roll(field_.database, 31)
    assert field_.count("raw_answers") == 0


def test_every_kind_of_an_account_is_kept(field_: Field) -> None:
    account = field_.account(1)
    for kind in (HarvestKind.PROFILE, HarvestKind.TAGS):
        assert kind in STANDING_CRONS
        field_.harvest(kind, account)

    kinds = field_.rows("SELECT DISTINCT endpoint FROM raw_answers ORDER BY 1")
    assert [row.endpoint for row in kinds] == ["GET /{ig}", "GET /{ig}/tags"]


TABLES = (
    "account_observations",
    "audience_snapshots",
    "media_snapshots",
    "media",
    "tags",
    "comments",
    "competitor_observations",
    "public_media",
    "public_media_snapshots",
    "hashtag_tops",
)
