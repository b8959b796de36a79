"""What a page asks of the database, counted; who may see what; and what an empty console says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from operations.access import users
from operations.operation import OWNER
from tests.integration.console.pages.conftest import Console

QUERIES = {
    "/": 10,
    "/calendar": 5,
    "/posts": 4,
    "/posts/month-failed": 7,
    "/insights?account=lena-makes": 12,
    "/inbox": 3,
    "/accounts": 5,
    "/notices": 5,
    "/system": 6,
    "/import": 2,
    "/library": 3,
    "/accounts/lena-makes": 11,
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


@pytest.mark.parametrize("path", [*QUERIES, "/compose", "/calendar?view=week", "/system/people", "/system/checks"])
def test_an_empty_console_shows_each_page(console: Console, path: str) -> None:
    with console.client() as http:
        answer = http.get(
            path.replace("?account=lena-makes", "").replace("/month-failed", "").replace("/lena-makes", "")
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
