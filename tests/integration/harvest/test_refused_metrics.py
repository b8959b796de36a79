"""A metric that Instagram refuses is dropped alone, remembered, and asked for again later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from models.harvests.harvest import HarvestKind
from models.store.session import Database
from pressrun import clock
from tests.integration.harvest.conftest import Field, settings_for
from tests.integration.harvest.instagram import Picky, picky


@pytest.fixture
def instagram() -> Iterator[Picky]:
    with picky() as server:
        yield server


@pytest.fixture
def field(database: Database, instagram: Picky) -> Iterator[Field]:
    field = Field(database, settings_for(instagram.url))
    yield field
    field.transport.close()


def test_the_others_are_stored_and_the_refused_one_is_named(field: Field, instagram: Picky) -> None:
    instagram.refused = {"saves"}

    run = field.harvest(HarvestKind.ACCOUNT, field.account())

    metrics = {row.metric for row in field.rows("SELECT DISTINCT metric FROM account_observations")}
    assert "saves" not in metrics
    assert {"reach", "views", "likes", "comments", "shares", "replies", "profile_links_taps"} <= metrics
    assert run.status == "partial"
    assert {error["what"] for error in run.errors} == {"saves", "media_product_type:saves"}
    assert {(error["class"], error["code"]) for error in run.errors} == {("invalid_request", 100)}


def test_it_is_not_asked_for_again_for_a_week(field: Field, instagram: Picky) -> None:
    instagram.refused = {"saves"}
    account = field.account()
    first = field.harvest(HarvestKind.ACCOUNT, account)
    again_at = datetime.fromisoformat(first.refused["saves"])

    instagram.metrics_asked.clear()
    second = field.harvest(HarvestKind.ACCOUNT, account)

    assert timedelta(days=6, hours=23) < again_at - clock.now() <= timedelta(days=7)
    assert not any("saves" in metrics for metrics in instagram.metrics_asked)
    assert second.status == "partial"
    assert {error["what"]: error["held_until"] for error in second.errors} == first.refused
    assert second.calls < first.calls


def test_after_that_week_it_is_asked_for_again(field: Field, instagram: Picky) -> None:
    instagram.refused = {"saves"}
    account = field.account()
    field.harvest(HarvestKind.ACCOUNT, account)

    yesterday = (clock.now() - timedelta(days=1)).isoformat()
    field.sql("UPDATE harvests SET refused = jsonb_build_object('saves', CAST(:at AS text))", at=yesterday)
    instagram.refused = set()
    run = field.harvest(HarvestKind.ACCOUNT, account)

    assert field.value("SELECT count(*) FROM account_observations WHERE metric = 'saves'") > 0
    assert run.refused == {}


def test_a_breakdown_that_is_refused_without_a_reason_is_said_and_asked_for_again_after_a_day(
    field: Field, instagram: Picky
) -> None:
    account, part = field.account(), "media_product_type:saves"
    instagram.vague = {"saves"}

    def asked_for_parts() -> int:
        return sum("breakdown" in one.query and "saves" in one.query["metric"] for one in instagram.received)

    first = field.harvest(HarvestKind.ACCOUNT, account)
    asked = asked_for_parts()
    second = field.harvest(HarvestKind.ACCOUNT, account)

    assert field.value("SELECT count(*) FROM account_observations WHERE metric = 'saves' AND breakdown = ''") > 0
    assert (first.status, second.status) == ("partial", "partial")
    assert [error["code"] for error in first.errors if error["what"] == part] == [1]
    [held] = [error for error in second.errors if error["what"] == part]
    until = datetime.fromisoformat(held["held_until"])
    assert timedelta(hours=23) < until - clock.now() <= timedelta(days=1)
    assert f"left out until {until:%Y-%m-%d %H:%M} UTC" in held["error"]
    assert asked_for_parts() == asked
    instagram.vague = set()
    field.sql(
        "UPDATE harvests SET refused = jsonb_set(refused, ARRAY[:part], to_jsonb(now() - interval '1 s'))", part=part
    )
    third = field.harvest(HarvestKind.ACCOUNT, account)
    assert (third.status, part in third.refused, asked_for_parts() > asked) == ("done", False, True)


@pytest.mark.parametrize(
    ("kind", "metric"),
    [
        (HarvestKind.AUDIENCE, "engaged_audience_demographics"),
        (HarvestKind.MEDIA, "profile_activity"),
        (HarvestKind.MEDIA, "facebook_views"),
    ],
)
def test_so_it_is_of_audiences_and_of_what_a_media_is_asked_alone(
    field: Field, instagram: Picky, kind: HarvestKind, metric: str
) -> None:
    posted = f"{clock.now() - timedelta(days=2):%Y-%m-%dT%H:%M:%S}+0000"
    instagram.media = [{"id": "1", "media_type": "IMAGE", "media_product_type": "FEED", "timestamp": posted}]
    account = field.account()
    instagram.vague = {metric}

    def times_refused() -> int:
        queries = [one.query for one in instagram.received if metric in one.query.get("metric", "").split(",")]
        return sum("breakdown" in query or query["metric"] == metric for query in queries)

    first = field.harvest(kind, account)
    asked = times_refused()
    field.sql("UPDATE media_states SET read_at = read_at - interval '8 days', own_read_at = NULL")
    second = field.harvest(kind, account)

    assert asked
    assert (first.status, second.status) == ("partial", "partial")
    held = [error for error in second.errors if error["what"].endswith(f":{metric}")]
    assert held
    for error in held:
        until = datetime.fromisoformat(error["held_until"])
        assert timedelta(hours=23) < until - clock.now() <= timedelta(days=1)
    assert times_refused() == asked


def test_a_media_behind_the_list_is_read_with_all_its_metrics(field: Field, instagram: Picky) -> None:
    posted = clock.now() - timedelta(days=400)
    instagram.media = [
        {"id": "2", "media_type": "IMAGE", "media_product_type": "FEED", "timestamp": "2026-05-02T00:00:00+0000"},
    ]
    account = field.account()
    field.harvest(HarvestKind.MEDIA, account)
    field.sql(
        "INSERT INTO media (account_id, ig_id, media_type, media_product_type, posted_at)"
        " VALUES (:account, '1', 'IMAGE', 'FEED', :at)",
        account=account.id,
        at=posted,
    )
    field.sql(
        "INSERT INTO media_states (media_id, read_at, unlisted_at)"
        " SELECT id, now() - interval '8 days', now() - interval '8 days' FROM media WHERE ig_id = '1'"
    )

    field.harvest(HarvestKind.MEDIA, account)

    told = field.row("SELECT l.* FROM media_latest l JOIN media m ON m.id = l.media_id WHERE m.ig_id = '1'")
    assert (told.reach, told.views, told.follows) == (5, 5, 5)


def test_finding_it_costs_few_calls_and_only_once(field: Field, instagram: Picky) -> None:
    account = field.account()
    field.harvest(HarvestKind.ACCOUNT, account)  # learns which spelling of a dimension Instagram knows
    plain = field.harvest(HarvestKind.ACCOUNT, account)
    instagram.refused = {"replies"}

    searching = field.harvest(HarvestKind.ACCOUNT, account)
    knowing = field.harvest(HarvestKind.ACCOUNT, account)

    assert searching.calls - plain.calls <= 5  # of twelve metrics: log2(12) + 1, rounded up
    assert knowing.calls == plain.calls


def test_of_two_spellings_the_one_that_is_refused_is_given_up(field: Field, instagram: Picky) -> None:
    account = field.account()

    field.harvest(HarvestKind.ACCOUNT, account)

    breakdowns = [request.query.get("breakdown") for request in instagram.received]
    assert "follow_type" in breakdowns
    assert "follower_type" not in breakdowns


def test_a_metric_that_one_kind_of_media_lacks_is_read_of_the_others(field: Field, instagram: Picky) -> None:
    instagram.media = [
        {"id": "1", "media_type": "VIDEO", "media_product_type": "REELS", "timestamp": "2026-05-01T00:00:00+0000"},
        {"id": "2", "media_type": "IMAGE", "media_product_type": "FEED", "timestamp": "2026-05-02T00:00:00+0000"},
    ]
    instagram.refused = {"reels_skip_rate", "reposts"}

    account = field.account()
    run = field.harvest(HarvestKind.MEDIA, account)
    field.sql("UPDATE media_states SET read_at = read_at - interval '8 days'")
    field.sql("UPDATE media_states SET own_read_at = NULL")
    second = field.harvest(HarvestKind.MEDIA, account)

    rows = {row.ig_id: row for row in field.rows("SELECT * FROM media_latest l JOIN media m ON m.id = l.media_id")}
    assert run.status == "partial"
    assert rows["1"].avg_watch_time_ms == rows["2"].follows == rows["2"].reach == 5
    assert rows["1"].reposts is rows["2"].reposts is None
    assert set(run.refused) == {"page:reposts", "REELS:reels_skip_rate"}
    assert set(second.refused) == {"page:reposts", "REELS:reposts", "REELS:reels_skip_rate", "FEED:reposts"}


def test_a_media_that_refuses_everything_does_not_speak_for_its_kind(field: Field, instagram: Picky) -> None:
    instagram.media = [
        {"id": "2", "media_type": "IMAGE", "media_product_type": "FEED", "timestamp": "2026-05-02T00:00:00+0000"},
    ]
    instagram.refused = {"follows", "profile_visits", "profile_activity"}

    run = field.harvest(HarvestKind.MEDIA, field.account())

    assert run.status == "partial"
    assert run.refused == {}
    assert field.value("SELECT reach FROM media_latest") == 5
