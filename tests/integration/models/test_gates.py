"""Gates: what Instagram said of its limits, until when it holds, and whom it stops."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from models.accounts.account import Account
from models.owed.gate import (
    SHUT_FOR,
    USAGE_HOLDS_FOR,
    Gate,
    Level,
    Purpose,
    Shut,
    account_key,
    app_key,
    barrier,
    is_slow,
    set_level,
)
from models.store.session import Database
from tests.factories.rows import make_account
from tests.integration.models.racing import race

NOW = datetime.fromisoformat("2026-12-24T18:00:00+00:00")
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def account(shared: Database) -> Account:
    with shared.transaction() as tx:
        return make_account(tx)


def _app(account: Account) -> str:
    """An app of the test's own: the tests of this module share a database."""
    return f"app-of-{account.id}"


def _set(
    database: Database,
    account: Account,
    level: Level,
    *,
    of_app: bool = False,
    at: datetime = NOW,
    until: datetime | None = None,
    percent: int | None = None,
    reason: str | None = None,
) -> None:
    with database.transaction() as tx:
        set_level(
            tx,
            app_key(_app(account)) if of_app else account_key(account.id),
            account_id=None if of_app else account.id,
            level=level,
            percent=percent,
            reason=reason,
            now=at,
            until=until,
        )


def _barrier(database: Database, account: Account, purpose: Purpose, now: datetime = NOW) -> Shut | None:
    with database.transaction() as tx:
        return barrier(tx, _app(account), account.id, purpose, now=now)


def _gate(database: Database, account: Account) -> Gate:
    with database.transaction() as tx:
        return tx.get_one(Gate, account_key(account.id))


def _slow(database: Database, account: Account, now: datetime = NOW) -> bool:
    with database.transaction() as tx:
        return is_slow(tx, _app(account), account.id, now=now)


class TestWhomALevelStops:
    @pytest.mark.parametrize(
        ("level", "stops_publishing", "stops_harvests", "slows_harvests"),
        [
            (Level.OPEN, False, False, False),
            (Level.SLOW, False, False, True),
            (Level.RESERVED, False, True, True),
            (Level.SHUT, True, True, True),
        ],
    )
    @pytest.mark.parametrize("of_app", [False, True], ids=["account", "app"])
    def test_publishing_keeps_the_last_fifth_for_itself(
        self,
        shared: Database,
        account: Account,
        of_app: bool,
        level: Level,
        stops_publishing: bool,
        stops_harvests: bool,
        slows_harvests: bool,
    ) -> None:
        _set(shared, account, level, of_app=of_app, until=NOW + HOUR)

        assert (_barrier(shared, account, Purpose.PUBLISH) is not None) == stops_publishing
        assert (_barrier(shared, account, Purpose.HARVEST) is not None) == stops_harvests
        assert _slow(shared, account) == slows_harvests

    def test_where_no_gate_was_ever_set_calls_may_be_made(self, shared: Database, account: Account) -> None:
        assert _barrier(shared, account, Purpose.HARVEST) is None
        assert not _slow(shared, account)

    def test_the_gate_of_one_account_does_not_stop_another(self, shared: Database, account: Account) -> None:
        with shared.transaction() as tx:
            other = make_account(tx)
        _set(shared, account, Level.SHUT, until=NOW + HOUR)

        with shared.transaction() as tx:
            assert barrier(tx, _app(account), other.id, Purpose.HARVEST, now=NOW) is None

    def test_the_gate_of_the_app_stops_every_account_of_it(self, shared: Database, account: Account) -> None:
        with shared.transaction() as tx:
            other = make_account(tx)
        _set(shared, account, Level.SHUT, of_app=True, until=NOW + HOUR)

        with shared.transaction() as tx:
            assert barrier(tx, _app(account), other.id, Purpose.PUBLISH, now=NOW) is not None
            assert barrier(tx, "another app", other.id, Purpose.PUBLISH, now=NOW) is None

    def test_of_two_shut_gates_the_longer_one_is_named(self, shared: Database, account: Account) -> None:
        _set(shared, account, Level.SHUT, until=NOW + HOUR, reason="account")
        _set(shared, account, Level.SHUT, of_app=True, until=NOW + 2 * HOUR, reason="app")

        assert _barrier(shared, account, Purpose.PUBLISH) == Shut(NOW + 2 * HOUR, "app")

    def test_a_gate_says_why_it_is_shut(self, shared: Database, account: Account) -> None:
        _set(shared, account, Level.RESERVED, until=NOW + HOUR, percent=85)

        assert _barrier(shared, account, Purpose.HARVEST) == Shut(NOW + HOUR, "usage 85 %")


