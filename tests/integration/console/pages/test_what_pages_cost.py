"""What a page asks of the database, counted; who may see what; and what an empty console says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import event, text

from operations.access import users
from operations.operation import OWNER
from operations.posts import posts
from tests.integration.console.pages.conftest import Console, planned

QUERIES = {
    # Accounts (3), endpoints that fail, three lists of posts, gaps, lateness, and which tokens end: its one new part.
    "/": 11,
    # How many are due on each day, and the first ones of each: of a busy month no more is read than is shown.
    "/calendar": 6,
    "/posts": 4,
    # The post with its account, parts, routes and events (5), the accounts to copy it to; and what an operator asks of
    # it, which is an operation of its own: the post again, its calls, its containers.
    "/seek?q=glaze": 4,
    "/posts/month-failed": 10,
    # The account and a list of all, eight parts of the page (stories apart from posts: they have other numbers); and of
    # its coverage, an operation of its own, the account again and the days.
    "/insights?account=lena-makes": 13,
    # However many accounts: who they are, a list of all, their days, their posts.
    "/insights?account=lena-makes&account=harbour-bakery&account=northlight-studio&metric=views": 5,
    "/inbox": 3,
    "/accounts": 5,
    "/notices": 5,
    # One each for works, for who runs, for who is connected, limits, lateness and calls; the calls are of the page's
    # own day, the connections tell a reader's from a worker's.
    "/system": 8,
    "/system/harvests": 5,
    "/system/audit": 2,
    "/import": 2,
    "/library": 3,
    # The account as a command shows it (token, quota, containers, subscription, posts), its harvests, the accounts; and
    # the account again for its webhooks and its slots, each an operation of its own.
    "/accounts/lena-makes": 12,
}
"""Page → statements, those of knowing who asks among them."""


@contextmanager
def counting(console: Console) -> Iterator[list[str]]:
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    event.listen(console.ctx.database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(console.ctx.database.engine, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def owner(month: Console) -> Iterator[httpx.Client]:
    with month.client() as http:
        yield http


@pytest.mark.parametrize("path", QUERIES)
def test_a_page_asks_a_fixed_number_of_questions(month: Console, owner: httpx.Client, path: str) -> None:
    owner.get(path)  # what is asked once for a process is asked

    with counting(month) as asked:
        assert owner.get(path).status_code == 200

    assert len(asked) == QUERIES[path], asked


def test_columns_of_accounts_ask_no_more_than_a_day(month: Console, owner: httpx.Client) -> None:
    """Of a day with posts and free slots: who asks, the accounts, how many are due of each, the first ones; slots."""
    number = planned(month, "in-a-column")
    on = posts.show(month.ctx, OWNER, str(number)).post.publish_at

    for view in ("day", "day&columns=accounts"):
        with counting(month) as asked:
            page = owner.get(f"/calendar?view={view}&zone=UTC&on={on:%Y-%m-%d}").text
        assert f'data-post="{number}"' in page
        assert 'class="free' in page
        assert len(asked) == 6, (view, asked)


@pytest.mark.parametrize(
    "path",
    [*QUERIES, "/compose", "/calendar?view=week", "/calendar?columns=accounts", "/system/people", "/system/checks"],
)
def test_an_empty_console_shows_each_page(console: Console, path: str) -> None:
    with console.client() as http:
        answer = http.get(
            path.partition("?account=lena-makes")[0].replace("/month-failed", "").replace("/lena-makes", "")
        )

    assert answer.status_code == 200
    assert "None" not in answer.text.replace("None yet", "").replace("None of", "")


def test_nobody_comes_in_without_signing_in(month: Console) -> None:
    with httpx.Client(base_url=month.url) as stranger:
        for path in QUERIES:
            answer = stranger.get(path)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/sign-in?next=%2F")
        assert stranger.post("/posts/month-failed/retry").status_code == 303
        assert stranger.get("/api/v1/events").status_code == 401


def test_a_browser_at_an_address_of_nothing_is_shown_a_page(month: Console) -> None:
    with httpx.Client(base_url=month.url) as stranger:
        page = stranger.get("/nowhere", headers={"Accept": "text/html", "Cookie": "theme=dark"})
        told = stranger.get("/nowhere")

    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert 'data-theme="dark"' in page.text
    assert (told.status_code, told.headers["content-type"]) == (404, "application/problem+json")


def test_a_post_like_another_takes_its_kept_file_along(month: Console, owner: httpx.Client) -> None:
    """What Instagram refused can be made right there."""
    path, sha256 = "/compose?like=month-failed", "a" * 64
    assert 'name="media" value' not in owner.get(path).text
    with month.ctx.database.transaction() as tx:
        query = text(
            "UPDATE parts SET media_sha256 = :sha256, media_extension = 'mp4' "
            "WHERE post_id = (SELECT id FROM posts WHERE key = 'month-failed')"
        )
        tx.execute(query, {"sha256": sha256})

    assert f'name="media" value="kept:{sha256}"' in owner.get(path).text


def test_a_form_of_another_site_does_nothing(month: Console, owner: httpx.Client) -> None:
    token = owner.get("/").text.partition('data-csrf="')[2].partition('"')[0]
    told = {"csrf_token": token}

    foreign = owner.post("/posts/month-failed/retry", data=told, headers={"Sec-Fetch-Site": "cross-site"})
    without = owner.post("/posts/month-failed/retry", data={})

    assert (foreign.status_code, without.status_code) == (403, 403)


def test_who_sees_one_account_sees_nothing_of_others(month: Console) -> None:
    users.add(month.ctx, OWNER, "ida", role="viewer", password="a long enough password", accounts=["lena-makes"])
    with httpx.Client(base_url=month.url, timeout=30) as ida:
        signed = ida.post("/sign-in", data={"name": "ida", "password": "a long enough password", "next": "/"})
        assert signed.status_code == 303
        for path in ("/", "/calendar", "/posts", "/inbox", "/accounts", "/compose"):
            answer = ida.get(path)
            assert answer.status_code == 200, path
            assert "harbour-bakery" not in answer.text, path
            assert "northlight-studio" not in answer.text, path
            assert "Try again now" not in answer.text, path
        assert ida.get("/posts/month-failed").status_code == 404
        assert ida.get("/insights?account=harbour-bakery").status_code == 404
        assert ida.get("/insights?account=lena-makes&account=harbour-bakery").status_code == 404
        assert ida.get("/system").status_code == 403
        token = ida.get("/").text.partition('data-csrf="')[2].partition('"')[0]
        ida.post("/posts/month-lena-makes-4/cancel", data={"csrf_token": token})
        assert "may not do this" in ida.get("/").text


def test_the_policy_lets_no_inline_script_run(owner: httpx.Client) -> None:
    policy = owner.get("/").headers["content-security-policy"]

    assert "unsafe" not in policy
    assert "'nonce-" in policy
    assert owner.get("/").headers["content-security-policy"] != policy


def test_styles_and_scripts_are_kept_for_ever_under_their_hash(owner: httpx.Client) -> None:
    page = owner.get("/").text
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = owner.get(address)

    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert owner.get("/static/pressrun.000000000000.css").status_code == 404
