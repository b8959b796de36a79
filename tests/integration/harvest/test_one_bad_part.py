"""One bad part of an answer: it is set aside and told, the rest is stored, and the run is `partial`."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row

from models.accounts.account import Account
from models.harvests.harvest import HarvestKind
from models.harvests.watch import WatchKind
from models.history.insight import MOMENT, NO_PERIOD, Observation, store_observations
from models.history.tag import SeenTag, see_tags
from models.store.session import Database
from models.store.sparing import spare, spared
from pressrun import clock
from scheduler.harvests.watching import watch
from tests.factories.rows import make_account
from tests.integration.harvest.conftest import Field
from tests.integration.harvest.instagram import publish
from worker.harvests.answers.days import is_midnight_somewhere
from worker.harvests.kinds import tags

MEDIA, TAGS, ACCOUNT, AUDIENCE = HarvestKind.MEDIA, HarvestKind.TAGS, HarvestKind.ACCOUNT, HarvestKind.AUDIENCE
LARGEST = 2**63
TO_THE_BEGINNING = urlsafe_b64encode(b'[1e18, "z"]').decode()
"""A cursor behind which the simulator shows the list from its newest item on."""


def altered(field: Field, endpoint: str, *changes: dict[str, Any], **rule: Any) -> None:
    field.simulator.fault(endpoint=endpoint, mode="altered", changes=list(changes), **rule)


def told(run: Row[Any]) -> str:
    return " | ".join(f"{one['what']}: {one['error']}" for one in run.errors)


def test_bad_media_cost_nothing_beside_them(field_: Field) -> None:
    account = field_.account(0)
    altered(
        field_,
        "user_media",
        {"pointer": "/data/1", "value": None},
        {"pointer": "/data/2/timestamp", "value": ""},
        {"pointer": "/data/3/like_count", "value": "1,234"},
        {"pointer": "/data/4/insights/data/0/values/0/value", "value": LARGEST},
        {"pointer": "/data/5/caption", "raw": r'"caf\u0000"'},
        {"pointer": "/data/6/id", "value": []},
        {"pointer": "/data/*/alt_text", "value": {}},
    )

    run = field_.harvest(MEDIA, account)

    assert run.status == "partial", told(run)
    assert run.tries == 0
    assert field_.count("media") == 12 - 2
    assert field_.value("SELECT count(*) FROM media WHERE posted_at IS NULL") == 1
    assert field_.value("SELECT count(*) FROM media WHERE caption = 'caf�'") == 1
    assert field_.value("SELECT extra #>> '{odd,like_count}' FROM media WHERE extra #> '{odd,like_count}' IS NOT NULL")
    assert field_.value("SELECT count(*) FROM media_snapshots") == 10
    assert field_.value("SELECT count(*) FROM media_latest WHERE extra::text LIKE :n", n=f"%{LARGEST}%") == 1
    for place in ("data[]: ", "data[].timestamp", "data[].like_count", "data[].alt_text"):
        assert f"GET /{{ig}}/media: {place}" in told(run)
    assert next(one for one in run.errors if "alt_text" in one["what"])["times"] >= 10
    assert field_.value("SELECT count(gone_at) FROM media_states") == 0


def test_ids_beyond_64_bits_and_types_that_nobody_knows_are_stored_as_they_are(field_: Field) -> None:
    account = field_.account(0)
    altered(
        field_,
        "tags",
        {"pointer": "/data/0/id", "value": str(LARGEST * 10)},
        {"pointer": "/data/1/media_type", "value": "HOLOGRAM"},
        count=1,
    )

    run = field_.harvest(TAGS, account)

    assert run.status == "done", told(run)
    assert field_.value("SELECT count(*) FROM tags WHERE ig_media_id = :id", id=str(LARGEST * 10)) == 1
    assert field_.value("SELECT count(*) FROM tags WHERE media_type = 'HOLOGRAM'") == 1


def test_what_was_set_aside_is_not_taken_for_gone(field_: Field) -> None:
    account = field_.account(0)
    field_.harvest(MEDIA, account)
    altered(field_, "user_media", {"pointer": "/data/1", "value": None}, {"pointer": "/data/2/id", "value": ""})

    assert field_.harvest(MEDIA, account).status == "partial"

    assert field_.value("SELECT count(gone_at) FROM media_states") == 0


def test_a_list_that_breaks_off_is_read_on_by_the_next_run(field_: Field) -> None:
    account = field_.account(0)
    altered(field_, "tags", {"pointer": "/paging", "value": []}, count=1)

    run = field_.harvest(TAGS, account)

    assert (run.status, run.covers) == ("partial", False)
    assert field_.count("tags") == 2
    assert field_.value("SELECT covered_at FROM harvests WHERE kind = 'tags'") is None
    assert field_.harvest(TAGS, account).covers
    assert field_.value("SELECT covered_at FROM harvests WHERE kind = 'tags'") is not None


def test_a_list_that_turns_in_a_circle_is_not_at_its_end(field_: Field) -> None:
    account = field_.account(0)
    field_.harvest(MEDIA, account)
    covered_at = field_.value("SELECT covered_at FROM harvests WHERE kind = 'media'")
    field_.sql("UPDATE media_states SET read_at = read_at - interval '8 days'")
    field_.sql(
        "INSERT INTO media (account_id, ig_id, posted_at, last_seen_at)"
        " VALUES (:id, '1', now() - interval '400 days', now() - interval '9 days')",
        id=account.id,
    )
    paging = {"cursors": {"after": TO_THE_BEGINNING}, "next": f"https://x/?after={TO_THE_BEGINNING}"}
    altered(field_, "user_media", {"pointer": "/paging", "value": paging})

    run = field_.harvest(MEDIA, account)

    assert (run.status, run.covers) == ("partial", False)
    assert "list of media: the list leads back" in told(run)
    assert field_.value("SELECT count(gone_at) FROM media_states") == 0
    assert field_.value("SELECT covered_at FROM harvests WHERE kind = 'media'") == covered_at


LISTS = {
    TAGS: "tags",
    HarvestKind.STORIES: "stories",
    HarvestKind.COMMENTS: "media_comments",
    HarvestKind.HASHTAGS: "hashtag_recent_media",
}
BACK = {"cursors": {"after": TO_THE_BEGINNING}, "next": f"https://x/?after={TO_THE_BEGINNING}"}
NAMELESS = {"cursors": {"before": "B"}, "next": "https://x/?offset=25"}


@pytest.mark.parametrize(
    ("paging", "why"), [(BACK, "the list leads back"), (NAMELESS, "names no cursor")], ids=["leads back", "no cursor"]
)
@pytest.mark.parametrize("kind", LISTS)
def test_no_list_is_read_that_did_not_come_to_its_end(
    field_: Field, kind: HarvestKind, paging: dict[str, Any], why: str
) -> None:
    account = field_.account(0)
    publish(field_.simulator, 0, story=True)
    with field_.database.transaction() as tx:
        watch(tx, account, WatchKind.HASHTAG, "sourdough")
    field_.harvest(MEDIA, account)
    altered(field_, LISTS[kind], {"pointer": "/paging", "value": paging})

    run = field_.harvest(kind, account)

    assert (run.status, run.covers) == ("partial", False)
    assert why in told(run)
    assert field_.value("SELECT covered_at FROM harvests WHERE kind = :kind", kind=kind.value) is None
    assert field_.value("SELECT count(last_checked_at) FROM watches") == 0
    assert field_.value("SELECT count(comments_whole_at) FROM media_states") == 0


def test_an_order_in_which_one_could_not_be_read_is_none(field_: Field) -> None:
    account = field_.account(0)
    with field_.database.transaction() as tx:
        watch(tx, account, WatchKind.HASHTAG, "sourdough")
    altered(field_, "hashtag_top_media", {"pointer": "/data/2", "value": None}, count=1)

    assert field_.harvest(HarvestKind.HASHTAGS, account).status == "partial"
    assert (field_.count("hashtag_tops"), field_.count("public_media_latest") > 50) == (0, True)

    assert field_.harvest(HarvestKind.HASHTAGS, account).status == "done"
    assert field_.count("hashtag_tops") == 1


def test_tags_beyond_what_a_run_takes_are_read_back(field_: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    account = field_.account(0)
    monkeypatch.setattr(tags, "MOST_PAGES", 1)

    run = field_.harvest(TAGS, account)

    assert (run.status, run.covers) == ("partial", True)
    assert "a backfill reads it to its end" in told(run)
    assert field_.value("SELECT kind FROM backfills WHERE finished_at IS NULL") == "tags"


def test_a_day_on_which_no_followers_were_told_has_none_in_their_growth(field_: Field) -> None:
    account = field_.account(0)
    altered(field_, "user", {"pointer": "/followers_count", "remove": True})

    def count(followers: int, *, days: int) -> None:
        known = [Observation("followers_count", MOMENT, "", NO_PERIOD, followers)]
        at = clock.now() + timedelta(days=days)
        with field_.database.transaction() as tx:
            store_observations(tx, account.id, known, captured_at=at, run_id=None)

    count(500, days=-2)
    run = field_.harvest(HarvestKind.PROFILE, account)
    count(510, days=2)

    grown = field_.rows("SELECT followers FROM follower_growth_as_of(now() + interval '3 days') ORDER BY day")
    assert [row.followers for row in grown] == [500, 510]
    assert (run.status, "followers_count" in told(run)) == ("partial", True)
    assert field_.value("SELECT count(*) FROM account_latest WHERE metric = 'media_count'") == 1


def test_a_tag_of_any_text_is_stored(field_: Field) -> None:
    account = field_.account(0)
    altered(field_, "tags", {"pointer": "/data/0/caption", "raw": r'"a\u0000b\ud83d"'})

    assert field_.harvest(TAGS, account).status == "done"

    assert field_.value("SELECT count(*) FROM tags WHERE caption = 'a�b�'") == 1
    assert field_.count("tags") == 2


@pytest.mark.parametrize(
    "change",
    [
        {"pointer": "/data/*/total_value/breakdowns/0/results/0/dimension_values", "value": [None]},
        {"pointer": "/data/*/total_value/breakdowns/0/results/0/value", "value": ""},
        {"pointer": "/data/*/total_value/breakdowns/0/results/0/dimension_values", "value": ["a", "b", "c"]},
        {"pointer": "/data/*/total_value/breakdowns/0/results/0", "raw": '{"dimension_values": [], "value": 1}'},
    ],
    ids=["null", "empty", "too many", "too few"],
)
def test_one_bad_group_of_an_audience_is_left_out(field_: Field, change: dict[str, Any]) -> None:
    account = field_.account(0)
    altered(field_, "user_insights", change)

    run = field_.harvest(AUDIENCE, account)

    assert run.status == "partial", told(run)
    assert field_.value("SELECT count(*) FROM audience_snapshots") > 10
    assert field_.value("SELECT count(*) FROM audience_snapshots WHERE counts::text LIKE '%null%'") == 0


def test_values_that_are_none_leave_the_others_of_their_day(field_: Field) -> None:
    account = field_.account(0)
    altered(
        field_,
        "user_insights",
        {"pointer": "/data/*/values/0/value", "value": ""},
        {"pointer": "/data/0/total_value", "raw": '{"value":1,"value":2}'},
    )

    run = field_.harvest(ACCOUNT, account)

    assert run.status == "partial", told(run)
    assert field_.value("SELECT count(DISTINCT metric) FROM account_latest") > 5
    assert "stands there more than once" in told(run)


def test_hours_of_a_day_that_is_not_named_are_of_no_day(field_: Field) -> None:
    account = field_.account(0)
    altered(field_, "user_insights", {"pointer": "/data/0/values/0/end_time", "remove": True})

    run = field_.harvest(HarvestKind.ONLINE_FOLLOWERS, account)

    assert (run.status, run.covers) == ("partial", False)
    assert "online_followers.values have no end_time" in told(run)
    ends = field_.rows("SELECT DISTINCT period_end FROM account_latest")
    assert len(ends) * 24 == run.rows > 0
    assert all(row.period_end < run.started_at and is_midnight_somewhere(row.period_end) for row in ends)


def test_a_day_that_is_told_in_parts_without_a_name_is_told_by_the_run(field_: Field) -> None:
    account = field_.account(0)
    altered(field_, "user_insights", {"pointer": "/data/*/values/0/value", "value": {"POST": 3, "REEL": 4}})

    run = field_.harvest(ACCOUNT, account)

    assert run.status == "partial"
    assert "reach.values of a day are a map" in told(run)


def test_a_row_that_postgres_refuses_is_set_aside_and_told(field_: Field) -> None:
    """No answer of today's is known to bring one: the database is made to refuse what it would take."""
    account = field_.account(0)
    field_.sql("ALTER TABLE tags ADD CONSTRAINT picky CHECK (ig_media_id NOT LIKE '%7')")
    for number in range(20):
        field_.simulator.post("/_sim/tag", account=0, caption=f"tag {number}")

    run = field_.harvest(TAGS, account)

    stored = field_.count("tags")
    assert run.status == "partial", told(run)
    assert 0 < stored < 22
    assert run.rows == stored
    refused = [one for one in run.errors if one["what"].startswith("row: ig_media_id")]
    assert len(refused) == 22 - stored
    assert "picky" in refused[0]["error"]


def test_the_others_of_its_statement_are_kept(database: Database) -> None:
    with database.transaction() as tx:
        account: Account = make_account(tx)
        tx.connection().exec_driver_sql("ALTER TABLE tags ADD CONSTRAINT picky CHECK (ig_media_id <> '33')")
    with database.transaction() as tx:
        spare(tx)
        seen = [SeenTag(str(number)) for number in range(64)]
        assert see_tags(tx, account.id, seen, now=clock.now()) == 63
        assert [one.what for one in spared(tx)] == ["ig_media_id 33"]
