"""Accounts: found by name or number, locked one at a time, and never taken out of a person's pause by the system."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from models.accounts.account import (
    Account,
    AccountState,
    Login,
    break_account,
    find_account,
    get_account,
    lift_block,
    lock_account,
    set_state,
)
from models.connecting.joining import NewAccount, join_account
from models.store.session import Database
from pressrun import clock
from pressrun.errors import Unknown
from pressrun.vault import Vault
from tests.factories.rows import KEY, make_account, make_post
from tests.integration.models.racing import race
from tests.support.statements import waits_for_a_lock
from tests.support.waiting import until

A = AccountState
T0 = clock.now()


def _state(database: Database, account: Account) -> tuple[str, str | None]:
    with database.transaction() as tx:
        found = get_account(tx, account.id)
        return found.state, found.state_reason


def _set(database: Database, account: Account, state: AccountState, reason: str | None = None) -> None:
    with database.transaction() as tx:
        set_state(tx, account.id, state, reason=reason, until=T0 if state is A.BLOCKED else None)


class TestFinding:
    def test_an_account_is_found_by_its_name_and_by_its_instagram_id(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account = make_account(tx)
            assert find_account(tx, account.name).id == account.id
            assert find_account(tx, account.ig_id).id == account.id

    def test_an_unknown_one_is_refused_with_those_that_are_known(self, loose: Database) -> None:
        with loose.transaction() as tx, pytest.raises(Unknown, match="unknown account 'nobody'; known: none yet"):
            find_account(tx, "nobody")
        with loose.transaction() as tx:
            make_account(tx, name="bakery")
            with pytest.raises(Unknown, match="unknown account 'nobody'; known: bakery"):
                find_account(tx, "nobody")


class TestState:
    @pytest.mark.parametrize("state", [A.BROKEN, A.BLOCKED])
    def test_the_system_stops_an_active_account(self, loose: Database, state: AccountState) -> None:
        with loose.transaction() as tx:
            account = make_account(tx)

        _set(loose, account, state, "the token is gone")

        assert _state(loose, account) == (state, "the token is gone")

    @pytest.mark.parametrize("state", [A.BROKEN, A.BLOCKED])
    def test_a_persons_pause_is_not_changed_by_the_system(self, loose: Database, state: AccountState) -> None:
        with loose.transaction() as tx:
            account = make_account(tx)
        _set(loose, account, A.PAUSED, "on holiday")

        _set(loose, account, state, "the token is gone")

        assert _state(loose, account) == (A.PAUSED, "on holiday")

    def test_it_is_broken_by_a_refusal_of_the_token_in_force(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account = make_account(tx)

        with loose.transaction() as tx:
            assert break_account(tx, account.id, token_seen=account.token_sealed, reason="expired")

        assert _state(loose, account) == (A.BROKEN, "expired")

    def test_a_late_refusal_of_the_old_token_does_not_break_a_renewed_account(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account = make_account(tx, state="broken", state_reason="expired")
        seen = account.token_sealed
        new = NewAccount(Login(account.login), account.ig_id, account.name, "SIM-TOKEN-renewed")
        with loose.transaction() as tx:
            join_account(tx, new, Vault([KEY]))

        with loose.transaction() as tx:
            assert not break_account(tx, account.id, token_seen=seen, reason="expired")

        assert _state(loose, account) == (A.ACTIVE, None)

    def test_a_renewal_and_a_late_refusal_at_one_moment_end_with_an_active_account(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account = make_account(tx, state="broken")
        new = NewAccount(Login(account.login), account.ig_id, account.name, "SIM-TOKEN-renewed")

        def refused() -> bool:
            with loose.transaction() as tx:
                return break_account(tx, account.id, token_seen=account.token_sealed, reason="expired")

        with ThreadPoolExecutor(1) as pool:
            with loose.transaction() as tx:  # it holds the account's lock until it is done
                join_account(tx, new, Vault([KEY]))
                running = pool.submit(refused)
                until(lambda: waits_for_a_lock(loose), what="the refusal waits for nobody")
            assert running.result(30) is False

        assert _state(loose, account) == (A.ACTIVE, None)

    def test_lifting_a_block_waits_for_nobody(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account = make_account(tx, state="blocked", state_until=T0)

        with loose.transaction() as holder:
            lock_account(holder, account.id)
            with loose.transaction() as tx:
                tx.execute(text("SET LOCAL lock_timeout = '1ms'"))
                lift_block(tx, account.id, now=T0)

        assert _state(loose, account)[0] == A.BLOCKED

    def test_a_block_that_has_passed_is_lifted(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account = make_account(tx, state="blocked", state_reason="why", state_until=T0)
            lift_block(tx, account.id, now=T0)

        assert _state(loose, account) == (A.ACTIVE, None)

    @pytest.mark.parametrize(
        "before",
        [
            {"state": "paused", "state_until": T0},
            {"state": "broken", "state_until": T0},
            {"state": "blocked", "state_until": T0 + timedelta(seconds=1)},
            {"state": "blocked", "state_until": None},
        ],
        ids=["paused", "broken", "blocked for longer", "blocked without end"],
    )
    def test_lifting_a_block_leaves_everything_else_as_it_is(self, loose: Database, before: dict[str, Any]) -> None:
        with loose.transaction() as tx:
            account = make_account(tx, state_reason="why", **before)
            lift_block(tx, account.id, now=T0)

        assert _state(loose, account) == (before["state"], "why")

    @pytest.mark.parametrize("before", [A.PAUSED, A.BROKEN, A.BLOCKED])
    def test_a_person_makes_it_active_again(self, loose: Database, before: AccountState) -> None:
        with loose.transaction() as tx:
            account = make_account(tx, state=before.value, state_reason="why", state_until=T0)

        _set(loose, account, A.ACTIVE)

        with loose.transaction() as tx:
            found = get_account(tx, account.id)
        assert (found.state, found.state_reason, found.state_until) == (A.ACTIVE, None, None)

    @pytest.mark.parametrize(
        ("column", "value"),
        [("state", "'gone'"), ("login", "'threads'"), ("quota_total", "-1"), ("min_spacing_s", "-1")],
    )
    def test_the_database_refuses_what_makes_no_sense(self, loose: Database, column: str, value: str) -> None:
        with loose.transaction() as tx:
            make_account(tx)

        with pytest.raises(IntegrityError, match=f"ck_accounts_{column}"), loose.transaction() as tx:
            tx.execute(text(f"UPDATE accounts SET {column} = {value}"))  # noqa: S608

    @pytest.mark.parametrize("column", ["name", "ig_id"])
    def test_two_accounts_have_neither_name_nor_instagram_id_in_common(self, loose: Database, column: str) -> None:
        with loose.transaction() as tx:
            make_account(tx, **{column: "1789"})

        with pytest.raises(IntegrityError, match=f"uq_accounts_{column}"), loose.transaction() as tx:
            make_account(tx, **{column: "1789"})


class TestLocking:
    def test_what_is_read_under_the_lock_is_written_by_one_at_a_time(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account_id = make_account(tx, min_spacing_s=0).id

        def raise_by_one() -> None:
            for _ in range(10):
                with loose.transaction() as tx:
                    account = lock_account(tx, account_id)
                    account.min_spacing_s += 1

        race([raise_by_one] * 6)

        with loose.transaction() as tx:
            assert get_account(tx, account_id).min_spacing_s == 60

    def test_the_row_is_read_again_under_the_lock(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account_id = make_account(tx).id

        with loose.transaction() as tx:
            assert get_account(tx, account_id).quota_total is None
            with loose.transaction() as other:
                lock_account(other, account_id).quota_total = 25

            assert lock_account(tx, account_id).quota_total == 25

    def test_posts_may_be_queued_while_it_is_held(self, loose: Database) -> None:
        with loose.transaction() as tx:
            account = make_account(tx)

        with loose.transaction() as holder:
            lock_account(holder, account.id)
            with loose.transaction() as tx:
                tx.execute(text("SET LOCAL lock_timeout = '1s'"))
                assert make_post(tx, account, publish_at=clock.now() + timedelta(hours=1)).id
