"""`pressrun top`: what runs now, in a terminal that stays current."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.asking import asking
from cli.output import AsJson, show_json

if TYPE_CHECKING:
    from operations.operation import Asker, Context

EVERY_S = 2.0


def top(
    every: Annotated[float, typer.Option(min=0.5, max=3600, help="Seconds between two looks.")] = EVERY_S,
    as_json: AsJson = False,
) -> None:
    """What goes out next, what needs a person, how much is owed, and who works on it; `q` ends it."""
    with asking() as (ctx, owner):
        if as_json:
            show_json(_told(ctx, owner))
            return
        from cli.terminal.board import Board

        Board(lambda: _told(ctx, owner), every_s=every).run()


def _told(ctx: Context, owner: Asker) -> dict[str, Any]:
    """One look, under the names of the tables of the board."""
    from operations.upkeep import running, today

    now, system = today.show(ctx, owner), running.look(ctx, owner)
    late = system.lateness
    return {
        "next": [
            {"post": one.key, "account": one.account, "state": one.state, "publish_at": one.publish_at}
            for one in now.next
        ],
        "needs": [
            {"post": one.key, "account": one.account, "state": one.state, "error": one.error}
            for one in now.for_a_person
        ],
        "accounts": [
            {"account": one.name, "state": one.state, "used": one.quota_used, "total": one.quota_total}
            for one in now.accounts
        ],
        "queues": [
            {"work": one.work, "queue": one.queue, "planned": one.waiting, "due": one.due, "under_way": one.held}
            for one in system.queues
        ],
        "absent": system.absent,
        "gates": [
            {"of": one.account or "the app", "level": one.level, "until": one.until}
            for one in system.gates
            if one.level != "open" and (one.until is None or one.until > now.now)
        ],
        "lateness": {"posts": late.posts, "median_ms": late.median_ms, "p95_ms": late.p95_ms},
    }
