"""A console over a month of posts, signed in by the owner's link; and one browser for a module."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from cli.demo.month import fill
from console.app import create_app
from migrations import HEAD
from models.accounts.account import find_account
from models.posts.post import find_post
from models.store.session import Database
from operations.access import links
from operations.operation import OWNER, Context
from pressrun import clock
from pressrun.media import links as media_links
from pressrun.settings import Settings
from tests.factories.rows import KEY, make_account, make_post
from tests.support.servers import Servers, clone_database, drop_database, made_once
from tests.support.simulator import FIRST_IG_ID, Simulator
from tests.support.tools import require
from tests.support.web import serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, FloatRect, Locator, Page
    from playwright.sync_api._generated import LocatorAssertions  # which it hands out, and does not name

ACCOUNTS = ("harbour-bakery", "lena-makes", "northlight-studio")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP desk.example 127.0.0.1",
)
_PATIENCE_MS = 60_000


@dataclass
class Console:
    """A console behind real HTTP."""

    url: str
    ctx: Context

    def link(self) -> str:
        """An address that signs the owner in, once."""
        return self.url + links.link(self.ctx, OWNER).path

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Somebody without a browser, signed in as the owner."""
        with httpx.Client(base_url=self.url, timeout=30, verify=False) as http:  # noqa: S501 - loopback, plain
            assert http.get(self.link()).status_code == 303
            yield http


@contextmanager
def serving(database: Database, home: Path, **over: Any) -> Iterator[Console]:
    told: dict[str, Any] = {"secret_keys": [SecretStr(KEY)], "home": home, "graph_url": "http://127.0.0.1:9"}
    ctx = Context(database, Settings(**told | over))
    keys = [media_links.derive_key(KEY)]
    with serve(create_app(ctx, media_keys=keys, media_root=home / "media", schema_head=HEAD)) as url:
        yield Console(url, ctx)


@pytest.fixture(scope="session")
def lived_month(servers: Servers, template: str) -> str:
    """The name of a database of three accounts with a month behind them."""

    def live(name: str) -> None:
        database = Database(clone_database(servers.database_url, template, name))
        with database.transaction() as tx:
            for number, account in enumerate(ACCOUNTS):
                known = {"username": account.replace("-", "."), "timezone": "Europe/Oslo", "quota_total": 50}
                make_account(tx, name=account, ig_id=str(FIRST_IG_ID + number), **known)
        with Simulator.start(accounts=len(ACCOUNTS)) as instagram:
            fill(database, ACCOUNTS, instagram.past)
        database.close()

    return made_once(servers.database_url, "month", live)


@pytest.fixture(scope="module")
def month(servers: Servers, lived_month: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Three accounts with a month behind them; tests of a module share it."""
    name = f"month_{uuid.uuid4().hex[:16]}"
    database = Database(clone_database(servers.database_url, lived_month, name))
    with serving(database, tmp_path_factory.mktemp("home")) as console:
        yield console
    database.close()
    drop_database(servers.database_url, name)


@pytest.fixture
def console(database: Database, tmp_path: Path) -> Iterator[Console]:
    """One that knows nothing yet, of the test's own."""
    with serving(database, tmp_path / "home") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = require("chromium", "chromium")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


class Form:
    """Somebody who sends forms, with the token of a page."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.token = http.get("/").text.partition('data-csrf="')[2].partition('"')[0]

    def send(self, path: str, **fields: Any) -> dict[str, Any]:
        """What the next page says of it."""
        answer = self.http.post(path, data={"csrf_token": self.token, **fields})
        assert answer.status_code == 303, answer.text[:500]
        told: dict[str, Any] = json.loads(base64.urlsafe_b64decode(answer.cookies["said"]))
        self.http.cookies.delete("said")
        return told

    def page(self, path: str, **fields: Any) -> httpx.Response:
        return self.http.post(path, data={"csrf_token": self.token, **fields})


@pytest.fixture(scope="module")
def form(month: Console) -> Iterator[Form]:
    with month.client() as http:
        yield Form(http)


def planned(month: Console, key: str, **over: Any) -> int:
    with month.ctx.database.transaction() as tx:
        at = clock.now() + timedelta(days=4)
        told = {"key": key, "publish_at": at, "next_action_at": at, "timezone": "Europe/Oslo"} | over
        return make_post(tx, find_account(tx, "lena-makes"), **told).id


def state_of(month: Console, key: str) -> str:
    with month.ctx.database.transaction() as tx:
        return find_post(tx, key).state


@dataclass
class Window:
    """A page of the browser, and what its console said."""

    page: Page
    console: Console
    said: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        answer = self.page.goto(self.console.url + path, wait_until="load")
        assert answer is not None
        assert answer.status == 200, path
        return self.page


def window(context: BrowserContext, console: Console) -> Window:
    """Signed in, listening."""
    page = context.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    found = Window(page, console)

    def hear(message: ConsoleMessage) -> None:
        found.said.append(f"{message.type}: {message.text}")

    page.on("console", hear)
    page.on("pageerror", lambda error: found.said.append(f"error: {error}"))
    page.on("dialog", lambda dialog: found.said.append(f"dialog: {dialog.message}"))
    page.goto(console.link())
    return found


def becomes(there: Locator) -> LocatorAssertions:
    """What is to be true of it as soon as the page has come so far: it asks, loads and lays out beside us."""
    from playwright.sync_api import expect

    return expect(there)


def place_of(picture: Locator) -> FloatRect:
    """Where a picture stands once it is loaded: until then it is as large as the words for it."""
    picture.evaluate("(one) => one.decode()")
    box = picture.bounding_box()
    assert box is not None
    return box
