"""Blocks: the ladder of an account, what makes a hold shorter, and what a person may do about it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from models.accounts.account import Account, AccountState, find_account, get_account, set_state
from models.accounts.block import LADDER, LIVE_FOR, QUIET, hold, lift, reactivate, record_live
from models.posts.post import get_post
from models.store.session import Database
from pressrun import clock
from scheduler.posts.changing import pause_account, resume_account
from tests.factories.rows import make_account, make_attempt, make_post
from tests.integration.models.racing import race

NOW = clock.now().replace(microsecond=0)
FIRST, AGAIN = LADDER
SECOND = timedelta(seconds=1)


@pytest.fixture
def account(loose: Database) -> Account:
    with loose.transaction() as tx:
        return make_account(tx, name="bakery")


def suspect(loose: Database, of: Account, at: datetime = NOW, attempt_id: int | None = None) -> timedelta:
    """How long the hold of a suspicion lasts."""
    with loose.transaction() as tx:
        return hold(tx, of.id, reason="suspected", now=at, attempt_id=attempt_id) - at


def standing(loose: Database) -> tuple[str, str | None, datetime | None]:
    with loose.transaction() as tx:
        found = find_account(tx, "bakery")
        return found.state, found.state_reason, found.state_until


def lost_call(loose: Database, of: Account) -> int:
    with loose.transaction() as tx:
        post = make_post(tx, of, state="uncertain")
        return make_attempt(tx, post, state="unknown", error_class="blocked").id


def test_the_first_hold_is_short_and_the_next_one_long(loose: Database, account: Account) -> None:
    assert suspect(loose, account) == FIRST
    assert standing(loose) == ("blocked", "suspected", NOW + FIRST)

    assert suspect(loose, account, NOW + FIRST) == AGAIN
    assert suspect(loose, account, NOW + FIRST + AGAIN) == AGAIN


def test_a_quiet_day_begins_the_ladder_anew(loose: Database, account: Account) -> None:
    suspect(loose, account)
    over = NOW + FIRST

    assert suspect(loose, account, over + QUIET - SECOND) == AGAIN
    assert suspect(loose, account, over + QUIET - SECOND + AGAIN + QUIET) == FIRST


def test_calls_that_are_suspected_together_are_one_step(loose: Database, account: Account) -> None:
    race([lambda: suspect(loose, account)] * 4)

    assert standing(loose) == ("blocked", "suspected", NOW + FIRST)
    assert suspect(loose, account, NOW + FIRST - SECOND) == FIRST


def test_a_post_that_proves_live_shortens_its_hold_and_is_no_step(loose: Database, account: Account) -> None:
    attempt_id = lost_call(loose, account)
    suspect(loose, account, attempt_id=attempt_id)
    with loose.transaction() as tx:
        later = NOW + timedelta(days=1)
        waits, other = (make_post(tx, account, wait_reason=why, next_action_at=later) for why in ("account", "quota"))
        record_live(tx, account.id, attempt_id, now=NOW + SECOND)

    assert standing(loose) == ("blocked", "suspected", NOW + LIVE_FOR)
    with loose.transaction() as tx:
        assert get_post(tx, waits.id).next_action_at == NOW + LIVE_FOR
        assert get_post(tx, other.id).next_action_at == later
    assert suspect(loose, account, NOW + LIVE_FOR) == FIRST


def test_a_post_that_proves_live_late_ends_its_hold(loose: Database, account: Account) -> None:
    attempt_id = lost_call(loose, account)
    suspect(loose, account, attempt_id=attempt_id)
    with loose.transaction() as tx:
        waits = make_post(tx, account, wait_reason="account", next_action_at=NOW + FIRST)
        record_live(tx, account.id, attempt_id, now=NOW + LIVE_FOR + SECOND)

    assert standing(loose) == ("active", None, None)
    with loose.transaction() as tx:
        assert get_post(tx, waits.id).wait_reason is None


def test_the_hold_of_another_call_stays(loose: Database, account: Account) -> None:
    live, lost = lost_call(loose, account), lost_call(loose, account)
    for attempt_id in (live, lost):
        suspect(loose, account, attempt_id=attempt_id)
    with loose.transaction() as tx:
        record_live(tx, account.id, live, now=NOW)

    assert standing(loose)[2] == NOW + FIRST


def test_a_hold_lasts_as_long_as_instagram_says(loose: Database, account: Account) -> None:
    with loose.transaction() as tx:
        assert hold(tx, account.id, reason="restricted", now=NOW, at_least=AGAIN) == NOW + AGAIN


@pytest.mark.parametrize("state", [AccountState.PAUSED, AccountState.BROKEN])
def test_it_outlasts_what_is_more_in_the_way(loose: Database, account: Account, state: AccountState) -> None:
    with loose.transaction() as tx:
        set_state(tx, account.id, state, reason="why")
    suspect(loose, account)
    assert standing(loose)[:2] == (state, "why")

    with loose.transaction() as tx:
        assert reactivate(tx, account.id, now=NOW) == 0

    assert standing(loose) == ("blocked", "suspected", NOW + FIRST)


def test_a_person_ends_the_pause_first_and_the_hold_only_then(loose: Database, account: Account) -> None:
    suspect(loose, account)
    with loose.transaction() as tx:
        pause_account(tx, get_account(tx, account.id), why=None, reading=True)
        waits = make_post(tx, account, wait_reason="account", next_action_at=NOW + FIRST)

    with loose.transaction() as tx:
        assert resume_account(tx, get_account(tx, account.id), now=NOW) == 0
        assert not get_account(tx, account.id).is_reading_paused
    assert standing(loose)[0] == "blocked"
    with loose.transaction() as tx:
        assert resume_account(tx, get_account(tx, account.id), now=NOW + SECOND) == 1

    assert standing(loose) == ("active", None, None)
    with loose.transaction() as tx:
        assert get_post(tx, waits.id).wait_reason is None
    assert suspect(loose, account, NOW + 2 * SECOND) == AGAIN


def test_lifting_takes_nothing_from_the_ladder(loose: Database, account: Account) -> None:
    suspect(loose, account)
    with loose.transaction() as tx:
        lift(tx, account.id, now=NOW + SECOND)

    assert suspect(loose, account, NOW + SECOND) == AGAIN


def test_a_pause_without_reading_has_a_paused_account_read_again(loose: Database, account: Account) -> None:
    for reading in (True, False):
        with loose.transaction() as tx:
            pause_account(tx, get_account(tx, account.id), why=None, reading=reading)
        with loose.transaction() as tx:
            assert get_account(tx, account.id).is_reading_paused is reading


def test_a_refused_token_is_noted_beside_a_pause_until_the_account_goes_on(loose: Database, account: Account) -> None:
    with loose.transaction() as tx:
        pause_account(tx, get_account(tx, account.id), why="holiday")
        set_state(tx, account.id, AccountState.BROKEN, reason="it has expired")
    with loose.transaction() as tx:
        found = get_account(tx, account.id)
        assert (found.state, found.state_reason, found.token_refused) == ("paused", "holiday", "it has expired")
        resume_account(tx, found, now=NOW)
    with loose.transaction() as tx:
        found = get_account(tx, account.id)
        assert (found.state, found.token_refused) == ("active", None)
