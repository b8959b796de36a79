"""What insights come to in a span: what is not known stays unknown, and nothing of people is added up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli.demo.month import fill
from models.accounts.account import find_account
from models.history.media import MediaReading, SeenMedia, see_media, store_readings
from models.store.session import Database
from operations.history import overview
from operations.history.comparing import AGES_H, growth
from operations.operation import OWNER, Context
from operations.upkeep import today
from pressrun import clock
from pressrun.errors import Invalid
from pressrun.settings import Settings
from tests.factories.rows import make_account
from tests.support.simulator import FIRST_IG_ID, Simulator

NAMES = ("ana", "ben", "cleo")


@pytest.fixture
def ctx(database: Database) -> Context:
    with database.transaction() as tx:
        for number, name in enumerate(NAMES):
            make_account(tx, name=name, timezone="Europe/Oslo", ig_id=str(FIRST_IG_ID + number))
    with Simulator.start(accounts=len(NAMES)) as instagram:
        fill(database, NAMES, instagram.past, days=20)
    return Context(database, Settings())


def test_a_day_that_nobody_read_is_unknown_and_no_zero(ctx: Context) -> None:
    found = overview.show(ctx, OWNER, "ben")

    known = [number for number, day in enumerate(found.days) if day.values["reach"] is not None]
    gap = [day for day in found.days[known[0] : known[-1]] if day.values["reach"] is None]
    assert len(found.days) == 28
    assert [set(day.values.values()) for day in gap] == [{None}, {None}]
    counted = [number for number, day in enumerate(found.days) if day.followers is not None]
    assert counted[-1] - counted[0] + 1 - len(counted) == 2
    assert not [day for day in found.days if 0 in day.values.values()]
    assert [day.day for day in found.before][-1] == found.days[0].day - timedelta(days=1)


def test_posts_are_sorted_by_what_is_asked_for(ctx: Context) -> None:
    by_reach = overview.show(ctx, OWNER, "ana", sort="reach").posts
    by_time = overview.show(ctx, OWNER, "ana", sort="; DROP TABLE posts").posts

    reach = [one.values["reach"] or 0 for one in by_reach]
    assert reach == sorted(reach, reverse=True)
    assert [one.posted_at for one in by_time] == sorted((one.posted_at for one in by_time), reverse=True)
    grown = [[value for value in one.reached if value is not None] for one in by_reach]
    assert all(one == sorted(one) for one in grown)  # it only ever grows
    assert {one.format for one in overview.show(ctx, OWNER, "ana").formats} == {"REELS", "FEED", "CAROUSEL"}


def test_a_story_says_whether_it_was_read_to_its_end(ctx: Context) -> None:
    at = clock.now() - timedelta(hours=30)
    with ctx.database.transaction() as tx:
        account = find_account(tx, "ana")
        seen = [
            SeenMedia(f"99{number}", media_type="IMAGE", media_product_type="STORY", posted_at=at)
            for number in range(2)
        ]
        ids = see_media(tx, account.id, seen, now=at)
        ends = MediaReading(ids["990"], at + timedelta(hours=23, minutes=50), {"reach": 40, "replies": 1})
        stops = MediaReading(ids["991"], at + timedelta(hours=5), {"reach": 10})
        store_readings(tx, [ends, stops], run_id=None)

    found = {one.media_id: one for one in overview.show(ctx, OWNER, "ana").stories}

    assert (found["990"].reach, found["990"].replies, found["990"].is_final) == (40, 1, True)
    assert (found["991"].reach, found["991"].replies, found["991"].is_final) == (10, None, False)


def test_a_post_is_compared_with_earlier_ones_of_its_kind(ctx: Context) -> None:
    newest = overview.show(ctx, OWNER, "ana").posts[3]

    found = growth(ctx, OWNER, newest.media_id)

    assert found is not None
    assert len(found.own) == len(found.peers) == len(AGES_H)
    known = [value for value in found.own if value is not None]
    assert known == sorted(known)
    assert found.own[-1] is None  # it is not that old
    assert growth(ctx, OWNER, "no such media") is None


def test_a_span_has_a_length_that_can_be_drawn(ctx: Context) -> None:
    day = clock.now().date()
    for since in (day, day + timedelta(days=1), day - timedelta(days=900)):
        with pytest.raises(Invalid, match="a span has 1 to 400 days"):
            overview.show(ctx, OWNER, "ana", since=since, until=day)


def test_today_tells_what_needs_a_person(ctx: Context) -> None:
    found = today.show(ctx, OWNER)

    assert [one.key for one in found.for_a_person] == ["month-review", "month-failed"]
    assert found.lateness.posts == sum(found.lateness.bars) > 0
    assert found.lateness.median_ms is not None
    assert [one.name for one in found.accounts] == list(NAMES)
    assert today.show(ctx, OWNER, account="ben").for_a_person == []
