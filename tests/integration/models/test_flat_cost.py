"""Twenty times the past costs the same: rows that Postgres looks at, never milliseconds."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from benchmarks.history import generate, queries
from benchmarks.year import ACCOUNT, Meter
from models.accounts.account import find_account
from models.reading.history.coverage import State, coverage
from models.reading.history.harvests import calls_of_a_day, harvest_status
from models.store.session import Database
from models.upkeep.seen_invariant import look
from operations.operation import OWNER, Context
from operations.upkeep.system import examine
from pressrun import clock
from pressrun.settings import Settings
from scheduler.harvests.planning import plan
from tests.support.servers import Servers, clone_database, drop_database

pytestmark = pytest.mark.cost(cpu_s=12)

SHORT_DAYS, LONG_DAYS = 20, 400
Act = Callable[[Database], object]


@pytest.fixture(scope="module")
def pasts(servers: Servers, template: str) -> Iterator[tuple[Database, Database]]:
    """The same two accounts after twenty days, and after twenty times as many."""
    names = [f"past_{uuid.uuid4().hex[:16]}" for _ in range(2)]
    found = [Database(clone_database(servers.database_url, template, name), application_name="past") for name in names]
    for database, days in zip(found, (SHORT_DAYS, LONG_DAYS), strict=True):
        generate(database, accounts=2, days=days)
    yield found[0], found[1]
    for database, name in zip(found, names, strict=True):
        database.close()
        drop_database(servers.database_url, name)


def _plan(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(text("UPDATE harvests SET slot_at = NULL, next_action_at = now()"))
    planned = 1
    while planned:
        with database.transaction() as tx:
            planned = plan(tx, clock.now())


def _list_of_one(database: Database) -> None:
    with database.transaction() as tx:
        account_id = find_account(tx, ACCOUNT).id
        found = harvest_status(tx, account_id=account_id)
        assert calls_of_a_day(tx, now=clock.now(), account_id=account_id).keys() <= {one.id for one in found}


def _coverage(database: Database) -> None:
    since = clock.now().date() - timedelta(days=10)
    until = since + timedelta(days=11)
    with database.transaction() as tx:
        states = [state.value for state in State]
        found = coverage(tx, None, kind=None, since=since, until=until, states=states)
    assert len({one.account for one in found}) == 2


def _list(database: Database) -> None:
    with database.transaction() as tx:
        assert len(calls_of_a_day(tx, now=clock.now())) > 0
        assert all(one.last_slot_at is not None for one in harvest_status(tx))


def _look(database: Database) -> None:
    with database.transaction() as tx:
        seen = look(tx)
    assert not seen.violated
    assert seen.since is not None
    assert seen.since < clock.now() - timedelta(days=1)


def _examine(database: Database) -> None:
    found = examine(Context(database, Settings()), OWNER)
    assert {one.check for one in found} >= {"partitions", "invariants"}


def _asking(query: str) -> Act:
    def ask(database: Database) -> None:
        with database.transaction() as tx:
            assert tx.execute(text(query.replace(":", "\\:"))).all()

    return ask


def _of_late(view: str, when: str) -> Act:
    at = "now() - interval '2 days'"
    return _asking(f"SELECT * FROM {view}_as_of({at}) WHERE account = '{ACCOUNT}' AND {when}")  # noqa: S608


ACTS: dict[str, Act] = {
    "planning": _plan,
    "the list of harvests": _list,
    "the harvests of one account": _list_of_one,
    "the coverage of the last days": _coverage,
    "a look at the invariants": _look,
    "all that doctor looks at": _examine,
    "backfills and their runs": _asking(next(query for query in queries().values() if "FROM backfills" in query)),
    "totals of late media as of then": _of_late("media_totals", "posted_at > now() - interval '9 days'"),
    "late stories as of then": _of_late("story_final", "posted_at > now() - interval '9 days'"),
    "the audience as of then": _of_late("audience", "true"),
}


@pytest.mark.parametrize("name", ACTS)
def test_twenty_times_the_past_is_no_more_to_read(pasts: tuple[Database, Database], name: str) -> None:
    short, long = (Meter(database).measure(partial(ACTS[name], database)) for database in pasts)

    # Small tables are read whole and large ones by their indexes, so the long past may cost less; what grew with it
    # would cost twenty times as much.
    assert long.rows <= 2 * short.rows + 200, (short, long)


_SPAN = re.compile(r"current_date - \d\d?\b|interval '\d\d? days'")
QUERIES = {name: query for name, query in queries().items() if "FROM posts" not in query}
"""Of the page. Nothing was published by Pressrun in these pasts."""


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_of_the_page_costs_what_it_asks_for(pasts: tuple[Database, Database], name: str) -> None:
    def ask(database: Database) -> None:
        with database.transaction() as tx:
            tx.execute(text(QUERIES[name].replace(":", "\\:"))).all()

    short, long = (Meter(database).measure(partial(ask, database)) for database in pasts)

    # The days that it names lie in both pasts, but for a third of some; without any it may be about all there is, once.
    most = 3.5 if _SPAN.search(QUERIES[name]) else 1.25 * LONG_DAYS / SHORT_DAYS
    assert long.rows <= most * short.rows + 200, (short, long)


def test_a_whole_look_is_what_grows(pasts: tuple[Database, Database]) -> None:
    def look_at_all(database: Database) -> None:
        with database.transaction() as tx:
            assert look(tx, full=True).since is None

    short, long = (Meter(database).measure(partial(look_at_all, database)) for database in pasts)

    assert long.rows > 5 * short.rows, (short, long)
