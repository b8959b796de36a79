"""What keeps an account from acting, for every step alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from graph.wire.transport import Transport
from models.accounts.account import Account, AccountState, get_account
from models.owed.gate import Level, Purpose, account_key, set_level
from models.store.session import Database
from pressrun import clock
from pressrun.settings import Settings
from pressrun.vault import Vault
from tests.factories.rows import KEY, make_account
from worker.context import WorkerContext
from worker.obstacles import LOOK_AGAIN, HeldBack, Obstacle, held_back

NOW = clock.now().replace(microsecond=0)
HOUR = timedelta(hours=1)


@pytest.fixture
def ctx(database: Database, tmp_path: Path) -> Iterator[WorkerContext]:
    with Transport() as transport:
        yield WorkerContext(Settings(home=tmp_path), database, Vault([KEY]), transport)


def account(ctx: WorkerContext, **over: object) -> Account:
    with ctx.database.transaction() as tx:
        return make_account(tx, name="bakery", **over)


def asked(ctx: WorkerContext, of: Account, purpose: Purpose = Purpose.HARVEST) -> HeldBack | None:
    with ctx.database.transaction() as tx:
        return held_back(tx, ctx, of, purpose, now=NOW)


def state(ctx: WorkerContext, of: Account) -> str:
    with ctx.database.transaction() as tx:
        return get_account(tx, of.id).state


def test_nothing_keeps_an_active_account_whose_gates_are_open(ctx: WorkerContext) -> None:
    assert asked(ctx, account(ctx)) is None


@pytest.mark.parametrize("kind", ["paused", "broken"])
def test_only_a_person_ends_it_so_it_is_looked_at_from_time_to_time(ctx: WorkerContext, kind: str) -> None:
    held = asked(ctx, account(ctx, state=kind, state_reason="holidays"), Purpose.PUBLISH)

    message = f"account bakery is {kind}: holidays"
    assert held == HeldBack(Obstacle.ACCOUNT, None, message, stops_looking=kind == "broken")
    assert held.look_at(NOW) == NOW + LOOK_AGAIN


def test_a_block_says_until_when_but_may_be_lifted_sooner(ctx: WorkerContext) -> None:
    blocked = account(ctx, state="blocked", state_reason="suspected", state_until=NOW + HOUR)

    held = asked(ctx, blocked, Purpose.PUBLISH)

    assert held is not None
    assert (held.obstacle, held.until, held.look_at(NOW)) == (Obstacle.ACCOUNT, NOW + HOUR, NOW + LOOK_AGAIN)
    assert f"held back by Instagram until {NOW + HOUR:%Y-%m-%d %H:%M} UTC: suspected" in held.message
    assert state(ctx, blocked) == AccountState.BLOCKED.value


@pytest.mark.parametrize(
    ("over", "is_read"),
    [
        ({"state": "paused"}, True),
        ({"state": "blocked", "state_until": NOW + HOUR}, True),
        ({"state": "broken"}, False),
        ({"state": "paused", "token_refused": "expired"}, False),
        ({"state": "paused", "is_reading_paused": True}, False),
    ],
)
def test_reading_stops_only_for_a_refused_token_or_where_a_person_says_so(
    ctx: WorkerContext, over: dict[str, Any], is_read: bool
) -> None:
    of = account(ctx, **over)

    assert (asked(ctx, of, Purpose.HARVEST) is None) is is_read
    assert asked(ctx, of, Purpose.PUBLISH) is not None


def test_a_block_whose_time_is_over_is_lifted(ctx: WorkerContext) -> None:
    blocked = account(ctx, state="blocked", state_until=NOW)

    assert asked(ctx, blocked) is None
    assert state(ctx, blocked) == AccountState.ACTIVE.value


@pytest.mark.parametrize(
    ("level", "purpose", "is_held"),
    [
        (Level.SHUT, Purpose.HARVEST, True),
        (Level.SHUT, Purpose.PUBLISH, True),
        (Level.RESERVED, Purpose.HARVEST, True),
        (Level.RESERVED, Purpose.PUBLISH, False),
        (Level.SLOW, Purpose.HARVEST, False),
    ],
)
def test_a_gate_is_asked_for_the_purpose(ctx: WorkerContext, level: Level, purpose: Purpose, is_held: bool) -> None:
    of = account(ctx)
    with ctx.database.transaction() as tx:
        set_level(
            tx,
            account_key(of.id),
            account_id=of.id,
            level=level,
            percent=None,
            reason="throttled",
            now=NOW,
            until=NOW + HOUR,
        )

    held = asked(ctx, of, purpose)

    assert held == (HeldBack(Obstacle.THROTTLED, NOW + HOUR, "throttled") if is_held else None)
    assert held is None or held.look_at(NOW) == NOW + HOUR


def test_an_account_that_may_not_act_is_told_before_its_gate(ctx: WorkerContext) -> None:
    of = account(ctx, state="broken")
    with ctx.database.transaction() as tx:
        set_level(
            tx,
            account_key(of.id),
            account_id=of.id,
            level=Level.SHUT,
            percent=None,
            reason=None,
            now=NOW,
            until=NOW + HOUR,
        )

    held = asked(ctx, of)

    assert held is not None
    assert held.obstacle is Obstacle.ACCOUNT
