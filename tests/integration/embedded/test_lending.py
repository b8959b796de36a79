"""The database that one test after another is lent is as good as a fresh clone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from models.store.session import Database
from models.upkeep.invariants import run_all
from pressrun import clock
from tests.factories.rows import make_account, make_inbox_event
from tests.support.lending import Lender, Lent
from tests.support.servers import Servers


@pytest.fixture
def lender(servers: Servers, template: str) -> Iterator[Lender]:
    lender = Lender(servers.database_url, template)
    yield lender
    lender.close()


def _do(lent: Lent, *statements: str) -> None:
    database = Database(lent.url)
    with database.transaction() as tx:
        for statement in statements:
            tx.execute(text(statement))
    database.close()


def _account_of(lent: Lent) -> int:
    database = Database(lent.url)
    with database.transaction() as tx:
        made = make_account(tx).id
    database.close()
    return made


def test_the_next_one_finds_no_row_of_the_one_before_and_the_same_numbers(lender: Lender) -> None:
    seen = []
    for _ in range(2):
        with lender.lend() as lent:
            seen.append((lent.url, _account_of(lent)))

    assert seen[0] == seen[1]


def test_what_the_template_holds_is_there_again(lender: Lender) -> None:
    with lender.lend() as lent:
        _do(lent, "UPDATE alembic_version SET version_num = '0001'")
        before = lent.url
    with lender.lend() as lent:
        assert lent.url == before
        _do(lent, "DO $$ BEGIN ASSERT (SELECT version_num > '0001' FROM alembic_version); END $$")


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE posts ADD COLUMN mood text",
        "ALTER VIEW account_daily RENAME COLUMN day TO dia",
        "ALTER TABLE post_events DISABLE TRIGGER append_only",
        "CREATE INDEX ON posts (state)",
        "REVOKE SELECT ON posts FROM CURRENT_USER",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET lock_timeout = 5000', current_database()); END $$",
    ],
)
def test_one_whose_build_was_changed_is_lent_to_nobody(lender: Lender, change: str) -> None:
    with lender.lend() as lent:
        _do(lent, change)
        before = lent.url
    with lender.lend() as lent:
        assert lent.url != before


def test_two_at_a_time_are_two(lender: Lender) -> None:
    with lender.lend() as one, lender.lend() as other:
        assert one.url != other.url


def test_violations_are_those_that_the_invariants_find(lender: Lender) -> None:
    with lender.lend() as lent:
        account = _account_of(lent)
        assert lent.violations() == {}
        database = Database(lent.url)
        with database.transaction() as tx:
            event = make_inbox_event(tx, account_id=account)
            event.next_action_at = clock.now() - timedelta(hours=1)
        with database.transaction() as tx:
            expected = run_all(tx)
        database.close()
        assert list(expected) == ["inbox_late"]
        assert lent.violations() == expected
