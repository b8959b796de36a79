"""Nobody is shown a door that is locked: each place in the navigation of each role lets them in."""

from __future__ import annotations

import re

import httpx
import pytest

from operations.access import users
from operations.operation import OWNER
from tests.factories.rows import make_account
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
