"""Taking in what Instagram tells: who may, what is stored, and what is told when nothing could be."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.hooks.inbox import InboxEvent
from models.store.session import Database
from operations.accounts.webhooks import INSTAGRAM, Change, NotStored, Received, receive
from operations.operation import Asker, Context, NotAllowed, Scope
from operations.upkeep.readiness import PROBE, Standing, look
from pressrun.errors import Kind
from pressrun.settings import Settings
from tests.factories.rows import make_account

NOWHERE = Database("postgresql://nobody@127.0.0.1:1/nothing")


def test_changes_are_stored_once_under_their_account(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        account = make_account(tx)
    ours = Change("instagram", account.ig_id, "comments", {"id": "1"})
    foreign = Change("instagram", "1", "comments", {"id": "2"})

    first, second = (receive(ctx, INSTAGRAM, [ours, foreign]) for _ in range(2))

    assert (first, second) == (Received(2, new=2), Received(2, new=0))
    with ctx.database.transaction() as tx:
        stored = {one.entry_id: one.account_id for one in tx.scalars(select(InboxEvent))}
    assert stored == {account.ig_id: account.id, "1": None}


def test_nobody_else_may_hand_changes_in(ctx: Context) -> None:
    publisher = Asker("publisher", frozenset({Scope.READ, Scope.PUBLISH, Scope.ADMIN}))

    with pytest.raises(NotAllowed):
        receive(ctx, publisher, [Change("instagram", "1", "comments", {})])

    with ctx.database.transaction() as tx:
        assert tx.scalars(select(InboxEvent)).all() == []


def test_what_cannot_be_stored_is_an_error_that_says_so() -> None:
    with pytest.raises(NotStored, match="has to be sent again") as told:
        receive(Context(NOWHERE, Settings()), INSTAGRAM, [Change("instagram", "1", "comments", {})])

    assert told.value.kind is Kind.UNREACHABLE


def test_a_database_that_is_down_is_not_ready() -> None:
    found = look(Context(NOWHERE, Settings()), PROBE, schema_head="0001")

    assert (found.database, found.schema, found.broker) == (
        Standing.UNREACHABLE,
        Standing.UNKNOWN,
        Standing.NOT_CONFIGURED,
    )
    assert not found.is_ready
