"""What `pressrun top` looks up."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.commands.upkeep.top import _told
from cli.terminal.board import Board
from models.store.session import Database
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
    assert told["gates"] == []


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_a_terminal_shows_when_and_what_whatever_its_width(size: tuple[int, int]) -> None:
    """At 80 by 24 too each table is seen, and of each post its time, its state, its account and its name."""
    found: dict[str, Any] = {
        "next": [
            {
                "post": "soon",
                "account": "a-name-of-eighteen",
                "state": "scheduled",
                "publish_at": datetime(2026, 11, 29, tzinfo=UTC),
            }
        ],
        "needs": [{"post": "[red]x", "account": "ana", "state": "failed", "error": "it is\ntoo large"}],
        "accounts": [{"account": "ana", "state": "active", "used": 6, "total": 50}],
        "queues": [
            {"work": name, "planned": n, "due": 0, "under_way": 0} for name, n in (("prepare", 3), ("reply", 0))
        ],
        "absent": ["scheduler"],
        "gates": [],
        "lateness": {"posts": 3, "median_ms": 87, "p95_ms": 262},
    }

    async def look() -> str:
        board = Board(lambda: found, every_s=3600)
        async with board.run_test(size=size) as pilot:
            await pilot.pause()
            await board.workers.wait_for_complete()
            await pilot.pause()
            lines = [board.screen._compositor.render_strips()[y].text for y in range(size[1])]
            return "\n".join(lines)

    screen = asyncio.run(look())

    for told in (
        "Sun 29 Nov 00:00",
        "○ scheduled",
        "a-name-of-eighteen",
        "soon",
        "✕ failed",
        "[red]x",
        "it is too",
        "prepare",
    ):
        assert told in screen, screen
    assert "reply" not in screen
    assert "NOBODY CONNECTED FOR scheduler" in " ".join(screen.split())
