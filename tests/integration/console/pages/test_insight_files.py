"""Every file and every SQL that Insights offers gives what is drawn, now and as it was known."""

from __future__ import annotations

import csv
import re
from datetime import datetime, time, timedelta
from html import unescape

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from console.pages.history.insight_tables import TABLES
from models.accounts.account import find_account
from models.harvests.watch import WatchKind, active_watches
from models.history.competitor import store_competitor
from models.history.hashtag import store_top
from models.history.media import MediaReading, SeenMedia, see_media, store_readings
from models.history.public_media import SeenPublicMedia, store_public_media
from operations.history import overview
from operations.operation import OWNER
from pressrun import clock
from pressrun.instagram.pacific import PACIFIC
from scheduler.harvests.watching import watch
from tests.integration.console.pages.conftest import Console

EMPTY = {"/insights/export coverage", "/insights/export story_final"}
"""Of the files that a page offers: of a month that was written, and not read, no day is owed, and no story is known."""
OFFERED = re.compile(r'href="(/insights/(?:export|table)\?[^"]+)"')
NAME = "lena-makes"


@pytest.mark.parametrize("days_ago", [None, 3])
def test_every_sql_can_be_run_and_every_file_be_taken(month: Console, days_ago: int | None) -> None:
    with month.client() as http:
        page = http.get(_address(days_ago)).text
        queries = [unescape(one) for one in re.findall(r"<code>(SELECT.*?)</code>", page, re.DOTALL)]
        files = {unescape(one) for one in OFFERED.findall(page)}

        assert len(queries) >= (6 if days_ago is None else 5)  # online hours are told of now alone
        assert any("view=coverage" in path for path in files)
        with month.ctx.database.transaction() as tx:
            for one in queries:
                tx.execute(text(one.replace(":", "\\:")))
        empty = set()
        for path in sorted(files):
            answer = http.get(path)
            assert answer.headers["content-type"].startswith("text/csv"), (path, answer.text)
            if len(answer.text.splitlines()) <= 1:
                empty.add(f"{httpx.URL(path).path} {httpx.URL(path).params.get('view', '')}")
        assert len(files) >= (8 if days_ago is None else 6), files
        assert empty == EMPTY


def test_the_sql_beside_a_drawing_gives_the_numbers_that_were_known(month: Console) -> None:
    with month.client() as http:
        page = unescape(http.get(_address(3)).text)

    assert "FROM account_daily_as_of('" in page
    assert "FROM follower_growth_as_of('" in page
    assert "FROM media_totals_as_of('" in page
    assert not re.search(r"FROM (account_daily|follower_growth|media_totals|story_final|audience)\n", page)


@pytest.mark.parametrize("hours_ago", [None, 60])
def test_the_sql_of_a_table_gives_its_rows(month: Console, hours_ago: int | None) -> None:
    now = clock.now()
    with month.ctx.database.transaction() as tx:
        _more(tx, now)
    as_of = None if hours_ago is None else (now - timedelta(hours=hours_ago)).isoformat()
    found = overview.show(month.ctx, OWNER, NAME, as_of=as_of)

    assert set(found.sql) == set(TABLES)
    with month.ctx.database.transaction() as tx:
        for name in TABLES if hours_ago is None else ("formats",):
            answer = tx.execute(text(found.sql[name].replace(":", "\\:")))
            rows = list(TABLES[name].rows(found))
            assert tuple(answer.keys()) == TABLES[name].columns, name
            assert [tuple(row) for row in answer] == rows, name
            assert len(rows) > 1, name


@pytest.mark.parametrize("days_ago", [None, 3])
def test_accounts_side_by_side_have_their_numbers_as_files_and_sql(month: Console, days_ago: int | None) -> None:
    address = f"{_address(days_ago)}&account=harbour-bakery"
    with month.client() as http:
        page = http.get(address).text
        queries = [unescape(one) for one in re.findall(r"<code>((?:SELECT|WITH).*?)</code>", page, re.DOTALL)]
        files = [unescape(one) for one in OFFERED.findall(page)]
        told = [list(csv.reader(http.get(path).text.splitlines())) for path in files]

    assert [httpx.URL(path).params["of"] for path in files] == ["accounts", "accounts_by_day", "accounts_by_day"]
    with month.ctx.database.transaction() as tx:
        for rows, query in zip(told, queries, strict=True):
            answer = tx.execute(text(query.replace(":", "\\:")))
            assert [*answer.keys()] == rows[0]
            assert [[_cell(value) for value in row] for row in answer] == [list(map(_cell, row)) for row in rows[1:]]
    assert [row[0] for row in told[0]] == ["account", NAME, "harbour-bakery"]
    assert told[1][0] == ["day", NAME, "harbour-bakery"]
    assert "is counted by both" in page  # no sum over accounts


