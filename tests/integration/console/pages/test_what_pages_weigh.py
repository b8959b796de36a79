"""What each page weighs on an installation of many posts by people who write too much; and that everything is there."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import text

from models.store.session import Database
from operations.access import keys, users
from operations.operation import OWNER, Asker, Context
from operations.posts import calendar
from pressrun import clock
from tests.integration.console.pages.conftest import Console, serving
from tests.support.servers import Servers, clone_database, drop_database
from tests.support.statements import statements_of

MOST_BYTES = 200_000
"""Of a page with its styles and scripts, nothing compressed."""
BUSY = "account-1-of-a-house-with-a-long-name"
LONG = "repeat('<b>\"😀 & ', 1112)"
WORLD = Path(__file__).with_name("crowd.sql").read_text(encoding="utf-8").replace("LONG", LONG)
PAGES = (
    "/",
    f"/?account={BUSY}",
    *(f"/calendar?view={view}" for view in ("month", "week", "day", "list")),
    *(f"/calendar?view={view}&account={BUSY}&on={{busy}}" for view in ("month", "week", "day", "list")),
    "/calendar?view=list&hour=9",
    "/calendar?columns=accounts",
    f"/calendar?columns=accounts&account={BUSY}&on={{busy}}",
    "/posts",
    "/posts?q=crowd",
    "/posts?state=failed",
    "/posts/crowd-9",
    "/posts/crowd-5000",
    "/seek?q=crowd",
    f"/compose?account={BUSY}",
    "/compose?like=crowd-9",
    "/import",
    "/library",
    f"/insights?account={BUSY}",
    f"/insights?account={BUSY}&days=90",
    f"/insights?account={BUSY}&days=200",
    f"/insights?account={BUSY}&days=400",
    f"/insights?account={BUSY}&format=REELS&on={{busy}}&days=400",
    *(f"/insights?account={BUSY}&days={days}{{others}}" for days in (28, 100, 400)),
    "/inbox",
    "/inbox?show=comments",
    "/inbox?show=tags",
    "/accounts",
    f"/accounts/{BUSY}",
    "/notices",
    "/system",
    "/system/harvests",
    "/system/settings",
    "/system/people",
    "/system/audit",
)


@pytest.fixture(scope="module")
def crowd(servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    name = f"crowd_{uuid.uuid4().hex[:16]}"
    database = Database(clone_database(servers.database_url, template, name))
    with database.transaction() as tx:
        for statement in WORLD.split(";\n"):
            tx.execute(text(statement))
    with serving(database, tmp_path_factory.mktemp("home")) as console:
        yield console
    database.close()
    drop_database(servers.database_url, name)


@pytest.fixture(scope="module")
def owner(crowd: Console) -> Iterator[httpx.Client]:
    with crowd.client() as http:
        yield http


def _busy_week() -> datetime:
    """Monday of the week of 300, by the clocks of UTC."""
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=21 - today.weekday())


def test_no_page_weighs_more_however_much_there_is(owner: httpx.Client) -> None:
    files: dict[str, int] = {}

    def file(address: str) -> None:
        """It, and what it imports, but for what it asks for only once somebody does something."""
        if address not in files:
            body = owner.get(address).content
            files[address] = len(body)
            _each(body, file)

    weights = {}
    others = "".join(f"&account=account-{number}-of-a-house-with-a-long-name" for number in range(2, 9))
    for path in PAGES:
        page = owner.get(path.format(busy=f"{_busy_week():%Y-%m-%d}", others=others))
        assert page.status_code == 200, (path, page.text[:500])
        files.clear()
        _each(page.content, file)
        weights[path] = len(page.content) + sum(files.values())

    assert {path: bytes_ for path, bytes_ in weights.items() if bytes_ > MOST_BYTES} == {}


def _each(body: bytes, file: object) -> None:
    for found in sorted(set(re.findall(rb'(?<!import\(")/static/[a-z_]+\.[0-9a-f]{12}\.(?:css|js|svg)', body))):
        file(found.decode())  # type: ignore[operator]


def test_a_week_of_300_shows_every_one_of_them(crowd: Console, owner: httpx.Client) -> None:
    page = owner.get(f"/calendar?view=week&zone=UTC&account={BUSY}&on={_busy_week():%Y-%m-%d}").text

    with crowd.ctx.database.transaction() as tx:
        ids = {str(one) for one in tx.scalars(text("SELECT id FROM posts WHERE key LIKE 'busy-%'"))}
    assert set(re.findall(r'class="chip[^"]*" data-post="(\d+)"', page)) == ids
    assert "300 posts" in page
    assert "view=list" not in page.partition('id="calendar"')[2].partition('id="bulk"')[0]


def test_what_a_week_has_no_room_for_is_counted_and_leads_to_its_hour(owner: httpx.Client) -> None:
    on = (clock.now() + timedelta(days=2)).date()
    page = owner.get(f"/calendar?view=week&zone=UTC&on={on}").text
    hour = re.search(rf'data-day="{on}" data-hour="13">(.*?)</div>\s*<div class="(?:slotrow|hour)', page, re.S)
    assert hour is not None
    shown = hour[1].count('class="chip')
    [(link, rest)] = re.findall(r'<a class="more" href="([^"]+)">\+ (\d+) more', hour[1])

    listed = owner.get(link.replace("&amp;", "&")).text

    assert shown > 0
    assert shown + int(rest) == 10
    assert listed.count("<li data-post=") == 10
    assert "13:00" in listed.partition("<h1>")[2].partition("</h1>")[0]


def test_a_day_of_110_accounts_has_some_columns_at_a_time_those_with_posts_first(owner: httpx.Client) -> None:
    on = (clock.now() + timedelta(days=2)).date()
    path, pages = f"/calendar?columns=accounts&zone=UTC&on={on}", []
    while path:
        page = owner.get(path).text
        heads = re.findall(
            r'data-head="\d+"><a class="acc a-\d+" href="([^"]+)" title=.*?class="tiny soft n">(\d+)', page
        )
        pages.append([(link, int(count)) for link, count in heads])
        assert page.count('class="chip') == sum(count for _, count in pages[-1])
        assert "Accounts " in page
        assert "10 have none on this day" in page
        onward = re.search(r'href="([^"]+)" rel="next">More accounts', page)
        path = onward[1].replace("&amp;", "&") if onward else ""

    assert [len(page) for page in pages] == [12] * 9 + [2]
    counts = [count for page in pages for _, count in page]
    assert (sum(counts), counts[-10:]) == (240, [0] * 10)
    alone = owner.get(pages[0][0][0].replace("&amp;", "&")).text
    assert alone.count("data-head=") == 1


def test_a_month_counts_what_it_does_not_show(owner: httpx.Client) -> None:
    on = (clock.now() + timedelta(days=2)).date()
    page = owner.get(f"/calendar?zone=UTC&on={on}").text

    cell = page.partition(f'data-day="{on}"')[2].partition("</section>")[0]

    assert "240 posts" in cell
    assert cell.count('class="chip') == 4
    assert ">236 more<" in cell


def test_a_list_is_gone_through_both_ways_and_keeps_its_filters(crowd: Console, owner: httpx.Client) -> None:
    with crowd.ctx.database.transaction() as tx:
        ids = list(tx.scalars(text("SELECT id FROM posts WHERE key LIKE 'busy-%' ORDER BY publish_at, id")))

    def walk(path: str, way: str) -> list[list[int]]:
        pages = []
        while path:
            page = owner.get(path).text
            pages.append([int(one) for one in re.findall(r'<li data-post="(\d+)"', page)])
            link = re.search(rf'<a class="button" href="([^"]+)" rel="{way}"', page)
            assert link is None or f"account={BUSY}" in link[1]
            path = link[1].replace("&amp;", "&") if link else ""
        return pages

    on = walk(f"/calendar?view=list&account={BUSY}&on={_busy_week():%Y-%m-%d}", "next")
    run = calendar.list_posts(crowd.ctx, OWNER, datetime(2100, 1, 1, tzinfo=UTC), account=BUSY)
    back = walk(f"/calendar?view=list&account={BUSY}&before={run.earlier}", "prev")

    assert [one for page in on for one in page] == ids
    assert [one for page in reversed(back) for one in page] == ids
    assert max(map(len, on)) == calendar.LISTED
    assert (run.posts, run.later) == ([], None)


def test_lists_of_people_are_each_gone_through_by_themselves(owner: httpx.Client) -> None:
    seen: set[str] = set()
    path = "/system/people?keys=2"
    while path:
        page = owner.get(path).text
        assert "key-031" in page
        seen |= set(re.findall(r"somebody-\d{3}", page))
        link = re.search(r'<a class="button" href="([^"]+)" rel="next">More users', page)
        path = html.unescape(link[1]) if link else ""

    assert len(seen) == 150


@pytest.mark.parametrize("act", [users.list_users, keys.list_keys])
def test_many_people_are_read_with_no_more_questions_than_one(
    crowd: Console, act: Callable[[Context, Asker], list[Any]]
) -> None:
    with statements_of(crowd.ctx.database) as asked:
        found = act(crowd.ctx, OWNER)

    assert len(found) == 150
    assert [len(one.accounts) for one in found if one.accounts is not None] == [110] * 75
    assert sum("grants" in one for one in asked) == 1
    assert sum(one.startswith("SELECT") for one in asked) == 2


def test_a_page_of_long_words_has_fewer_of_them_and_each_whole(owner: httpx.Client) -> None:
    page = owner.get("/inbox?show=comments").text
    items = re.findall(r"<li tabindex.*?</li>", page, re.S)
    [older] = re.findall(r'href="([^"]+)" rel="next"', page)
    then = owner.get(older.replace("&amp;", "&")).text

    assert 1 <= len(items) < 10
    assert all(one.count("😀") > 1112 for one in items)
    seen, later = (set(re.findall(r'data-post="(c\d+)"', one)) for one in (page, then))
    assert len(later) == len(items)
    assert max(int(one[1:]) for one in later) == min(int(one[1:]) for one in seen) - 1


def test_free_slots_are_counted_by_part_and_none_that_is_taken(crowd: Console) -> None:
    hour, oslo = clock.now().replace(minute=0, second=0, microsecond=0), ZoneInfo("Europe/Oslo")
    spans = ([hour + timedelta(days=days, hours=number) for number in range(25)] for days in (30, 32))
    # Not over the day on which the clocks of these accounts change.
    bounds = next(one for one in spans if one[0].astimezone(oslo).utcoffset() == one[-1].astimezone(oslo).utcoffset())

    span = calendar.show(crowd.ctx, OWNER, bounds[0], bounds[-1], marks=bounds[1:-1])

    shown = [sum(one <= slot.at < other for slot in span.free) for one, other in pairwise(bounds)]
    assert sum(span.free_counts) == 11 * 6
    assert shown == [min(count, calendar.MOST_FREE) for count in span.free_counts]
    slot = span.free[0]
    with crowd.ctx.database.transaction() as tx:
        owner = "(SELECT id FROM accounts WHERE name = :name)"
        taking = text(f"UPDATE posts SET publish_at = :at, account_id = {owner} WHERE key = 'crowd-1'")  # noqa: S608
        tx.execute(taking, {"at": slot.at, "name": slot.account})
    assert sum(calendar.show(crowd.ctx, OWNER, bounds[0], bounds[-1], marks=bounds[1:-1]).free_counts) == 11 * 6 - 1
