"""`pressrun top`: the board shows what is looked up, as plain text, and goes on when a look fails."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from textual.widgets import DataTable, Static

from cli.terminal.board import Board
from pressrun.errors import ServerUnreachable

FOUND: dict[str, Any] = {
    "next": [
        {
            "post": "[red]x[/red]",
            "account": "ana",
            "state": "staged",
            "publish_at": datetime(2026, 12, 1, 8, 30, tzinfo=UTC),
        }
    ],
    "needs": [{"post": "p", "account": "ana", "state": "failed", "error": "a\nb"}],
    "accounts": [{"account": "ana", "state": "active", "used": 3, "total": 50}],
    "queues": [{"work": "publish", "queue": "publish", "planned": 4, "due": 1, "under_way": 0}],
    "gates": [{"of": "ana", "level": "shut"}],
    "absent": ["harvest"],
    "lateness": {"posts": 2, "median_ms": 80, "p95_ms": 120},
}


@pytest.mark.cost(cpu_s=2)
def test_the_board_shows_a_look_and_survives_the_next_one() -> None:
    answers: list[Mapping[str, Any] | Exception] = [FOUND, ServerUnreachable("Postgres does not answer")]

    def look() -> Mapping[str, Any]:
        answer = answers.pop(0) if answers else FOUND
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def play() -> tuple[list[str], str, str]:
        board = Board(look, every_s=3600)
        async with board.run_test(size=(160, 40)) as pilot:
            await board.workers.wait_for_complete()
            await pilot.pause()
            row = [str(one) for one in board.query_one("#next", DataTable).get_row_at(0)]
            first = str(board.query_one("#head", Static).render())
            await pilot.press("r")
            await board.workers.wait_for_complete()
            await pilot.pause()
            return row, first, str(board.query_one("#head", Static).render())

    row, first, second = asyncio.run(play())

    assert row == ["Tue 1 Dec 08:30", "◑ staged", "ana", "[red]x[/red]"]
    assert "ana: gate shut" in first
    assert "half within 80 ms" in first
    assert "NOBODY CONNECTED FOR harvest" in first
    assert second == "not current: Postgres does not answer"
