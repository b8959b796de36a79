"""Nobody is shown a door that is locked: each place in the navigation of each role lets them in."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest

from operations.access import users
from operations.operation import OWNER
from operations.posts import posts
from pressrun import clock
from tests.factories.rows import make_account, make_post
from tests.integration.console.pages.conftest import Console

PASSWORD = "a long enough password"
LOOKING = ["/", "/calendar", "/posts", "/library", "/insights", "/inbox", "/accounts"]
WRITING = ["/", "/calendar", "/posts", "/compose", "/import", "/library", "/insights", "/inbox", "/accounts"]


@pytest.mark.parametrize(
    ("role", "accounts", "shown"),
    [
        ("viewer", None, [*LOOKING, "/notices"]),
        ("viewer", ["bakery"], LOOKING),
        ("author", ["bakery"], WRITING),
        ("admin", None, [*WRITING, "/notices", "/system"]),
        ("admin", ["bakery"], WRITING),
    ],
)
def test_the_navigation_leads_only_where_one_may_go(
    console: Console, role: str, accounts: list[str] | None, shown: list[str]
) -> None:
    with console.ctx.database.transaction() as tx:
        make_account(tx, name="bakery")
    users.add(console.ctx, OWNER, "ida", role=role, password=PASSWORD, accounts=accounts)

    with httpx.Client(base_url=console.url, timeout=30, verify=False) as http:  # noqa: S501 - loopback, plain
        assert http.post("/sign-in", data={"name": "ida", "password": PASSWORD}).status_code == 303
        [nav] = re.findall(r'<nav class="main".*?</nav>', http.get("/").text, re.DOTALL)
        links = re.findall(r'href="([^"]+)"', nav)

        assert links == shown
        assert {link: http.get(link).status_code for link in links} == dict.fromkeys(links, 200)
        assert 'href="/"' in http.get("/me").text  # and a way back from there


def test_who_may_only_look_sees_no_swap_and_makes_none(console: Console) -> None:
    times = [(clock.now() + timedelta(days=day)).replace(microsecond=0) for day in (2, 3)]
    with console.ctx.database.transaction() as tx:
        bakery = make_account(tx, name="bakery")
        make_account(tx, name="closed-to-ida")
        pair = [make_post(tx, bakery, publish_at=at, next_action_at=at).id for at in times]
    users.add(console.ctx, OWNER, "ida", role="viewer", password=PASSWORD, accounts=["bakery"])

    with httpx.Client(base_url=console.url, timeout=30, verify=False) as http:  # noqa: S501 - loopback, plain
        http.post("/sign-in", data={"name": "ida", "password": PASSWORD})
        page = http.get(f"/calendar?columns=accounts&on={times[0]:%Y-%m-%d}").text
        calendar = page.partition('id="calendar"')[2]
        told = {"csrf_token": page.partition('data-csrf="')[2].partition('"')[0]}
        http.post("/calendar/swap", data=told | {"post": pair[0], "other": pair[1]})

    assert re.findall(r'<div class="chip([^>]*)>', calendar) == [f' s-scheduled a-0" data-post="{pair[0]}"']
    assert re.findall(r'class="one-line">([^<]+)', calendar) == ["bakery"]
    assert [word for word in ("data-version", 'id="drop"', 'id="move"', 'id="swap"', 'id="bulk"') if word in page] == []
    assert [posts.show(console.ctx, OWNER, str(one)).post.publish_at for one in pair] == times
