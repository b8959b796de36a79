"""Accounts beside each other: what is not known of one stays unknown, and nothing is added up over them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.harvests.harvest import RunStatus, begin_run, end_run
from models.history.insight import MOMENT, NO_PERIOD, Observation, store_observations
from models.history.media import SeenMedia, see_media
from operations.history import side_by_side
from operations.operation import OWNER, Asker, Context, Scope
from pressrun import clock
from pressrun.errors import Invalid, Unknown
from pressrun.instagram.pacific import PACIFIC, days
from tests.factories.rows import make_account, make_harvest

DAY = timedelta(days=1)
LENGTH = 4
UNREAD = 2
"""The day of the span of which nobody has read ben's numbers."""


def _span() -> tuple[date, date]:
    end = days(clock.now(), closed=0)[0].on
    return end - LENGTH * DAY, end


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), PACIFIC)


def _tell(
    tx: Session,
    account: Account,
    day: date,
    reach: int,
    *,
    read_at: datetime | None = None,
    earlier: timedelta = timedelta(0),
    names: Sequence[str] = ("reach", "views", "total_interactions"),
) -> None:
    ends = datetime.combine(day + DAY, time(), PACIFIC) - earlier
    values = {"views": 3 * reach, "total_interactions": 5}
    told = {name: values.get(name, reach) for name in names}
    points = [Observation(name, "day", "", ends, value) for name, value in told.items()]
    store_observations(tx, account.id, points, captured_at=read_at or _noon(day + DAY), run_id=None)


def _count(tx: Session, account: Account, day: date, followers: int) -> None:
    told = [Observation("followers_count", MOMENT, "", NO_PERIOD, followers)]
    store_observations(tx, account.id, told, captured_at=_noon(day), run_id=None)


@pytest.fixture
def two(ctx: Context) -> tuple[Account, Account]:
    """ana, known whole over the span and the one before; ben, of whom a day is unknown and all that was before."""
    first, _ = _span()
    with ctx.database.transaction() as tx:
        ana, ben = (
            make_account(tx, name=name, timezone="America/Los_Angeles", created_at=_noon(first - 30 * DAY))
            for name in ("ana", "ben")
        )
        for number in range(-LENGTH, LENGTH):
            _tell(tx, ana, first + number * DAY, 100 + number)
        for number in range(LENGTH):
            if number != UNREAD:
                _tell(tx, ben, first + number * DAY, 1000 + number)
        for number, followers in ((-LENGTH - 1, 50), (-1, 60), (LENGTH - 1, 75)):
            _count(tx, ana, first + number * DAY, followers)
        seen = [SeenMedia("11", media_type="IMAGE", media_product_type="FEED", posted_at=_noon(first))]
        seen += [SeenMedia("12", media_type="IMAGE", media_product_type="STORY", posted_at=_noon(first))]
        see_media(tx, ana.id, seen, now=_noon(first + DAY))
        now = clock.now()
        listing = make_harvest(tx, ana, kind="media", slot_at=None, next_action_at=now)
        run = begin_run(tx, listing.id, now, api_version="v25.0", now=now)
        end_run(tx, run.id, RunStatus.DONE, now=now)
        return ana, ben


def _compare(ctx: Context, *names: str, **over: Any) -> side_by_side.Comparison:
    first, end = _span()
    return side_by_side.compare(ctx, OWNER, names or ("ana", "ben"), **{"since": first, "until": end, **over})


@pytest.mark.usefixtures("two")
def test_each_stands_beside_its_own_span_before(ctx: Context) -> None:
    first, _ = _span()
    ana, ben = _compare(ctx).accounts

    assert (ana.figures["reach"].value, ana.figures["reach"].before) == (101.5, 97.5)  # of people the median day
    assert (ana.figures["views"].value, ana.figures["views"].before) == (3 * 406, 3 * 390)
    assert (ana.followers.count, ana.followers.change, ana.followers.since) == (75, 15, first - DAY)
    assert ana.followers.change_before == 10
    assert (ana.posts.value, ana.posts.before) == (1, 0)  # the story is none, and the list of media was read
    assert (ben.figures["reach"].value, ben.figures["reach"].before, ben.figures["reach"].lacking) == (1001, None, 1)


