"""Who may do what: every operation × every right × an account that is not theirs.

Made from the registry: an operation that is new has to be entered in `asks.py` before this passes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import text

from models.access.user import Role
from models.erasing.ends import ENDS
from models.store.session import Database
from operations.access.rights import OF_ROLE
from operations.operation import OPERATIONS, OWNER, Asker, Context, NotAllowed, Operation, Scope
from pressrun import clock
from pressrun.errors import Kind, PressrunError
from tests.factories.rows import make_account
from tests.factories.worlds import make_lived_in_account
from tests.integration.access.asks import ASKS, LISTS, OF_NO_ACCOUNT, Theirs, load_operations, numbers_of

load_operations()
UNKNOWN = {"account.unknown", "media.not_here", "media.unreadable"}
"""What a row may be told of an account of others: that there is none, and what is wrong with the asker's own file."""
RIGHTS = {role.value: OF_ROLE[role] for role in Role} | {scope.value: frozenset({scope}) for scope in Scope}


@pytest.fixture
def two(ctx: Context) -> tuple[int, Theirs]:
    """The number of an account with nothing of its own but slots, and what another one has."""
    now = clock.now()
    with ctx.database.transaction() as tx:
        mine, foreign = make_account(tx, name="mine"), make_lived_in_account(tx, now=now)
        foreign.name = "foreign"
        tx.flush()
        return mine.id, numbers_of(tx, foreign.id)


def _reached(of: Iterable[Operation]) -> list[str]:
    return sorted(one.name for one in of if not one.whole and one.scope not in (Scope.ENTER, Scope.SELF))


def rows_of(database: Database, name: str) -> dict[str, Any]:
    """Digest of all that stands of an account, by table."""
    found = {}
    with database.transaction() as tx:
        told = {"account_id": tx.scalar(text("SELECT id FROM accounts WHERE name = :name"), {"name": name})}
        for table, end in ENDS.items():
            if end.of_account is not None:
                query = f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t WHERE {end.of_account}"  # noqa: S608
                found[table] = tx.scalar(text(query), told)
        found["accounts"] = tx.scalar(text("SELECT a::text FROM accounts a WHERE id = :account_id"), told)
    return found


def test_every_operation_is_in_the_matrix() -> None:
    assert _reached(OPERATIONS.values()) == sorted({*ASKS, *LISTS, *OF_NO_ACCOUNT})


def test_what_is_of_others_is_unknown_and_stays_as_it_is(ctx: Context, two: tuple[int, Theirs]) -> None:
    mine, theirs = two
    limited = Asker("agency", frozenset(Scope), accounts=frozenset({mine}))
    before = rows_of(ctx.database, theirs.account)

    found: dict[str, Any] = {}
    for name, ask in ASKS.items():
        try:
            answer = ask(ctx, limited, theirs)
        except PressrunError as error:
            if error.kind is not Kind.UNKNOWN:
                found[name] = error
        else:
            if name in {"post.add", "post.import", "draft.judge"}:
                answer = [one.type for one in answer.problems if one.type not in UNKNOWN]
            if name in {"import.add", "import.add_file"}:
                answer = [one.type for one in answer.flaws if one.type not in UNKNOWN]
            if answer not in ([], None):
                found[name] = answer

    assert found == {}
    assert rows_of(ctx.database, theirs.account) == before


def test_lists_hold_only_what_is_of_theirs(ctx: Context, two: tuple[int, Theirs]) -> None:
    mine, theirs = two
    limited = Asker("agency", frozenset(Scope), accounts=frozenset({mine}))
    before = rows_of(ctx.database, theirs.account)

    told = {}
    for name, ask in LISTS.items():
        try:
            told[name] = repr(ask(ctx, limited, theirs))
        except PressrunError as error:
            told[name] = f"{error.type}: {error}"

    marks = [theirs.account, theirs.ig_id, theirs.media, theirs.post, f"[{theirs.harvest}"]
    assert {name: said for name, said in told.items() if any(mark in said for mark in marks)} == {}
    assert rows_of(ctx.database, theirs.account) == before
    assert "mine" in told["account.list"]


def test_whoever_sees_all_accounts_reaches_them_by_the_same_words(ctx: Context, two: tuple[int, Theirs]) -> None:
    """Otherwise the test of what is unknown would pass for a wrong name."""
    _, theirs = two
    last = ["post.cancel", "draft.remove", "slot.remove", "watch.end", "account.remove"]

    unknown = {}
    for name in [*(one for one in ASKS if one not in last), *last]:
        try:
            answer = ASKS[name](ctx, OWNER, theirs)
        except PressrunError as error:
            if error.kind is Kind.UNKNOWN:
                unknown[name] = str(error)
        except AssertionError:
            continue  # a worker was asked for
        else:
            if answer == [] and name not in {"reread.list", "reread.await"}:
                unknown[name] = answer

    assert unknown == {}


def test_a_rehearsal_of_anything_leaves_everything_as_it_is(ctx: Context, two: tuple[int, Theirs]) -> None:
    """What `dry_run` is, for every operation on an account; and what is rehearsed is done, until then."""
    _, theirs = two
    looked_at = {"post.cancel", "post.edit", "slot.remove", "draft.remove", "account.edit", "account.remove"}
    before, changed = rows_of(ctx.database, theirs.account), set()

    for name, ask in ASKS.items():
        with ctx.rehearsal() as here:
            try:
                ask(here, OWNER, theirs)
            except (PressrunError, AssertionError):  # it was refused, or a worker was asked for
                continue
            if name in looked_at and rows_of(here.database, theirs.account) != before:
                changed.add(name)

    assert rows_of(ctx.database, theirs.account) == before
    assert changed == looked_at


def test_each_right_reaches_what_it_is_for_and_no_more(ctx: Context, two: tuple[int, Theirs]) -> None:
    _, theirs = two
    before = rows_of(ctx.database, theirs.account)

    done = []
    for right, scopes in RIGHTS.items():
        for name, ask in {**LISTS, **ASKS}.items():
            if OPERATIONS[name].scope in scopes:
                continue
            try:
                ask(ctx, Asker(right, scopes), theirs)
            except NotAllowed:
                continue
            done.append((right, name))

    assert done == []
    assert rows_of(ctx.database, theirs.account) == before


def test_what_is_about_the_whole_installation_is_for_those_who_see_all_of_it(ctx: Context) -> None:
    limited = Asker("agency", frozenset(Scope), accounts=frozenset({1}))
    whole = [one for one in OPERATIONS.values() if one.whole]

    for one in whole:
        with pytest.raises(NotAllowed, match="is for those who see all accounts"):
            one.function(ctx, limited)

    assert {"key.add", "notify.add", "system.examine", "account.connect"} <= {one.name for one in whole}


def test_a_right_is_enough_and_no_right_is_none() -> None:
    assert {role: sorted(OF_ROLE[role]) for role in Role} == {
        Role.VIEWER: [Scope.READ, Scope.SELF],
        Role.AUTHOR: [Scope.PUBLISH, Scope.READ, Scope.SELF],
        Role.ADMIN: [Scope.ADMIN, Scope.PUBLISH, Scope.READ, Scope.SELF],
    }
