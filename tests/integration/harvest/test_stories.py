"""Stories: readable for a day, and the webhook's last word an hour after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from models.harvests.harvest import HarvestKind
from models.store.session import Database
from pressrun import clock
from tests.integration.harvest.conftest import STILL, Field, settings_for
from tests.integration.harvest.instagram import advance, picky, publish
from tests.support.simulator import Simulator


@pytest.fixture
def field(database: Database, simulator_factory: Callable[..., Simulator]) -> Iterator[Field]:
    simulator = simulator_factory(accounts=2, **STILL)
    field = Field(database, settings_for(simulator.url), simulator)
    yield field
    field.transport.close()


def test_without_stories_a_run_is_one_call(field: Field) -> None:
    run = field.harvest(HarvestKind.STORIES, field.account(0))

    assert (run.status, run.calls, run.rows) == ("done", 1, 0)


def test_below_five_viewers_there_is_no_data_and_no_error(field: Field) -> None:
    account = field.account(0)
    publish(field.simulator, 0, story=True)

    run = field.harvest(HarvestKind.STORIES, account)

    assert (run.status, run.errors, run.rows) == ("done", [], 0)
    assert field.row("SELECT media_product_type FROM media").media_product_type == "STORY"
    assert field.count("media_snapshots") == field.count("media_latest") == 0


@pytest.mark.parametrize("index", [0, 1])
def test_a_story_is_read_with_its_navigation(field: Field, index: int) -> None:
    account = field.account(index)
    publish(field.simulator, index, story=True)
    advance(field, hours=3)

    run = field.harvest(HarvestKind.STORIES, account)

    latest = field.row("SELECT * FROM media_latest")
    assert (run.status, run.errors, run.rows) == ("done", [], 1)
    assert None not in (latest.reach, latest.views, latest.replies, latest.shares, latest.follows)
    assert latest.likes is latest.saved is None
    assert latest.extra["navigation"] > 0
    assert "navigation:story_navigation_action_type=tap_forward" in latest.extra
    assert ("link_clicks" in latest.extra) is (index == 0)


def test_running_the_slot_again_adds_nothing(field: Field) -> None:
    account = field.account(0)
    publish(field.simulator, 0, story=True, count=3)
    advance(field, hours=3)
    field.harvest(HarvestKind.STORIES, account)

    field.repeat_slot(HarvestKind.STORIES, account)
    again = field.harvest(HarvestKind.STORIES, account)

    assert (again.status, again.rows) == ("done", 3)
    assert field.count("media_snapshots") == 3


def test_a_story_is_read_as_long_as_it_is_up(field: Field) -> None:
    account = field.account(0)
    publish(field.simulator, 0, story=True)

    advance(field, hours=3)
    field.harvest(HarvestKind.STORIES, account)
    field.sql("UPDATE media_latest SET last_checked_at = last_checked_at - interval '2 hours'")
    advance(field, hours=18)
    field.harvest(HarvestKind.STORIES, account)
    advance(field, hours=4)
    late = field.harvest(HarvestKind.STORIES, account)

    assert field.count("media_snapshots") == 2
    assert (late.calls, late.rows) == (1, 0)


def test_stories_do_not_count_as_missing_from_the_list_of_media(field: Field) -> None:
    account = field.account(0)
    publish(field.simulator, 0, story=True)
    field.harvest(HarvestKind.STORIES, account)

    field.harvest(HarvestKind.MEDIA, account)

    assert field.value("SELECT count(gone_at) FROM media_states") == 0


def test_the_oldest_is_read_first_since_its_time_runs_out(database: Database) -> None:
    now = clock.now()
    with picky() as instagram:
        field = Field(database, settings_for(instagram.url))
        instagram.media = [
            {
                "id": str(hours),
                "media_type": "IMAGE",
                "media_product_type": "STORY",
                "timestamp": f"{now - timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}+0000",
            }
            for hours in (1, 23, 5)
        ]

        field.harvest(HarvestKind.STORIES, field.account())
        field.transport.close()

    asked = [one.path.split("/")[-2] for one in instagram.received if one.path.endswith("/insights")]
    assert list(dict.fromkeys(asked)) == ["23", "5", "1"]
