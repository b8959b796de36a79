"""The way past the append-only triggers: open for what a record of the same transaction covers, for nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.accounts.account_name import AccountName
from models.erasing import erasure
from models.erasing.erasure import ErasureKind, Wish, subject_of
from models.history.insight import Audience, Observation, store_audience, store_observations
from models.history.media import MediaReading, SeenMedia, see_media, store_readings
from models.store.partitions import ensure_partitions
from models.store.session import Database
from tests.factories.rows import make_account

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
WISH = Wish("owner", "a letter of the 3rd", NOW)
GUARDED = ("account_observations", "audience_snapshots", "media_snapshots", "account_names")


@pytest.fixture
def two(loose: Database) -> tuple[Database, int, int]:
    """Two accounts with a row each in append-only tables, of every way in which a row is an account's."""
    with loose.transaction() as tx:
        ensure_partitions(tx, now=NOW, months_ahead=0)
        ids = [_account_with_history(tx) for _ in range(2)]
    return loose, ids[0], ids[1]


def _account_with_history(tx: Session) -> int:
    account_id: int = make_account(tx).id
    store_observations(tx, account_id, [Observation("reach", "day", "", NOW, 1)], captured_at=NOW, run_id=None)
    audience = Audience("follower_demographics", "this_week", "age", {"18-24": 3})
    store_audience(tx, account_id, [audience], captured_at=NOW, run_id=None)
    media_id = see_media(tx, account_id, [SeenMedia("1")], now=NOW)["1"]
    store_readings(tx, [MediaReading(media_id, NOW, {"views": 1})], run_id=None)
    tx.add(AccountName(account_id=account_id, username=f"account_{account_id}"))
    tx.flush()
    return account_id


def _refused(database: Database, act: Callable[[Session], object]) -> None:
    with pytest.raises(IntegrityError, match="append-only"), database.transaction() as tx:
        act(tx)


def _delete(table: str, account_id: int | None = None) -> Callable[[Session], object]:
    where = "true" if account_id is None else f"account_id = {account_id}"
    if table == "media_snapshots" and account_id is not None:
        where = f"media_id IN (SELECT id FROM media WHERE account_id = {account_id})"  # noqa: S608
    return lambda tx: tx.execute(text(f"DELETE FROM {table} WHERE {where}"))  # noqa: S608 - our own names


@pytest.mark.parametrize("table", GUARDED)
def test_a_plain_delete_or_update_is_still_refused(two: tuple[Database, int, int], table: str) -> None:
    database, _, _ = two
    column = {"media_snapshots": "views", "account_observations": "value"}.get(table, "run_id")
    column = "username" if table == "account_names" else column

    _refused(database, _delete(table))
    _refused(database, lambda tx: tx.execute(text(f"UPDATE {table} SET {column} = {column}")))  # noqa: S608


@pytest.mark.parametrize("told", ["1", "999", "month", "on", "0", "1; DROP TABLE x"])
def test_the_setting_alone_opens_nothing(two: tuple[Database, int, int], told: str) -> None:
    database, first, _ = two
    with database.transaction() as tx:  # a record of another transaction
        erasure.conclude(tx, _record(tx, first), {})
        tx.execute(
            text("INSERT INTO dropped_months VALUES ('audience_snapshots', '2026-06-01Z', '2026-07-01Z', 1, now())")
        )

    def act(tx: Session) -> None:
        tx.execute(text("SELECT set_config('pressrun.erasure', :told, true)"), {"told": told})
        _delete("audience_snapshots")(tx)

    _refused(database, act)


def _record(tx: Session, account_id: int) -> erasure.Erasure:
    return erasure.record(tx, ErasureKind.ACCOUNT_ERASED, WISH, account=(account_id, "any"))


@pytest.mark.parametrize("table", GUARDED)
def test_a_record_opens_the_rows_of_its_account_and_no_others(two: tuple[Database, int, int], table: str) -> None:
    database, first, second = two

    with database.transaction() as tx:
        _record(tx, first)
        _delete(table, first)(tx)

    def beyond(tx: Session) -> None:
        _record(tx, first)
        _delete(table, second)(tx)

    _refused(database, beyond)
    _refused(database, _delete(table, second))


