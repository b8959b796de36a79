"""Accounts and their slots as every face asks for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from models.accounts.account import get_account
from operations.accounts import accounts
from operations.accounts.accounts import TermChanges
from operations.operation import OWNER, Asker, Context, NotAllowed, Scope
from operations.posts import slots
from operations.posts.slots import SlotsAdded
from pressrun.errors import Invalid, NotPossible, Unknown, UsageError
from tests.factories.rows import make_account, make_post

READER = Asker("reader", frozenset({Scope.READ}))


@pytest.fixture
def desk(ctx: Context) -> Context:
    with ctx.database.transaction() as tx:
        make_account(tx, name="bakery", timezone="Europe/Oslo")
    return ctx


def test_an_account_is_held_and_let_go_on(desk: Context) -> None:
    with desk.database.transaction() as tx:
        account = make_account(tx, name="mill")
        make_post(tx, account, state="staged", wait_reason="account")

    held = accounts.pause(desk, OWNER, "mill", why="a holiday")
    with desk.database.transaction() as tx:
        assert get_account(tx, account.id).state_reason == "a holiday"
    [_, shown] = accounts.list_accounts(desk, READER)
    resumed = accounts.resume(desk, OWNER, "mill")

    assert (held.account, held.state, shown.state, shown.posts_waiting) == ("mill", "paused", "paused", 1)
    assert (resumed.state, resumed.posts_released) == ("active", 1)


def test_what_posts_inherit_is_edited(desk: Context) -> None:
    edited = accounts.edit(desk, OWNER, "bakery", TermChanges(max_lateness="2m", min_spacing=" 5m "))
    back = accounts.edit(desk, OWNER, "bakery", TermChanges(max_lateness=""))

    assert (edited.timezone, edited.max_lateness_s, edited.min_spacing_s) == ("Europe/Oslo", 120, 300)
    assert (back.max_lateness_s, back.min_spacing_s) == (None, 300)


@pytest.mark.parametrize("none", ["0s", "0", "0.5"])
def test_a_lateness_by_which_no_post_would_ever_go_out_is_refused(desk: Context, none: str) -> None:
    with pytest.raises(Invalid, match="no post goes out in the very instant it is due") as refused:
        accounts.edit(desk, OWNER, "bakery", TermChanges(max_lateness=none))

    assert (refused.value.type, refused.value.field) == ("lateness.none", "max_lateness")


def test_one_from_before_that_was_refused_is_told_with_every_edit_until_it_is_mended(desk: Context) -> None:
    with desk.database.transaction() as tx:
        tx.execute(text("UPDATE accounts SET max_lateness_s = 0"))

    told = accounts.edit(desk, OWNER, "bakery", TermChanges(min_spacing="5m"))
    moot = accounts.edit(desk, OWNER, "bakery", TermChanges(if_late="publish"))
    mended = accounts.edit(desk, OWNER, "bakery", TermChanges(if_late="", max_lateness="2m"))

    assert told.warnings == (
        "posts of bakery may be 0 s late, and no post goes out in the very instant it is due: allow some",
    )
    assert moot.warnings == mended.warnings == ()


def test_a_zone_is_taken_by_its_name_and_doubted_where_it_may_not_be_meant(desk: Context) -> None:
    plain = accounts.edit(desk, OWNER, "bakery", TermChanges(timezone=" America/New_York "))
    doubted = accounts.edit(desk, OWNER, "bakery", TermChanges(timezone="EST"))
    untouched = accounts.edit(desk, OWNER, "bakery", TermChanges(min_spacing="5m"))

    assert (plain.timezone, plain.warnings) == ("America/New_York", ())
    assert doubted.timezone == "EST"
    assert "take America/New_York unless that is meant" in doubted.warnings[0]
    assert (untouched.timezone, untouched.warnings) == ("EST", ())


@pytest.mark.parametrize("name", ["GMT+2", "UTC-03:30", "IST", "localtime", "Factory", "posixrules", "right/UTC"])
def test_a_zone_that_nobody_can_know_is_refused(desk: Context, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        accounts.edit(desk, OWNER, "bakery", TermChanges(timezone=name))

    assert (refused.value.type, refused.value.field) == ("zone.unclear", "timezone")
    assert "Etc/" not in str(refused.value)


def test_slots_are_added_once_and_removed(desk: Context) -> None:
    added = slots.add(desk, OWNER, "bakery", days="mon,fri", at=["08:30", "17:00", "17:00"])
    again = slots.add(desk, OWNER, "bakery", days="fri", at=["17:00", "18:00"])
    shown = slots.list_slots(desk, READER, account="bakery")
    slots.remove(desk, OWNER, shown[0].id)

    assert (added, again) == (SlotsAdded(4, 0, "Europe/Oslo"), SlotsAdded(1, 1, "Europe/Oslo"))
    assert slots.add(desk, OWNER, "bakery", days="fri", at=[]) == SlotsAdded(0, 0, "Europe/Oslo")
    assert [(one.day, one.time) for one in slots.list_slots(desk, READER)] == [(one.day, one.time) for one in shown[1:]]


@pytest.mark.parametrize(
    ("ask", "error", "type_", "field"),
    [
        (lambda ctx: accounts.pause(ctx, OWNER, "nobody"), Unknown, "account.unknown", "account"),
        (lambda ctx: accounts.edit(ctx, OWNER, "bakery", TermChanges()), Invalid, "account.nothing_to_change", None),
        (
            lambda ctx: accounts.edit(ctx, OWNER, "bakery", TermChanges(if_late="next_slot")),
            NotPossible,
            "account.no_slots",
            "if_late",
        ),
        (lambda ctx: slots.list_slots(ctx, OWNER, account="nobody"), Unknown, "account.unknown", "account"),
        (lambda ctx: slots.add(ctx, OWNER, "bakery", days="someday", at=["09:00"]), Invalid, "slot.day", "days"),
        (lambda ctx: slots.add(ctx, OWNER, "bakery", days="daily", at=["25:00"]), Invalid, "slot.time", "at"),
        (lambda ctx: slots.remove(ctx, OWNER, 7), Unknown, "slot.unknown", "slot"),
    ],
)
def test_errors_say_kind_type_and_field_and_no_flag(
    desk: Context, ask: Callable[[Context], object], error: type[UsageError], type_: str, field: str | None
) -> None:
    with pytest.raises(error) as refused:
        ask(desk)

    assert (refused.value.type, refused.value.field) == (type_, field)
    assert "--" not in str(refused.value)
    assert "pressrun " not in str(refused.value)
    assert slots.list_slots(desk, READER) == []


@pytest.mark.parametrize("name", ["timezone", "max_lateness", "if_late", "min_spacing"])
def test_a_value_that_cannot_be_is_told_with_its_field(desk: Context, name: str) -> None:
    with pytest.raises(UsageError, match="'nonsense'") as refused:
        accounts.edit(desk, OWNER, "bakery", TermChanges(**{name: "nonsense"}))

    assert refused.value.field == name


@pytest.mark.parametrize(
    "ask",
    [
        lambda ctx: accounts.pause(ctx, READER, "bakery"),
        lambda ctx: accounts.edit(ctx, Asker("publisher", OWNER.scopes - {Scope.ADMIN}), "bakery", TermChanges()),
        lambda ctx: slots.add(ctx, READER, "bakery", days="daily", at=["09:00"]),
        lambda ctx: slots.remove(ctx, READER, 1),
    ],
    ids=["pause", "edit", "add a slot", "remove a slot"],
)
def test_whoever_may_not_changes_nothing(desk: Context, ask: Callable[[Context], object]) -> None:
    with pytest.raises(NotAllowed):
        ask(desk)

    [account] = accounts.list_accounts(desk, READER)
    assert (account.state, slots.list_slots(desk, READER)) == ("active", [])
