"""The calendar as every face asks for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from operations.operation import OWNER, Context
from operations.posts import calendar, moving, slots
from pressrun import clock
from pressrun.errors import Conflict, Unknown
from tests.factories.rows import make_account, make_post


def test_a_day_has_the_slots_from_its_first_instant_to_before_the_next_day(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        make_account(tx, name="bakery", timezone="Europe/Oslo")
    slots.add(ctx, OWNER, "bakery", days="daily", at=["00:00", "23:59"])
    oslo = ZoneInfo("Europe/Oslo")
    on = clock.now().astimezone(oslo).date() + timedelta(days=3)
    since, until = (datetime.combine(on + timedelta(days=days), time(), oslo) for days in (0, 1))

    span = calendar.show(ctx, OWNER, since, until)

    assert [one.at.astimezone(oslo).time() for one in span.free] == [time(), time(23, 59)]


def test_of_a_swap_both_are_told_with_the_other_gone_from_where_it_stands(ctx: Context) -> None:
    """Of one account with room for one post in a window the two fit where a move would not; of another it is full."""
    day, later = (clock.now().replace(microsecond=0) + timedelta(days=days) for days in (3, 9))
    with ctx.database.transaction() as tx:
        bakery = make_account(tx, name="bakery", quota_total=1)
        studio = make_account(tx, name="studio", quota_total=1)
        for account, key, at in (
            (bakery, "early", day),
            (bakery, "late", later),
            (studio, "beside", later + timedelta(hours=1)),
            (studio, "behind", day + timedelta(hours=2)),
        ):
            make_post(tx, account, key=key, publish_at=at, next_action_at=at)

    own = calendar.consequences(ctx, OWNER, "early", later.isoformat(), other="late")
    foreign = calendar.consequences(ctx, OWNER, "early", later.isoformat(), other="beside")

    assert "would have 2 posts in 24 h" in own.warnings[0]
    assert [one.publish_at for one in own.swap] == [later, day]
    assert [(one.problems, one.warnings) for one in own.swap] == [((), ()), ((), ())]
    assert "bakery would have 2 posts" in foreign.swap[0].warnings[0]
    assert foreign.swap[1].warnings == (), "nothing stands in the 24 h before it; what comes after is told of itself"
    assert calendar.consequences(ctx, OWNER, "early", later.isoformat()).swap == ()


def test_what_is_late_or_can_no_longer_be_changed_is_told_of_a_swap(ctx: Context) -> None:
    soon, past = clock.now() + timedelta(days=3), clock.now() - timedelta(hours=3)
    with ctx.database.transaction() as tx:
        bakery = make_account(tx, name="bakery")
        make_post(tx, bakery, key="queued", publish_at=soon, next_action_at=soon)
        held = {"state": "draft", "wait_reason": "paused", "publish_at": past, "next_action_at": None}
        make_post(tx, bakery, key="held", **held)
        make_post(tx, bakery, key="gone", state="canceled", publish_at=soon, next_action_at=None)

    late = calendar.consequences(ctx, OWNER, "queued", past.isoformat(), other="held")
    ended = calendar.consequences(ctx, OWNER, "queued", soon.isoformat(), other="gone")

    assert late.problems == ("That time is in the past.",)
    assert [one.warnings for one in late.swap] == [("That time is in the past: it would be late at once.",), ()]
    assert [one.problems for one in ended.swap] == [(), ("It is canceled: its time can no longer be changed.",)]


def test_who_sees_one_account_is_told_nothing_of_a_swap_with_another(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        bakery, studio = (make_account(tx, name=name) for name in ("bakery", "studio"))
        make_post(tx, bakery, key="mine")
        make_post(tx, studio, key="theirs")
        limited = replace(OWNER, name="ida", accounts=frozenset({bakery.id}))

    with pytest.raises(Unknown, match="theirs"):
        calendar.consequences(ctx, limited, "mine", "2030-01-01T10:00Z", other="theirs")
    shown = calendar.columns(ctx, limited, *_day())
    assert [name for name, _ in shown.spans] == ["bakery"]


def test_two_are_swapped_only_as_both_were_seen(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        bakery, at = make_account(tx, name="bakery"), clock.now() + timedelta(days=2)
        for key in ("one", "two"):
            make_post(tx, bakery, key=key, publish_at=at, next_action_at=at)

    for versions in ({"version": 7}, {"other_version": 7}):
        with pytest.raises(Conflict, match="has been changed since"):
            moving.swap(ctx, OWNER, "one", "two", **versions)


def _day() -> tuple[datetime, datetime]:
    """The day after the next, by the clocks of UTC."""
    since = clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
    return since, since + timedelta(days=1)


def test_each_account_has_its_own_posts_and_slots_and_one_without_any_is_there(ctx: Context) -> None:
    since, until = _day()
    noon, five = (since + timedelta(hours=hour) for hour in (12, 17))
    with ctx.database.transaction() as tx:
        bakery, _, gone = (make_account(tx, name=name, timezone="UTC") for name in ("bakery", "empty", "gone"))
        gone.state, gone.token_sealed = "removed", None
        for _ in range(3):
            make_post(tx, bakery, publish_at=noon, next_action_at=noon)
        make_post(tx, make_account(tx, name="studio", timezone="UTC"), publish_at=until, next_action_at=until)
    slots.add(ctx, OWNER, "studio", days="daily", at=["17:00"])

    shown = calendar.columns(ctx, OWNER, since, until, marks=[noon, five])

    found = {name: ([*span.counts], len(span.posts), [one.at for one in span.free]) for name, span in shown.spans}
    assert found == {"bakery": ([0, 3, 0], 3, []), "empty": ([0, 0, 0], 0, []), "studio": ([0, 0, 0], 0, [five])}
    assert (shown.total, shown.busy, shown.count, shown.has_more) == (3, 1, 3, False)
    [(name, _)] = calendar.columns(ctx, OWNER, since, until, account="empty").spans
    assert name == "empty"


def test_of_many_accounts_those_with_posts_come_first_and_some_at_a_time(ctx: Context) -> None:
    since, until = _day()
    with ctx.database.transaction() as tx:
        made = [make_account(tx, name=f"house-{number:02}") for number in range(30)]
        for account in (made[7], made[29]):
            make_post(tx, account, publish_at=since, next_action_at=since)

    pages = [calendar.columns(ctx, OWNER, since, until, page=page) for page in (1, 2, 3, 99)]

    names = [[name for name, _ in page.spans] for page in pages]
    assert names[0][:3] == ["house-07", "house-29", "house-00"]
    assert sorted(name for page in names[:3] for name in page) == [one.name for one in made]
    assert names[3] == names[2]
    assert [(page.number, page.first, page.last, page.has_more) for page in pages[:3]] == [
        (1, 1, 12, True),
        (2, 13, 24, True),
        (3, 25, 30, False),
    ]