@pytest.mark.usefixtures("two")
def test_what_is_not_known_is_said_and_is_no_zero(ctx: Context) -> None:
    first, _ = _span()
    found = _compare(ctx)
    ben = found.accounts[1]

    assert (ben.followers.count, ben.followers.change) == (None, None)
    assert (ben.posts.value, ben.posts.before) == (None, None)  # nobody has ever read what it posted
    [gap] = [one for one in ben.lacking if not one.has_numbers]
    assert (gap.first, gap.last) == (first + UNREAD * DAY, first + UNREAD * DAY)
    day = found.daily("reach")[UNREAD]
    assert day.values == {"ana": 102, "ben": None}
    assert [*day.unknown] == ["ben"]
    assert "not known: ben" in day.lacking
    assert [one.values["ana"] for one in found.daily("followers")] == [None, None, None, 75]  # on others nobody looked


@pytest.mark.usefixtures("two")
def test_it_is_told_as_it_was_known_then(ctx: Context, two: tuple[Account, Account]) -> None:
    first, _ = _span()
    with ctx.database.transaction() as tx:
        _tell(tx, two[0], first, 7, read_at=clock.now())  # Instagram has restated it since

    then = _compare(ctx, as_of=_noon(first + 2 * DAY).isoformat())

    assert [one.values["ana"] for one in then.daily("reach")] == [100, 101, None, None]
    assert then.daily("reach")[3].unknown["ana"] == "not known then"
    assert then.accounts[0].figures["reach"].lacking == 2
    assert _compare(ctx).daily("reach")[0].values["ana"] == 7


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("is_past", [False, True])
def test_the_sql_that_is_offered_finds_the_same(ctx: Context, is_past: bool) -> None:
    as_of = _noon(_span()[0] + 2 * DAY).isoformat() if is_past else None
    found = _compare(ctx, as_of=as_of)

    with ctx.database.transaction() as tx:
        spans = tx.execute(text(found.sql.replace(":", "\\:")))
        assert tuple(spans.keys()) == side_by_side.COLUMNS
        assert [tuple(row) for row in spans] == [tuple(one.as_row().values()) for one in found.accounts]
        for name in ("reach", "followers"):
            rows = [tuple(row) for row in tx.execute(text(found.daily_sql(name).replace(":", "\\:")))]
            assert rows == [(one.day, *one.values.values()) for one in found.daily(name)]


@pytest.mark.usefixtures("two")
def test_what_was_posted_after_the_list_was_read_is_not_known_however_long_the_run_took(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        tx.execute(text("UPDATE harvest_runs SET started_at = :at"), {"at": _noon(_span()[1] - DAY)})

    ana, _ = _compare(ctx).accounts

    assert (ana.posts.value, ana.posts.lacking) == (1, 1)


def test_a_day_whose_end_has_moved_is_one_day(ctx: Context, two: tuple[Account, Account]) -> None:
    first, _ = _span()
    with ctx.database.transaction() as tx:
        # Instagram ends the account's days some hours earlier now, and has told this one anew; and a number apart.
        _tell(tx, two[0], first, 500, read_at=clock.now(), earlier=timedelta(hours=9))
        _tell(tx, two[0], first - DAY, 400, read_at=clock.now(), earlier=timedelta(hours=9))
        _tell(tx, two[0], first + DAY, 9, earlier=timedelta(seconds=1), names=["follower_count"])

    found = _compare(ctx)

    ana, ben = found.accounts
    assert [one.values for one in found.daily("reach")][:2] == [{"ana": 500, "ben": 1000}, {"ana": 101, "ben": 1001}]
    assert (ana.figures["views"].value, ben.figures["views"].value) == (3 * (500 + 101 + 102 + 103), 3 * 3004)
    assert (ana.figures["views"].before, ana.figures["follower_count"].value) == (3 * (96 + 97 + 98 + 400), 9)
    with ctx.database.transaction() as tx:
        spans = tx.execute(text(found.sql.replace(":", "\\:")))
        assert [tuple(row) for row in spans] == [tuple(one.as_row().values()) for one in found.accounts]
        rows = [tuple(row) for row in tx.execute(text(found.daily_sql("reach").replace(":", "\\:")))]
        assert rows == [(one.day, *one.values.values()) for one in found.daily("reach")]


def test_two_to_eight_are_compared_and_only_those_that_one_may_see(ctx: Context, two: tuple[Account, Account]) -> None:
    limited = Asker("agency", frozenset(Scope), accounts=frozenset({two[0].id}))

    with pytest.raises(Unknown, match="unknown account 'ben'; known: ana"):
        side_by_side.compare(ctx, limited, ["ana", "ben"])
    for names in (["ana"], ["ana", two[0].ig_id], ["ana", *map(str, range(8))]):
        with pytest.raises(Invalid, match="2 to 8 accounts can be compared, not"):
            side_by_side.compare(ctx, OWNER, names)
    with pytest.raises(Invalid, match="'fame' is not one of reach, "):
        side_by_side.parse_metric("fame")
