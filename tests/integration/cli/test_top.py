"""What `pressrun top` looks up."""

from __future__ import annotations

from datetime import timedelta

from cli.commands.top import _told
from models.session import Database
from operations.operation import OWNER, Context
from pressrun import clock
from pressrun.settings import Settings
from tests.factories.rows import make_account, make_post


def test_a_look_has_what_is_next_what_is_owed_and_who_is_missing(database: Database) -> None:
    later = clock.now() + timedelta(hours=1)
    with database.transaction() as tx:
        account = make_account(tx, name="ana")
        make_post(tx, account, key="soon", publish_at=later, next_action_at=later)
        make_post(tx, account, key="broken", state="failed", next_action_at=None, error="it is too large")

    told = _told(Context(database, Settings()), OWNER)

    assert [one["post"] for one in told["next"]] == ["soon"]
    assert [(one["post"], one["error"]) for one in told["needs"]] == [("broken", "it is too large")]
    assert told["accounts"] == [{"account": "ana", "state": "active", "used": 0, "total": 50}]
    assert {one["work"]: one["planned"] for one in told["queues"]}["prepare"] == 1
    assert "scheduler" in told["absent"]
