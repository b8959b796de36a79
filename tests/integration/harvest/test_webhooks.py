"""Webhooks of which a third never come and the others come again: all that came is kept, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from models.store.session import Database
from tests.integration.console.conftest import APP_SECRET, running_console
from tests.integration.harvest.conftest import STILL, Field, settings_for
from tests.support.simulator import Simulator
from tests.support.waiting import until

MENTIONS, COMMENTS = 60, 60


def test_all_that_came_is_kept_and_nothing_twice(
    database: Database, simulator_factory: Callable[..., Simulator], tmp_path: Path
) -> None:
    with running_console(database, tmp_path) as console:
        simulator = simulator_factory(
            accounts=1,
            seed=7,
            webhook_url=str(console.http.base_url).rstrip("/") + "/webhooks/instagram",
            webhook_drop=0.3,
            webhook_duplicate=1.0,
            app_secret=APP_SECRET,
            **STILL | {"speed": 1.0},
        )
        field = Field(database, settings_for(simulator.url), simulator)
        account = field.account(0)
        simulator.post("/_sim/account", account=0, is_subscribed=True)
        mentioned = {simulator.post("/_sim/mention", account=0, kind="comment")["comment_id"] for _ in range(MENTIONS)}
        commented = {simulator.post("/_sim/comment", account=0)["comment_id"] for _ in range(COMMENTS)}
        until(lambda: simulator.report()["webhooks"]["pending"] == 0)

        events = field.rows("SELECT id, field, value, deliveries FROM inbox_events ORDER BY id")
        field.sql(
            "UPDATE inbox_events SET next_action_at = now() + interval '1 hour'"
        )  # one after the other, in our order
        for event in [*events, *reversed(events)]:
            field.handle(event.id)

    came = {kind: {ident(event.value) for event in events if event.field == kind} for kind in ("mentions", "comments")}
    told = simulator.report()["webhooks"]
    assert 0.5 * (MENTIONS + COMMENTS) < len(events) < 0.9 * (MENTIONS + COMMENTS), told
    assert sum(event.deliveries for event in events) > len(events)
    assert field.value("SELECT count(*) FROM inbox_events WHERE handled_at IS NULL OR error IS NOT NULL") == 0
    read = {row.ig_comment_id for row in field.rows("SELECT ig_comment_id FROM mentions WHERE state = 'read'")}
    assert read == came["mentions"] <= mentioned
    assert {row.ig_id for row in field.rows("SELECT ig_id FROM comments")} == came["comments"] <= commented
    assert field.count("mentions") == len(came["mentions"])
    assert account.id
    field.transport.close()


def ident(value: dict[str, str]) -> str:
    return value.get("comment_id") or value["id"]
