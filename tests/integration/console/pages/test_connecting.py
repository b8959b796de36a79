"""Connecting in the browser, from the consent to the account; and the page of one account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from models.accounts.account import find_account
from models.connecting.connection import Connection, settle_done
from models.connecting.consenting import Candidate, keep_found
from models.connecting.joining import Joined
from models.store.session import Database
from operations.accounts import consents
from operations.accounts.connections import Login
from operations.accounts.consents import Wish
from operations.operation import OWNER
from pressrun import clock
from pressrun.vault import Vault
from tests.factories.rows import KEY, make_account, make_subscription, make_token
from tests.integration.console.pages.conftest import Console, serving


@pytest.fixture
def console(database: Database, tmp_path: Path) -> Iterator[Console]:
    with serving(database, tmp_path / "home", app_id="APP", app_secret=SecretStr("SECRET-OF-THE-APP")) as running:
        yield running


@pytest.fixture
def http(console: Console) -> Iterator[httpx.Client]:
    with console.client() as client:
        yield client


def send(http: httpx.Client, page: str, path: str, **fields: str | list[str]) -> httpx.Response:
    """The form of a page, filled in."""
    return http.post(path, data={"csrf_token": csrf(http, page), "back": page, **fields})


def csrf(http: httpx.Client, page: str) -> str:
    """What shows that a form is one of ours."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', http.get(page).text)
    assert found
    return found[1]


def test_a_consent_leads_to_metas_page_and_back_to_what_comes_of_it(console: Console, http: httpx.Client) -> None:
    asked = send(http, "/accounts/connect", "/accounts/connect/consent", login="instagram", name="bakery")
    [address] = re.findall(r'href="(http[^"]+)"', asked.text)
    told = parse_qs(urlsplit(unescape(address)).query)
    [at] = set(re.findall(r"/accounts/connect/\d+", asked.text))
    waiting = http.get(at).text
    back = http.get("/connect/callback", params={"code": "AQB-code", "state": told["state"][0]})

    assert (asked.status_code, told["client_id"]) == (200, ["APP"])
    assert "The owner has not answered yet" in waiting
    assert f'href="{at}"' in back.text
    assert "Instagram is being asked" in http.get(at).text
    with console.ctx.database.transaction() as tx:
        account = make_account(tx, name="bakery", username="bakery")
        row = tx.get_one(Connection, int(at.rpartition("/")[2]))
        row.ig_id = account.ig_id
        settle_done(row, Joined(account.id, is_new=True, posts_woken=2), username="bakery", now=clock.now())
    assert http.get(at).headers["location"] == "/accounts"
    assert "bakery is connected as bakery. 2 waiting posts go on." in http.get("/accounts").text


def test_an_answer_that_ended_elsewhere_is_pasted_and_one_can_give_up(console: Console, http: httpx.Client) -> None:
    begun = [consents.begin(console.ctx, OWNER, Wish(Login.FACEBOOK, name)) for name in ("a", "b")]
    at, other = (f"/accounts/connect/{one.connection_id}" for one in begun)
    state = parse_qs(urlsplit(begun[0].address).query)["state"][0]

    wrong = send(http, f"{at}?paste=1", f"{at}/answer", address="https://elsewhere.example/?x=1")
    right = send(http, f"{at}?paste=1", f"{at}/answer", address=f"http://localhost/?code=c&state={state}")
    given_up = send(http, other, f"{other}/abandon")

    assert wrong.headers["location"] == f"{at}?paste=1"
    assert right.headers["location"] == at
    assert "Instagram is being asked" in http.get(at).text
    assert given_up.headers["location"] == "/accounts"
    assert "it was given up before it was done" in http.get(other).text


def test_of_several_accounts_one_chooses(console: Console, http: httpx.Client) -> None:
    number = consents.discover(console.ctx, OWNER, Wish(Login.FACEBOOK), "SIM-TOKEN-person")
    at = f"/accounts/connect/{number}"
    with console.ctx.database.transaction() as tx:
        found = [
            Candidate("178400001", "ana", "1", "A <Page>"),
            Candidate("178400002", None, "2", "B", may_publish=False),
        ]
        keep_found(tx.get_one(Connection, number), found, {}, Vault([KEY]))

    page = http.get(at).text
    none = send(http, at, f"{at}/choose")
    chosen = send(http, at, f"{at}/choose", account=["178400001"])

    assert "leads to 2 accounts" in page
    assert "A &lt;Page&gt;" in page
    assert re.findall(r'value="(\d+)" disabled', page) == ["178400002"]
    assert (none.headers["location"], chosen.headers["location"]) == (at, at)
    assert "Instagram is being asked" in http.get(at).text


def test_without_an_app_it_is_said_what_is_missing(database: Database, tmp_path: Path) -> None:
    with serving(database, tmp_path / "home") as console, console.client() as http:
        answer = send(http, "/accounts/connect", "/accounts/connect/consent", login="facebook", name="x")

    assert answer.status_code == 400
    assert "PRESSRUN_APP_ID and PRESSRUN_APP_SECRET name it" in answer.text


def test_an_account_shows_its_tokens_what_is_lacking_and_what_that_costs(console: Console, http: httpx.Client) -> None:
    now = clock.now()
    with console.ctx.database.transaction() as tx:
        account = make_account(tx, name="bakery", login="instagram")
        scopes = ["instagram_business_basic", "instagram_business_content_publish"]
        make_token(tx, account, kind="USER", expires_at=now + timedelta(days=3, hours=1), scopes=scopes)
        make_subscription(tx, account, read_at=now, fields=["comments"], lacking=["mentions"], lacking_since=now)
    at = f"/accounts/{account.ig_id}"

    page = http.get(at).text

    assert "in 3 d" in page
    assert "instagram_business_manage_insights</span> was not granted: no insights are read" in page
    assert "mentions is lacking since" in page
    assert "None" not in page
    checked, mended = send(http, at, f"{at}/check"), send(http, at, f"{at}/webhooks")
    renamed = send(http, at, f"{at}/rename", name="harbour")
    assert {one.headers["location"] for one in (checked, mended, renamed)} == {at}
    with console.ctx.database.transaction() as tx:
        assert find_account(tx, "harbour").ig_id == account.ig_id
        due = "SELECT bool_and(next_action_at <= now()) FROM {} WHERE account_id = :id"
        for table in ("tokens", "subscriptions"):
            assert tx.scalar(text(due.format(table)), {"id": account.id}), table