def test_an_account_may_be_erased_and_not_changed(two: tuple[Database, int, int]) -> None:
    database, first, _ = two

    def change(tx: Session) -> None:
        _record(tx, first)
        tx.execute(text("UPDATE account_observations SET value = 0 WHERE account_id = :id"), {"id": first})

    _refused(database, change)


def test_an_account_that_stays_keeps_its_history(two: tuple[Database, int, int]) -> None:
    database, first, _ = two

    def act(tx: Session) -> None:
        erasure.record(tx, ErasureKind.ACCOUNT_REMOVED, WISH, account=(first, "any"))
        _delete("account_observations", first)(tx)

    _refused(database, act)


def test_the_licence_ends_with_the_conclusion(two: tuple[Database, int, int]) -> None:
    database, first, _ = two

    def act(tx: Session) -> None:
        erasure.conclude(tx, _record(tx, first), {"accounts": 1, "media": 0})
        _delete("account_observations", first)(tx)

    _refused(database, act)
    with database.transaction() as tx:
        assert tx.execute(text("SELECT count(*) FROM erasures")).scalar_one() == 0  # with its transaction


def test_of_a_person_only_the_rows_that_are_named_may_be_blanked(two: tuple[Database, int, int]) -> None:
    database, first, second = two
    with database.transaction() as tx:
        ids = {row.account_id: row.id for row in tx.execute(text("SELECT account_id, id FROM account_names"))}

    def blank(tx: Session, account_id: int) -> None:
        erasure.record(tx, ErasureKind.PERSON_ERASED, WISH, subject="x", rows={"account_names": [ids[first]]})
        tx.execute(text("UPDATE account_names SET username = '' WHERE account_id = :id"), {"id": account_id})

    with database.transaction() as tx:
        blank(tx, first)
    _refused(database, lambda tx: blank(tx, second))


def test_a_month_opens_its_own_rows_for_deletion_only(two: tuple[Database, int, int]) -> None:
    database, first, _ = two

    def dropping(tx: Session, since: str, until: str) -> None:
        values = {"since": since, "until": until}
        tx.execute(text("INSERT INTO dropped_months VALUES ('audience_snapshots', :since, :until, 0, now())"), values)
        erasure.license_month(tx)

    def other_month(tx: Session) -> None:
        dropping(tx, "2026-05-01Z", "2026-06-01Z")
        _delete("audience_snapshots", first)(tx)

    def change(tx: Session) -> None:
        dropping(tx, "2026-06-01Z", "2026-07-01Z")
        tx.execute(text("UPDATE audience_snapshots SET run_id = 1"))

    def other_table(tx: Session) -> None:
        dropping(tx, "2026-06-01Z", "2026-07-01Z")
        _delete("account_observations", first)(tx)

    for act in (other_month, change, other_table):
        _refused(database, act)
    with database.transaction() as tx:
        dropping(tx, "2026-06-01Z", "2026-07-01Z")
        _delete("audience_snapshots")(tx)


def test_a_temporary_table_of_the_same_name_opens_nothing(two: tuple[Database, int, int]) -> None:
    database, first, _ = two

    def act(tx: Session) -> None:
        tx.execute(text("CREATE TEMP TABLE erasures (LIKE public.erasures) ON COMMIT DROP"))
        values = "(1, 'account_erased', :id, 'any', NULL, '{}', '{}', NULL, 'me', now())"
        tx.execute(text(f"INSERT INTO pg_temp.erasures VALUES {values}"), {"id": first})  # noqa: S608
        tx.execute(text("SELECT set_config('pressrun.erasure', '1', true)"))
        _delete("account_observations", first)(tx)

    _refused(database, act)


def test_a_name_is_known_again_by_its_salt_and_is_not_written_down() -> None:
    subject = subject_of("ana.lima")

    salt = subject.partition(":")[0]
    assert subject_of("ana.lima", salt=salt) == subject
    assert subject_of("ana.lima") != subject
    assert "ana" not in subject
    assert subject_of("bob", salt=salt) != subject
