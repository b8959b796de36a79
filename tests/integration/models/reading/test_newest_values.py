"""The newest values of all accounts: the first of them are read, and not all to leave out the rest."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from models.reading.history.insights import account_values
from models.store.session import Database
from pressrun import clock
from tests.factories.rows import make_account
from tests.support.plans import rows_read

T0 = clock.now().replace(microsecond=0)
ACCOUNTS, DAYS = 12, 100
_VALUES = """
    INSERT INTO account_latest (account_id, metric, period, period_end, value, captured_at, last_checked_at)
    SELECT a.id, metric, 'day', at, 1, at, at
      FROM accounts a, unnest(ARRAY['reach', 'views']) metric,
           generate_series(CAST(:now AS timestamptz) - make_interval(days => :days - 1), :now, '1 day') AS t(at)
"""


def test_a_page_of_them_reads_the_rows_of_the_first_accounts(loose: Database) -> None:
    with loose.transaction() as tx:
        first, *_ = (make_account(tx, name=f"account-{number:02}") for number in range(ACCOUNTS))
        tx.execute(text(_VALUES), {"now": T0, "days": DAYS})
        tx.execute(text("ANALYZE account_latest, accounts"))
        found, read = rows_read(tx, lambda: account_values(tx, None, since=T0 - timedelta(days=4), most=12))

    told = [(one.account, one.metric, (T0 - one.period_end).days) for one in found if one.period_end]
    days = [("reach", ago) for ago in (4, 3, 2, 1, 0)] + [("views", ago) for ago in (4, 3, 2, 1, 0)]
    assert told == [(first.name, *one) for one in days] + [("account-01", "reach", ago) for ago in (4, 3)]
    assert 0 < read["account_latest"] <= 3 * 2 * DAYS, read
