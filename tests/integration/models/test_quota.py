"""The publishing quota: never more places than the window has, whoever asks at the same moment."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.accounts import quota
from models.accounts.account import Account, get_account, lock_account
from models.accounts.quota import (
    FALLBACK_TOTAL,
    LONGEST_SEND,
    Window,
    mark_used,
    record_full,
    record_reading,
    release,
    reserve,
)
from models.publishing.attempt import Action, Attempt, AttemptState, Target, record_intent, settle
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import first_part, make_account, make_attempt, make_post
from tests.integration.models.racing import race

DAY = timedelta(hours=24)
NOW = datetime.fromisoformat("2026-12-24T18:00:00+00:00")


def _account(database: Database, **over: Any) -> Account:
    with database.transaction() as tx:
        return make_account(tx, **over)


def _place(database: Database, account: Account, counted_at: datetime, state: str = "used") -> int:
    """A place in the ledger; returns its attempt."""
    with database.transaction() as tx:
        post = make_post(tx, account, state="canceled", next_action_at=None)
        attempt_id = make_attempt(tx, post, state="succeeded", result_id=f"media-{post.id}").id
        tx.execute(
            text(
                "INSERT INTO quota_entries (account_id, attempt_id, state, counted_at, total)"
                " VALUES (:account, :attempt, :state, :at, 25)"
            ),
            {"account": account.id, "attempt": attempt_id, "state": state, "at": counted_at},
        )
        return attempt_id


def _window(database: Database, account: Account, now: datetime = NOW) -> Window:
    with database.transaction() as tx:
        window = quota.window(tx, get_account(tx, account.id), now=now)
        assert quota.used_by_account(tx, now=now)[account.id] == window.used, "lists say something else"
        return window


def _ask(tx: Session, account_id: int, post_id: int, part_id: int) -> Attempt | None:
    """As a publish does: lock, count, intend, reserve, all in one transaction; None when the window is full."""
    account = lock_account(tx, account_id)
    now = clock.now()
    if quota.window(tx, account, now=now).is_full:
        return None
    attempt = record_intent(tx, Target(Action.PUBLISH, post_id=post_id, part_id=part_id), claim=1, now=now)
    reserve(tx, account, attempt.id, now=now)
    return attempt


class TestUnderConcurrency:
    THREADS, EACH, TOTAL = 16, 5, 20

    def _posts(self, database: Database) -> tuple[int, list[list[tuple[int, int]]]]:
        with database.transaction() as tx:
            account = make_account(tx, quota_total=self.TOTAL)
            posts = [make_post(tx, account, state="staged") for _ in range(self.THREADS * self.EACH)]
            wanted = [(post.id, first_part(tx, post).id) for post in posts]
        return account.id, [wanted[number :: self.THREADS] for number in range(self.THREADS)]

    def test_sixteen_workers_take_exactly_what_the_window_has(self, loose: Database) -> None:
        account_id, shares = self._posts(loose)

        def worker(share: list[tuple[int, int]]) -> Callable[[], int]:
            def publish_all() -> int:
                granted = 0
                for post_id, part_id in share:
                    with loose.transaction() as tx:
                        granted += _ask(tx, account_id, post_id, part_id) is not None
                return granted

            return publish_all

        granted = race([worker(share) for share in shares])

        assert sum(granted) == self.TOTAL
        with loose.transaction() as tx:
            held = tx.execute(text("SELECT count(*) FROM quota_entries WHERE state <> 'released'")).scalar_one()
        assert held == self.TOTAL

    def test_places_that_are_given_back_are_taken_again_and_never_too_many(self, loose: Database) -> None:
        account_id, shares = self._posts(loose)
        outcomes = random.Random(11)

        def worker(share: list[tuple[int, int]], seed: int) -> Callable[[], int]:
            dice = random.Random(seed)

            def publish_all() -> int:
                most = 0
                for post_id, part_id in share:
                    with loose.transaction() as tx:
                        attempt = _ask(tx, account_id, post_id, part_id)
                        held = tx.execute(text("SELECT count(*) FROM quota_entries WHERE state <> 'released'"))
                        most = max(most, held.scalar_one())
                    if attempt is not None:
                        with loose.transaction() as tx:
                            _conclude(tx, attempt.id, dice.choice(["used", "refused", "unknown"]))
                return most

            return publish_all

        most = race([worker(share, outcomes.randrange(1 << 30)) for share in shares])

        assert max(most) == self.TOTAL

    def test_two_accounts_do_not_wait_for_each_other(self, loose: Database) -> None:
        with loose.transaction() as tx:
            held, free = (make_account(tx, quota_total=1) for _ in range(2))
            post = make_post(tx, free, state="staged")
            part_id = first_part(tx, post).id

        with loose.transaction() as someone:
            lock_account(someone, held.id)
            with loose.transaction() as tx:
                tx.execute(text("SET LOCAL lock_timeout = '1s'"))
                assert _ask(tx, free.id, post.id, part_id) is not None


def _conclude(tx: Session, attempt_id: int, outcome: str) -> None:
    now = clock.now()
    if outcome == "used":
        settle(tx, attempt_id, AttemptState.SUCCEEDED, now=now, result_id=f"media-{attempt_id}")
        mark_used(tx, attempt_id, now=now)
    elif outcome == "refused":
        settle(tx, attempt_id, AttemptState.REFUSED, now=now)
        release(tx, attempt_id)
    else:
        settle(tx, attempt_id, AttemptState.UNKNOWN, now=now)


class TestOurOwnCount:
    def test_an_account_that_was_never_read_has_the_documented_total(self, shared: Database) -> None:
        assert _window(shared, _account(shared)) == Window(used=0, total=FALLBACK_TOTAL, frees_at=None)

    def test_used_and_reserved_places_count_and_released_ones_do_not(self, shared: Database) -> None:
        account = _account(shared, quota_total=10)
        for state in ("used", "used", "reserved", "released"):
            _place(shared, account, NOW - timedelta(hours=1), state)

        assert _window(shared, account) == Window(used=3, total=10, frees_at=None)

    def test_another_accounts_places_do_not_count(self, shared: Database) -> None:
        account = _account(shared, quota_total=10)
        _place(shared, _account(shared), NOW - timedelta(hours=1))

        assert _window(shared, account).used == 0

    @pytest.mark.parametrize(("ago", "used"), [(DAY - timedelta(milliseconds=1), 1), (DAY, 0)])
    def test_a_used_place_leaves_the_window_after_its_duration(
        self, shared: Database, ago: timedelta, used: int
    ) -> None:
        account = _account(shared, quota_total=10)
        _place(shared, account, NOW - ago)

        assert _window(shared, account).used == used

    def test_the_window_is_as_long_as_instagram_says(self, shared: Database) -> None:
        account = _account(shared, quota_total=1, quota_duration_s=3600)
        _place(shared, account, NOW - timedelta(minutes=59))

        assert _window(shared, account) == Window(used=1, total=1, frees_at=NOW + timedelta(minutes=1))
        assert _window(shared, account, NOW + timedelta(minutes=1)).used == 0

    def test_a_full_window_says_when_its_next_place_frees(self, shared: Database) -> None:
        account = _account(shared, quota_total=3)
        for hours in (20, 1, 10):
            _place(shared, account, NOW - timedelta(hours=hours))

        window = _window(shared, account)

        assert window == Window(used=3, total=3, frees_at=NOW + timedelta(hours=4))
        assert window.is_full
        assert window.frees_at is not None
        assert not _window(shared, account, window.frees_at).is_full
        assert _window(shared, account, window.frees_at - timedelta(milliseconds=1)).is_full

    def test_a_window_that_is_over_its_total_frees_when_enough_places_have_left(self, shared: Database) -> None:
        account = _account(shared, quota_total=2)  # Instagram has lowered it since
        for hours in (22, 20, 10, 1):
            _place(shared, account, NOW - timedelta(hours=hours))

        window = _window(shared, account)

        assert (window.used, window.frees_at) == (4, NOW + timedelta(hours=14))
        assert not _window(shared, account, NOW + timedelta(hours=14)).is_full
        assert _window(shared, account, NOW + timedelta(hours=13, minutes=59)).is_full

    def test_an_account_that_may_publish_nothing_has_no_date(self, shared: Database) -> None:
        account = _account(shared, quota_total=0)

        window = _window(shared, account)

        assert window.is_full
        assert window.frees_at is None


class TestReservedPlaces:
    def test_one_counts_longer_than_a_used_one_as_it_may_have_been_published_later(self, shared: Database) -> None:
        account = _account(shared, quota_total=1)
        _place(shared, account, NOW - DAY - timedelta(minutes=1), "reserved")

        window = _window(shared, account)

        assert window.is_full
        assert window.frees_at == NOW - timedelta(minutes=1) + LONGEST_SEND
        assert not _window(shared, account, window.frees_at).is_full
        assert _window(shared, account, window.frees_at - timedelta(milliseconds=1)).is_full

    def test_the_date_of_a_full_window_is_never_in_the_past(self, shared: Database) -> None:
        account = _account(shared, quota_total=2)
        _place(shared, account, NOW - DAY - timedelta(minutes=4), "reserved")
        _place(shared, account, NOW - DAY + timedelta(minutes=2), "used")

        window = _window(shared, account)

        # The used place leaves first, although the reserved one is older.
        assert (window.used, window.frees_at) == (2, NOW + timedelta(minutes=2))
        assert not _window(shared, account, NOW + timedelta(minutes=2)).is_full

    def test_one_ages_out_in_the_end(self, shared: Database) -> None:
        account = _account(shared, quota_total=1)
        _place(shared, account, NOW - DAY - LONGEST_SEND, "reserved")

        assert _window(shared, account).used == 0

    def test_one_that_is_used_counts_from_when_it_was_published(self, shared: Database) -> None:
        account = _account(shared, quota_total=1)
        attempt_id = _place(shared, account, NOW - timedelta(minutes=5), "reserved")

        with shared.transaction() as tx:
            mark_used(tx, attempt_id, now=NOW)

        assert _window(shared, account).frees_at == NOW + DAY

    def test_one_that_is_found_published_hours_later_counts_from_when_it_can_last_have_been(
        self, shared: Database
    ) -> None:
        account = _account(shared, quota_total=1)
        attempt_id = _place(shared, account, NOW - timedelta(hours=20), "reserved")

        with shared.transaction() as tx:
            mark_used(tx, attempt_id, now=NOW)

        assert _window(shared, account).frees_at == NOW + timedelta(hours=4) + LONGEST_SEND

    def test_one_that_has_left_the_window_does_not_come_back_when_a_person_resolves_it(self, shared: Database) -> None:
        account = _account(shared, quota_total=1)
        attempt_id = _place(shared, account, NOW - timedelta(days=3), "reserved")
        _place(shared, account, NOW - timedelta(hours=1), "used")

        with shared.transaction() as tx:
            mark_used(tx, attempt_id, now=NOW)

        assert _window(shared, account).used == 1

    @pytest.mark.parametrize("first", [mark_used, release])
    def test_one_is_settled_once(self, shared: Database, first: Callable[..., None]) -> None:
        account = _account(shared, quota_total=1)
        attempt_id = _place(shared, account, NOW - timedelta(minutes=5), "reserved")
        with shared.transaction() as tx:
            mark_used(tx, attempt_id, now=NOW) if first is mark_used else release(tx, attempt_id)
        before = _window(shared, account)

        with shared.transaction() as tx:
            release(tx, attempt_id)
            mark_used(tx, attempt_id, now=NOW + timedelta(hours=1))

        assert _window(shared, account) == before

    def test_an_attempt_takes_one_place(self, shared: Database) -> None:
        account = _account(shared)
        attempt_id = _place(shared, account, NOW)

        with pytest.raises(Exception, match="uq_quota_entries_attempt_id"), shared.transaction() as tx:
            reserve(tx, account, attempt_id, now=NOW)


class TestInstagramsFigure:
    def _read(self, database: Database, account: Account, usage: int | None, at: datetime, **more: int | None) -> None:
        with database.transaction() as tx:
            record_reading(
                tx,
                account.id,
                usage=usage,
                total=more.get("total", 25),
                duration_s=more.get("duration_s", 86400),
                asked_at=at,
            )

    def test_counts_when_it_is_higher_than_ours(self, shared: Database) -> None:
        account = _account(shared)
        _place(shared, account, NOW - timedelta(hours=2))
        self._read(shared, account, 25, NOW - timedelta(hours=1))

        window = _window(shared, account)

        assert (window.used, window.total) == (25, 25)
        assert window.is_full
        assert window.frees_at is None  # only Instagram knows

    def test_does_not_count_when_it_is_lower_than_ours(self, shared: Database) -> None:
        account = _account(shared)
        for hours in (3, 2):
            _place(shared, account, NOW - timedelta(hours=hours))
        self._read(shared, account, 0, NOW - timedelta(hours=1))

        assert _window(shared, account).used == 2

    def test_what_we_published_since_comes_on_top(self, shared: Database) -> None:
        account = _account(shared)
        _place(shared, account, NOW - timedelta(hours=2))
        self._read(shared, account, 10, NOW - timedelta(hours=1))
        _place(shared, account, NOW - timedelta(minutes=30))
        _place(shared, account, NOW - timedelta(minutes=20), "reserved")
        _place(shared, account, NOW - timedelta(minutes=10), "released")

        assert _window(shared, account).used == 12

    def test_what_was_reserved_just_before_may_have_been_published_after(self, shared: Database) -> None:
        account = _account(shared)
        read_at = NOW - timedelta(hours=1)
        _place(shared, account, read_at - LONGEST_SEND + timedelta(seconds=1), "reserved")
        self._read(shared, account, 10, read_at)

        assert _window(shared, account).used == 11

    def test_a_place_that_nobody_ever_resolved_does_not_count_against_it_for_ever(self, shared: Database) -> None:
        account = _account(shared)
        read_at = NOW - timedelta(minutes=5)
        _place(shared, account, NOW - timedelta(days=3), "reserved")  # its post waits for a person
        self._read(shared, account, 10, read_at)

        assert _window(shared, account).used == 10

    def test_says_nothing_once_the_window_has_passed_over_it(self, shared: Database) -> None:
        account = _account(shared)
        self._read(shared, account, 25, NOW - DAY)

        assert _window(shared, account).used == 0
        assert _window(shared, account, NOW - timedelta(milliseconds=1)).used == 25

    def test_an_answer_without_the_total_keeps_the_known_one(self, shared: Database) -> None:
        account = _account(shared)
        self._read(shared, account, 3, NOW - timedelta(hours=2), total=100, duration_s=3600 * 48)
        self._read(shared, account, 4, NOW - timedelta(hours=1), total=None, duration_s=None)

        with shared.transaction() as tx:
            known = get_account(tx, account.id)
        assert (known.quota_usage, known.quota_total, known.quota_duration_s) == (4, 100, 3600 * 48)
        assert known.quota_read_at == NOW - timedelta(hours=1)

    @pytest.mark.parametrize(
        ("figure", "unusable"),
        [
            ({"total": -1}, {"quota_total": -1}),
            ({"total": 3_000_000_000}, {"quota_total": 3_000_000_000}),
            ({"duration_s": 10**15}, {"quota_duration_s": 10**15}),
            ({"duration_s": -86_400}, {"quota_duration_s": -86_400}),
            ({"duration_s": 0}, {"quota_duration_s": 0}),
            ({"total": -1, "duration_s": 2**31}, {"quota_total": -1, "quota_duration_s": 2**31}),
        ],
    )
    def test_a_figure_that_cannot_be_is_told_and_ignored_and_the_fallback_counts(
        self, shared: Database, figure: dict[str, int], unusable: dict[str, int]
    ) -> None:
        account = _account(shared)
        said: dict[str, int | None] = {"total": None, "duration_s": None, **figure}

        with shared.transaction() as tx:
            told = record_reading(tx, account.id, usage=3, **said, asked_at=NOW - timedelta(minutes=1))

        assert told == unusable
        assert _window(shared, account) == Window(used=3, total=FALLBACK_TOTAL, frees_at=None)

    @pytest.mark.parametrize("usage", [-1, 3_000_000_000])
    def test_a_usage_that_cannot_be_leaves_the_known_one(self, shared: Database, usage: int) -> None:
        account = _account(shared)
        self._read(shared, account, 10, NOW - timedelta(hours=2))

        self._read(shared, account, usage, NOW - timedelta(hours=1))

        assert _window(shared, account).used == 10

    def test_of_two_readings_the_one_that_was_asked_for_later_stands(self, shared: Database) -> None:
        account = _account(shared)
        self._read(shared, account, 12, NOW - timedelta(minutes=1))

        self._read(shared, account, 10, NOW - timedelta(minutes=2))  # its answer took longer

        assert _window(shared, account).used == 12

    def test_an_answer_without_the_usage_does_not_make_an_old_one_fresh(self, shared: Database) -> None:
        account = _account(shared)
        self._read(shared, account, 10, NOW - timedelta(hours=3))
        for minutes in (100, 90, 80):
            _place(shared, account, NOW - timedelta(minutes=minutes))
        self._read(shared, account, None, NOW - timedelta(hours=1), total=50)

        assert _window(shared, account) == Window(used=13, total=50, frees_at=None)

    @pytest.mark.parametrize(("total", "full"), [(25, 25), (None, FALLBACK_TOTAL)])
    def test_its_word_that_the_window_is_full_is_believed_until_it_is_read_again(
        self, shared: Database, total: int | None, full: int
    ) -> None:
        account = _account(shared, quota_total=total)
        with shared.transaction() as tx:
            record_full(tx, account.id, now=NOW - timedelta(minutes=1))

        assert _window(shared, account) == Window(used=full, total=full, frees_at=None)

        self._read(shared, account, 3, NOW, total=25)
        assert _window(shared, account) == Window(used=3, total=25, frees_at=None)
