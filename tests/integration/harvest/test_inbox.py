"""Webhook events → effects, through the simulator where something has to be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from models.store.session import Database
from tests.integration.harvest.conftest import STILL, Field, settings_for
from tests.support.simulator import Simulator
from worker.inbox import MOST_TRIES


@pytest.fixture
def field(database: Database, simulator_factory: Callable[..., Simulator]) -> Iterator[Field]:
    simulator = simulator_factory(accounts=2, **STILL)
    field = Field(database, settings_for(simulator.url), simulator)
    yield field
    field.transport.close()


@pytest.mark.parametrize("name", ["id", "comment_id"])
def test_a_comment_is_seen(field: Field, name: str) -> None:
    account = field.account(0)
    value = {
        name: "17865799348089039",
        "text": "lovely",
        "from": {"id": "232", "username": "candywest"},
        "media": {"id": "123", "media_product_type": "REELS"},
        "parent_id": "99",
    }
    field.notify(account, "comments", value)

    event = field.handle()

    row = field.row("SELECT * FROM comments")
    assert (row.ig_id, row.ig_media_id, row.parent_ig_id) == ("17865799348089039", "123", "99")
    assert (row.username, row.text) == ("candywest", "lovely")
    assert row.extra == {"from_id": "232", "media_product_type": "REELS"}
    assert event.handled_at is not None
    assert field.count("mentions") == 0


def test_a_storys_last_numbers_leave_out_what_is_below_five(field: Field) -> None:
    account = field.account(0)
    value = {"media_id": "178", "impressions": 28, "reach": 17, "taps_forward": 12, "taps_back": 0, "exits": -1}
    field.notify(account, "story_insights", value | {"replies": -1})

    event = field.handle()

    row = field.row("SELECT * FROM media_snapshots")
    assert (row.reach, row.replies) == (17, None)
    assert row.extra == {"impressions": 28, "taps_forward": 12, "taps_back": 0}
    assert row.captured_at == event.received_at
    assert row.run_id is None
    assert field.value("SELECT media_product_type FROM media") == "STORY"


def test_a_story_of_which_nothing_is_known_adds_no_numbers(field: Field) -> None:
    account = field.account(0)
    field.notify(account, "story_insights", {"media_id": "178", "reach": -1, "impressions": -1})

    event = field.handle()

    assert field.count("media_snapshots") == field.count("media_latest") == 0
    assert event.handled_at is not None
    assert "below five" in event.error


def test_what_nobody_handles_is_kept_and_marked(field: Field) -> None:
    account = field.account(0)
    field.notify(account, "messages", {"mid": "m_1"})

    event = field.handle()

    assert event.handled_at is not None
    assert event.error == "kept: nothing is done about the field 'messages'"
    assert event.value == {"mid": "m_1"}


@pytest.mark.parametrize("event_field", ["comments", "mentions", "story_insights"])
@pytest.mark.parametrize("value", [None, [], "x", {}, {"media_id": None, "id": {}}])
def test_a_value_that_cannot_be_read_is_kept_and_marked(field: Field, event_field: str, value: Any) -> None:
    account = field.account(0)
    field.notify(account, event_field, value)

    event = field.handle()

    assert event.handled_at is not None
    assert event.error.startswith("kept: ")


def test_an_event_of_an_account_that_we_do_not_have_is_kept(field: Field) -> None:
    field.notify(None, "comments", {"id": "1"}, entry_id="17841400000000777")

    event = field.handle()

    assert event.handled_at is not None
    assert "17841400000000777" in event.error


def test_an_account_that_was_added_meanwhile_claims_its_event(field: Field) -> None:
    event_id = field.notify(None, "comments", {"id": "1", "text": "hi"}, entry_id=field.account(0).ig_id)

    event = field.handle(event_id)

    assert event.account_id is not None
    assert field.value("SELECT text FROM comments") == "hi"


def test_an_event_of_an_account_that_was_removed_is_kept(field: Field) -> None:
    account = field.account(0, state="active")
    field.notify(account, "comments", {"id": "1", "text": "hi"})
    with field.database.transaction() as tx:
        tx.execute(text("UPDATE accounts SET state = 'removed', token_sealed = NULL"))
        tx.execute(text("UPDATE harvests SET slot_at = NULL, next_action_at = NULL"))

    event = field.handle()

    assert event.handled_at is not None
    assert "was removed" in event.error
    assert field.count("comments") == 0


def test_a_comment_does_not_wait_for_its_account(field: Field) -> None:
    account = field.account(0, state="broken")
    field.notify(account, "comments", {"id": "1", "text": "hi"})

    assert field.handle().handled_at is not None
    assert field.count("comments") == 1


def test_an_event_that_kills_its_worker_each_time_is_given_up_and_says_so(field: Field) -> None:
    account = field.account(0)
    event_id = field.notify(account, "mentions", {"media_id": "1"})
    field.sql("UPDATE inbox_events SET tries = :tries", tries=MOST_TRIES)

    event = field.handle(event_id)

    assert (event.handled_at, event.next_action_at) == (None, None)
    assert event.error == f"{MOST_TRIES} tries ended without a result"


@pytest.mark.parametrize("reach", [1e308, 2**63, "many", [], {}])
def test_a_number_that_can_be_none_ends_with_a_reason_and_stays_as_it_came(field: Field, reach: Any) -> None:
    account = field.account(0)
    field.notify(account, "story_insights", {"media_id": "178", "reach": reach, "shares": 3})

    event = field.handle()

    assert event.handled_at is not None
    assert event.error == "kept: reach cannot be a count"
    kept = event.value["reach"]
    assert (float(kept) if isinstance(reach, float) else kept) == reach
    assert field.value("SELECT shares FROM media_latest") == 3


def test_what_postgres_refuses_ends_with_a_reason_and_stays_as_it_came(field: Field) -> None:
    account = field.account(0)
    field.sql("ALTER TABLE comments ADD CONSTRAINT picky CHECK (text <> 'no')")
    field.notify(account, "comments", {"id": "1", "text": "no"})

    event = field.handle()

    assert event.handled_at is not None
    assert "picky" in event.error
    assert (event.tries, event.next_action_at) == (1, None)
    assert event.value == {"id": "1", "text": "no"}
    assert field.count("comments") == 0