def test_the_posts_of_a_format_and_of_a_day_are_found_by_links_alone(month: Console) -> None:
    newest = overview.show(month.ctx, OWNER, NAME).posts[3]
    day = newest.posted_at.astimezone(PACIFIC).date()
    with month.client() as http:
        page = http.get(_address(None)).text
        by_format, by_day = (
            next(unescape(one) for one in re.findall(r'href="([^"]+#posts)"', page) if f"{told}#" in one)
            for told in (f"format={newest.format}", f"on={day}")
        )
        listed = http.get(str(httpx.URL("/insights").join(by_day))).text.partition('id="posts"')[2]
        narrowed = unescape(http.get(by_format).text)
        nothing = http.get(f"{_address(None)}&format=<b>&on={day}").text
        assert http.get(f"{_address(None)}&on=soon").status_code == 400

    shown = re.findall(r'title="[^"]*\((\S+ \S+) UTC\)', listed.partition("<tbody>")[2].partition("</tbody>")[0])
    ends = [datetime.combine(day + timedelta(days=days), time(), PACIFIC) for days in (0, 1)]
    assert shown
    assert all(ends[0] <= datetime.fromisoformat(f"{one}+00:00") < ends[1] for one in shown)
    assert f"posted on {day:%a %-d %b}" in listed
    [query] = [
        one for one in re.findall(r"<code>(SELECT.*?)</code>", narrowed, re.DOTALL) if "FROM media_totals" in one
    ]
    with month.ctx.database.transaction() as tx:
        found = tx.execute(text(query.replace(":", "\\:"))).all()
    assert len(found) == len(overview.show(month.ctx, OWNER, NAME, only=overview.Only(newest.format)).posts) > 0
    assert "No post is like that" in nothing
    assert "<b>" not in nothing.partition('id="posts"')[2].partition("</section>")[0]


def test_a_span_is_summed_but_for_people(month: Console) -> None:
    found = overview.show(month.ctx, OWNER, NAME, since=clock.now().date() - timedelta(days=8))
    views, reach = ([value for day in found.days if (value := day.values[name])] for name in ("views", "reach"))

    assert found.figures["views"].value == sum(views)
    assert sorted(reach)[(len(reach) - 1) // 2] <= (found.figures["reach"].value or 0) <= sorted(reach)[len(reach) // 2]
    assert found.figures["views"].lacking == len(found.days) - len(views)
    long = overview.show(month.ctx, OWNER, NAME).figures["views"]
    assert long.value is not None
    assert long.before is None  # the month before it is not known whole


def _address(days_ago: int | None) -> str:
    known = "" if days_ago is None else f"&known={clock.now() - timedelta(days=days_ago):%Y-%m-%d}"
    return f"/insights?account={NAME}{known}"


def _cell(value: object) -> object:
    """A cell of a file or of an answer: as a number where it is one."""
    told = "" if value is None else str(value)
    return float(told) if re.fullmatch(r"-?[0-9.]+", told) else told


def _more(tx: Session, now: datetime) -> None:
    """What the month lacks: a hashtag with something on top of it, a second competitor, media of no known format."""
    account = find_account(tx, NAME)
    if tx.execute(text("SELECT 1 FROM watches WHERE name = 'sourdough'")).first():
        return
    ids = see_media(tx, account.id, [SeenMedia("99", posted_at=now - timedelta(days=5))], now=now)
    store_readings(tx, [MediaReading(ids["99"], now - timedelta(days=4), {"reach": 7})], run_id=None)
    watch(tx, account, WatchKind.HASHTAG, "sourdough")
    for name in ("ohara.s", "potter"):
        watch(tx, account, WatchKind.COMPETITOR, name)
    [tag] = active_watches(tx, account.id, WatchKind.HASHTAG)
    top = [SeenPublicMedia(f"9{n}", "IMAGE", "bread", posted_at=now, like_count=n) for n in range(3)]
    store_public_media(tx, tag.id, top, captured_at=now, run_id=None)
    store_top(tx, tag.id, ["92", "90", "91"], captured_at=now, run_id=None)
    for rival, known in zip(active_watches(tx, account.id, WatchKind.COMPETITOR), (500, 700), strict=True):
        for days in (2, 1):
            counts = {"followers_count": known - days, "media_count": 40}
            store_competitor(tx, rival.id, counts, captured_at=now - timedelta(days=days), run_id=None)
