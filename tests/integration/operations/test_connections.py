"""The operation that connects accounts: what it refuses at once, what it writes down, and what ends by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from models.accounts.account import Login
from models.connecting.connection import LIFE, expire_connections
from models.store.session import Database
from operations.accounts.connections import NewAccount, connect, outcome
from operations.operation import OPERATIONS, OWNER, Asker, Context, NotAllowed, Scope
from pressrun import clock
from pressrun.errors import Conflict, Invalid, NotPossible, PressrunError, Unknown
from pressrun.settings import Settings
from tests.factories.rows import KEY, make_account

NEW = NewAccount(Login.FACEBOOK, "17841400000000000", "bakery", "SIM-TOKEN-0")


@pytest.fixture
def ctx(database: Database) -> Context:
    return Context(database, Settings(secret_keys=[SecretStr(KEY)]))


def row(ctx: Context, connection_id: int) -> Any:
    with ctx.database.transaction() as tx:
        return tx.execute(text("SELECT * FROM connections WHERE id = :id"), {"id": connection_id}).one()


def test_unchecked_the_account_is_there_at_once(ctx: Context) -> None:
    connection_id = connect(ctx, OWNER, NEW, check=False)

    done = outcome(ctx, OWNER, connection_id)

    assert (done.name, done.ig_id, done.state, done.is_new) == ("bakery", NEW.ig_id, "active", True)
    assert (done.username, row(ctx, connection_id).token_sealed) == (None, None)
    assert not outcome(ctx, OWNER, connect(ctx, OWNER, NEW, check=False)).is_new


def test_the_zone_is_doubted_only_by_whoever_named_it(ctx: Context) -> None:
    est = replace(NEW, timezone=" EST ")

    doubted = outcome(ctx, OWNER, connect(ctx, OWNER, est, check=False))
    renewed = outcome(ctx, OWNER, connect(ctx, OWNER, NEW, check=False))

    assert (doubted.timezone, renewed.timezone) == ("EST", "EST")
    assert ["standard time all year" in one for one in doubted.warnings] == [True]
    assert renewed.warnings == ()


@pytest.mark.parametrize("name", ["GMT+2", "IST", "localtime", "Factory", "nowhere", ""])
def test_a_zone_that_is_none_or_unclear_is_refused_before_anything_is_written(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        replace(NEW, timezone=name)

    assert refused.value.field == "timezone"
    assert "Etc/" not in str(refused.value)


def test_what_is_asked_is_under_way_until_a_worker_has_asked(ctx: Context) -> None:
    connection_id = connect(ctx, OWNER, NEW)

    found = row(ctx, connection_id)

    with pytest.raises(NotPossible, match="still being asked"):
        outcome(ctx, OWNER, connection_id)
    assert found.next_action_at <= clock.now() < found.expires_at
    assert found.expires_at - found.created_at == LIFE
    assert NEW.token not in str(tuple(found))
    assert found.token_sealed.startswith("v1:")


@pytest.mark.parametrize("check", [True, False])
def test_a_name_that_another_account_has_is_refused_at_once(ctx: Context, check: bool) -> None:
    with ctx.database.transaction() as tx:
        ig_id = make_account(tx, name="bakery").ig_id

    with pytest.raises(Conflict, match=ig_id) as refused:
        connect(ctx, OWNER, NEW, check=check)

    assert refused.value.field == "name"
    with ctx.database.transaction() as tx:
        assert tx.execute(text("SELECT count(*) FROM connections")).scalar_one() == 0


def test_without_a_key_nothing_is_written_down(database: Database) -> None:
    with pytest.raises(PressrunError, match="PRESSRUN_SECRET_KEYS is missing"):
        connect(Context(database, Settings()), OWNER, NEW)


def test_what_nobody_asks_in_time_ends_by_itself_and_keeps_no_token(ctx: Context) -> None:
    connection_id = connect(ctx, OWNER, NEW)
    held = connect(ctx, OWNER, NEW)
    now = clock.now() + LIFE
    with ctx.database.transaction() as tx:
        tx.execute(
            text("UPDATE connections SET leased_until = :until WHERE id = :id"),
            {"until": now + timedelta(minutes=1), "id": held},
        )
        assert expire_connections(tx, now=now) == 1

    assert row(ctx, connection_id).token_sealed is None
    with pytest.raises(PressrunError, match="nobody asked Instagram in time") as told:
        outcome(ctx, OWNER, connection_id)
    assert told.value.type == "connection.expired"
    assert row(ctx, held).state == "asked"


def test_a_connection_that_is_none_is_unknown(ctx: Context) -> None:
    with pytest.raises(Unknown, match="no connection 7"):
        outcome(ctx, OWNER, 7)


def test_only_who_may_can_connect(ctx: Context) -> None:
    assert {"account.connect", "account.connection"} <= OPERATIONS.keys()
    with pytest.raises(NotAllowed):
        connect(ctx, Asker("reader", frozenset({Scope.READ})), NEW)