class TestHowLong:
    def test_a_gate_opens_at_its_time(self, shared: Database, account: Account) -> None:
        _set(shared, account, Level.SHUT, until=NOW + HOUR)

        assert _barrier(shared, account, Purpose.PUBLISH, NOW + HOUR - SECOND) is not None
        assert _barrier(shared, account, Purpose.PUBLISH, NOW + HOUR) is None
        assert not _slow(shared, account, NOW + HOUR)

    @pytest.mark.parametrize(
        ("level", "holds_for"),
        [(Level.SLOW, USAGE_HOLDS_FOR), (Level.RESERVED, USAGE_HOLDS_FOR), (Level.SHUT, SHUT_FOR)],
    )
    def test_a_level_without_a_stated_time_holds_for_a_while(
        self, shared: Database, account: Account, level: Level, holds_for: timedelta
    ) -> None:
        _set(shared, account, level)

        assert _gate(shared, account).until == NOW + holds_for

    def test_an_open_gate_has_no_end(self, shared: Database, account: Account) -> None:
        _set(shared, account, Level.OPEN, until=NOW + HOUR)

        assert _gate(shared, account).until is None


class TestShutStaysShut:
    @pytest.mark.parametrize("level", [Level.OPEN, Level.SLOW, Level.RESERVED])
    def test_an_answer_that_was_under_way_does_not_open_it(
        self, shared: Database, account: Account, level: Level
    ) -> None:
        _set(shared, account, Level.SHUT, until=NOW + HOUR, reason="throttled")

        _set(shared, account, level, at=NOW + SECOND, until=NOW + 3 * HOUR, percent=50)

        assert _barrier(shared, account, Purpose.PUBLISH, NOW + SECOND) == Shut(NOW + HOUR, "throttled")

    def test_a_shorter_time_does_not_shorten_it(self, shared: Database, account: Account) -> None:
        _set(shared, account, Level.SHUT, until=NOW + HOUR)

        _set(shared, account, Level.SHUT, at=NOW + SECOND, until=NOW + HOUR / 2)

        assert _gate(shared, account).until == NOW + HOUR

    @pytest.mark.parametrize("more", [SECOND, 30 * SECOND, HOUR])
    def test_a_longer_time_prolongs_it(self, shared: Database, account: Account, more: timedelta) -> None:
        _set(shared, account, Level.SHUT, until=NOW + 30 * SECOND)

        _set(shared, account, Level.SHUT, at=NOW + SECOND, until=NOW + 30 * SECOND + more)

        assert _gate(shared, account).until == NOW + 30 * SECOND + more

    def test_it_shuts_again_at_once_after_a_short_pause_that_did_not_help(
        self, shared: Database, account: Account
    ) -> None:
        _set(shared, account, Level.SHUT, until=NOW + 20 * SECOND)

        _set(shared, account, Level.SHUT, at=NOW + 25 * SECOND, until=NOW + 45 * SECOND)

        assert _barrier(shared, account, Purpose.PUBLISH, NOW + 30 * SECOND) is not None

    def test_after_its_time_any_answer_sets_it(self, shared: Database, account: Account) -> None:
        _set(shared, account, Level.SHUT, until=NOW + HOUR)

        _set(shared, account, Level.SLOW, at=NOW + HOUR, percent=65)

        gate = _gate(shared, account)
        assert (gate.level, gate.usage_percent, gate.until) == (Level.SLOW, 65, NOW + HOUR + USAGE_HOLDS_FOR)

    def test_of_many_answers_at_once_the_longest_pause_stands(self, shared: Database) -> None:
        answers: list[dict[str, Any]] = [
            {"level": Level.SHUT, "until": NOW + number * SECOND} for number in (10, 600, 30, 45, 599, 61)
        ] + [{"level": Level.SLOW}, {"level": Level.OPEN}]

        for _ in range(15):
            with shared.transaction() as tx:
                account = make_account(tx)
            race([partial(_set, shared, account, **answer) for answer in answers])

            assert _gate(shared, account).until == NOW + 600 * SECOND


class TestChangesOnly:
    def test_the_same_level_a_moment_later_writes_nothing(self, shared: Database, account: Account) -> None:
        _set(shared, account, Level.SLOW, percent=61)

        _set(shared, account, Level.SLOW, at=NOW + SECOND, percent=62)

        assert (_gate(shared, account).usage_percent, _gate(shared, account).changed_at) == (61, NOW)

    def test_the_same_level_minutes_later_holds_on(self, shared: Database, account: Account) -> None:
        _set(shared, account, Level.SLOW, percent=61)

        _set(shared, account, Level.SLOW, at=NOW + timedelta(minutes=5), percent=62)

        assert _gate(shared, account).until == NOW + timedelta(minutes=5) + USAGE_HOLDS_FOR

    @pytest.mark.parametrize("level", [Level.OPEN, Level.SLOW, Level.SHUT])
    def test_another_level_counts_at_once(self, shared: Database, account: Account, level: Level) -> None:
        _set(shared, account, Level.RESERVED, percent=85)

        _set(shared, account, level, at=NOW + SECOND)

        assert _gate(shared, account).level == level
