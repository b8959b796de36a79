"""Mentions: announced by a webhook, on record at once, then read from the simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from models.harvests.harvest import HarvestKind
from models.store.session import Database
from pressrun import clock, failpoints
from pressrun.failpoints import FailpointRaised
from tests.integration.harvest.conftest import STILL, Field, settings_for
from tests.support.simulator import Simulator
from tests.unit.graph.server import ScriptedServer
from worker.inbox import MOST_REFUSALS


@pytest.fixture
def field(database: Database, simulator_factory: Callable[..., Simulator]) -> Iterator[Field]:
    simulator = simulator_factory(accounts=2, **STILL)
    field = Field(database, settings_for(simulator.url), simulator)
    yield field
    field.transport.close()


def mention(field: Field, index: int = 0, kind: str = "comment", **body: Any) -> dict[str, str]:
    """Somebody mentions the account; what Instagram would say of it."""
    return dict(field.simulator.post("/_sim/mention", account=index, kind=kind, **body))


def test_a_mention_in_a_comment_says_who_where_and_what(field: Field) -> None:
    account = field.account(0)
    made = mention(field, text="have you seen this")
    field.notify(account, "mentions", {"comment_id": made["comment_id"], "media_id": made["media_id"]})

    event = field.handle()

    row = field.row("SELECT * FROM mentions")
    assert (row.ig_media_id, row.ig_comment_id, row.state) == (made["media_id"], made["comment_id"], "read")
    assert row.text.startswith("have you seen this")
    assert row.username
    assert row.mentioned_at is not None
    assert row.error is None
    assert (event.error, event.next_action_at, event.leased_until) == (None, None, None)
    assert event.handled_at is not None


def test_a_mention_in_a_caption_says_who_where_and_what(field: Field) -> None:
    account = field.account(0)
    made = mention(field, kind="caption", text="thanks to our friends")
    field.notify(account, "mentions", {"media_id": made["media_id"]})

    field.handle()

    row = field.row("SELECT * FROM mentions")
    assert (row.ig_media_id, row.ig_comment_id, row.state) == (made["media_id"], "", "read")
    assert row.text.startswith("thanks to our friends")
    assert row.username
    assert row.media_url
    assert row.announced_at < row.read_at


def test_a_worker_that_dies_after_reading_a_mention_loses_nothing(field: Field) -> None:
    account = field.account(0)
    made = mention(field)
    event_id = field.notify(account, "mentions", {"comment_id": made["comment_id"], "media_id": made["media_id"]})

    failpoints.arm("inbox.after_read=raise")
    with pytest.raises(FailpointRaised):
        field.handle(event_id)
    announced = field.row("SELECT * FROM mentions")
    failpoints.arm("")
    event = field.handle(event_id)

    assert announced.state == "announced"
    assert field.value("SELECT array_agg(state) FROM mentions") == ["read"]
    assert event.handled_at is not None


def test_on_instagram_login_a_mention_is_kept_as_it_was_announced(field: Field) -> None:
    account = field.account(1)
    field.notify(account, "mentions", {"comment_id": "1789", "media_id": "1791"})

    event = field.handle()

    row = field.row("SELECT * FROM mentions")
    assert (row.state, row.ig_media_id, row.ig_comment_id) == ("unreadable", "1791", "1789")
    assert "not available on Instagram Login" in row.error
    assert event.handled_at is not None
    assert "not available on Instagram Login" in event.error


def test_on_instagram_login_a_comment_may_be_a_mention(field: Field) -> None:
    username = field.simulator.http.get("/_sim/accounts").json()[1]["username"]
    account = field.account(1, username=username)
    value = {"id": "17", "text": f"look @{username}!", "from": {"id": "5", "username": "ana"}, "media": {"id": "18"}}
    field.notify(account, "comments", value | {"parent_id": "16"})
    field.handle()
    field.notify(account, "comments", value | {"id": "19", "text": "no name here"})
    field.handle()

    row = field.row("SELECT * FROM mentions")
    assert (row.state, row.username, row.ig_media_id, row.ig_comment_id) == ("read", "ana", "18", "17")
    assert (row.text, row.extra["parent_ig_id"]) == (f"look @{username}!", "16")
    assert field.count("mentions") == 1
    # A media of somebody else's: below it stands a mention, and no comment on a media of the account.
    assert [one.ig_id for one in field.rows("SELECT ig_id FROM comments")] == ["19"]


@pytest.mark.parametrize(
    ("event", "media"),
    [
        ("comments", {"id": "own"}),
        ("comments", {"id": "18", "ad_id": "7"}),
        ("comments", {"id": "18", "media_product_type": "LIVE"}),
        ("live_comments", {"id": "18"}),
        ("comments", {}),
    ],
    ids=["own media", "an ad", "a broadcast", "a comment on a broadcast", "no media named"],
)
def test_on_the_accounts_own_media_it_is_a_comment_as_well(field: Field, event: str, media: dict[str, str]) -> None:
    account = field.account(1, username="the.bakery")
    if media.get("id") == "own":
        field.harvest(HarvestKind.MEDIA, account)
        media = {"id": field.value("SELECT ig_id FROM media LIMIT 1")}

    field.notify(account, event, {"id": "17", "text": "look @the.bakery", "from": {"id": "5"}, "media": media})
    field.handle()

    assert [one.ig_id for one in field.rows("SELECT ig_id FROM comments")] == ["17"]
    assert field.count("mentions") == (1 if media else 0)


def test_the_list_brings_a_comment_that_was_taken_for_a_mention_elsewhere(field: Field) -> None:
    username = field.simulator.http.get("/_sim/accounts").json()[1]["username"]
    account = field.account(1, username=username)
    said = field.simulator.post("/_sim/comment", account=1, text=f"well done @{username}")
    value = {"id": said["comment_id"], "text": f"well done @{username}", "media": {"id": said["media_id"]}}
    field.notify(account, "comments", value)
    field.handle()
    assert field.count("comments") == 0  # nobody knows yet that the media is the account's

    field.harvest(HarvestKind.MEDIA, account)
    field.harvest(HarvestKind.COMMENTS, account)

    assert field.value("SELECT text FROM comments WHERE ig_id = :id", id=said["comment_id"]) == value["text"]
    assert field.count("mentions") == 1


def test_a_mention_waits_while_the_gate_is_shut(field: Field) -> None:
    account = field.account(0)
    made = mention(field)
    field.simulator.post("/_sim/throttle", account=0, seconds=600)
    field.notify(account, "mentions", {"comment_id": made["comment_id"], "media_id": made["media_id"]})

    first, calls = field.handle(), field.simulator.report()["calls_total"]
    second = field.handle()

    assert (first.handled_at, first.tries, second.tries) == (None, 0, 0)
    assert second.next_action_at - clock.now() > timedelta(minutes=5)
    assert field.simulator.report()["calls_total"] == calls
    assert field.value("SELECT state FROM mentions") == "announced"


HOLD = (
    "UPDATE accounts SET state = :state, state_until = now() + interval '1 day' * :days, is_reading_paused = :reading"
)


@pytest.mark.parametrize(("state", "days"), [("paused", None), ("blocked", 1)])
def test_a_mention_is_read_while_its_account_publishes_nothing(field: Field, state: str, days: int | None) -> None:
    account = field.account(0)
    field.sql(HOLD, state=state, days=days, reading=False)
    made = mention(field)
    field.notify(account, "mentions", {"comment_id": made["comment_id"], "media_id": made["media_id"]})

    event = field.handle()

    assert event.handled_at is not None
    assert field.value("SELECT state FROM mentions") == "read"


@pytest.mark.parametrize(("state", "reading"), [("broken", False), ("paused", True)])
def test_a_mention_waits_for_an_account_that_is_not_read(field: Field, state: str, reading: bool) -> None:
    account = field.account(0)
    field.sql(HOLD, state=state, days=None, reading=reading)
    made = mention(field)
    event_id = field.notify(account, "mentions", {"comment_id": made["comment_id"], "media_id": made["media_id"]})
    before = field.simulator.report()["calls_total"]

    event = field.handle(event_id)

    assert (event.handled_at, event.tries) == (None, 0)
    assert event.next_action_at > clock.now()
    assert field.value("SELECT state FROM mentions") == "announced"
    assert field.simulator.report()["calls_total"] == before
    field.sql(HOLD, state="active", days=None, reading=False)
    assert field.handle(event_id).handled_at is not None
    assert field.value("SELECT state FROM mentions") == "read"


def test_a_refused_token_breaks_the_account_and_the_mention_waits(field: Field) -> None:
    account = field.account(0)
    field.simulator.post("/_sim/token", account=0, action="expire")
    field.notify(account, "mentions", {"media_id": "1"})

    event = field.handle()

    assert (event.handled_at, event.tries) == (None, 0)
    assert field.value("SELECT state FROM accounts") == "broken"


def test_what_instagram_refuses_is_tried_a_few_times_and_then_told(field: Field) -> None:
    account = field.account(0)
    event_id = field.notify(account, "mentions", {"media_id": "17999999999999999"})

    for number in range(1, MOST_REFUSALS):
        event = field.handle(event_id)
        assert (event.handled_at, event.tries) == (None, number)
        assert event.next_action_at > clock.now()
    event = field.handle(event_id)

    assert event.next_action_at is None
    assert "does not exist" in event.error
    row = field.row("SELECT state, error FROM mentions")
    assert row.state == "unreadable"
    assert "does not exist" in row.error


def test_a_passing_failure_is_tried_again(field: Field) -> None:
    account = field.account(0)
    made = mention(field)
    field.simulator.fault(endpoint="user", mode="refuse_500", count=3)
    event_id = field.notify(account, "mentions", {"comment_id": made["comment_id"], "media_id": made["media_id"]})

    first = field.handle(event_id)
    second = field.handle(event_id)

    assert (first.handled_at, first.tries) == (None, 1)
    assert "Service temporarily unavailable" in first.error
    assert second.handled_at is not None
    assert second.error is None


def test_who_wrote_a_comment_is_left_open_where_instagram_does_not_tell(
    scripted_field: Field, scripted: ScriptedServer
) -> None:
    account = scripted_field.account(0)
    scripted.refuses(100, message="(#100) Tried accessing nonexisting field (username)")
    answer = {"timestamp": "2026-01-01T00:00:00+0000", "text": "@me hi", "id": "1796"}
    scripted.replies({"mentioned_comment": answer, "id": account.ig_id})
    scripted_field.notify(account, "mentions", {"comment_id": "1796", "media_id": "5"})

    scripted_field.handle()

    row = scripted_field.row("SELECT * FROM mentions")
    assert (row.state, row.text, row.username) == ("read", "@me hi", None)


def test_handling_an_event_again_changes_nothing(field: Field) -> None:
    account = field.account(0)
    made = mention(field)
    event_id = field.notify(account, "mentions", {"comment_id": made["comment_id"], "media_id": made["media_id"]})
    field.handle()
    before = field.rows("SELECT * FROM mentions")

    field.handle(event_id)
    field.sql("UPDATE inbox_events SET handled_at = NULL")
    field.handle(event_id)

    assert field.rows("SELECT * FROM mentions") == before


def test_a_renamed_account_is_found_by_its_old_and_its_new_name(field: Field) -> None:
    before = field.simulator.http.get("/_sim/accounts").json()[1]["username"]
    account = field.account(1)
    field.harvest(HarvestKind.PROFILE, account)
    field.simulator.post("/_sim/account", account=1, username="the.new_bakery")

    def say(number: str, name: str) -> None:
        media = {"id": "18"}
        field.notify(account, "comments", {"id": number, "text": f"by @{name}", "from": {"id": "5"}, "media": media})
        field.handle()

    say("1", "the.new_bakery")
    say("2", "the.new-bakery")  # somebody else's
    assert field.count("mentions") == 0  # nobody knows yet that this is the account
    field.harvest(HarvestKind.PROFILE, account)
    say("3", before)
    say("4", "the.new_bakery")

    ids = [row.ig_comment_id for row in field.rows("SELECT ig_comment_id FROM mentions ORDER BY ig_comment_id")]
    names = [row.username for row in field.rows("SELECT username FROM account_names ORDER BY id")]
    assert (ids, names) == (["1", "3", "4"], [before, "the.new_bakery"])
    assert field.value("SELECT username FROM accounts") == "the.new_bakery"
    assert [row.ig_id for row in field.rows("SELECT ig_id FROM comments")] == ["2"]
