"""A console over a month of posts, signed in by the owner's link; and one browser for a module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from cli.demo.month import fill
from console.app import create_app
from migrations import HEAD
from models.session import Database
from operations.access import links
from operations.operation import OWNER, Context
from pressrun.media import links as media_links
from pressrun.settings import Settings
from tests.factories.rows import KEY, make_account
from tests.support.servers import Servers, clone_database, drop_database
from tests.support.tools import require
from tests.support.web import serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

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
)


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


@pytest.fixture(scope="module")
def month(servers: Servers, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Three accounts with a month behind them; tests of a module share it."""
    name = f"month_{tmp_path_factory.mktemp('month').name}_{id(template)}"
    database = Database(clone_database(servers.database_url, template, name))
    with database.transaction() as tx:
        for account in ACCOUNTS:
            make_account(tx, name=account, username=account.replace("-", "."), timezone="Europe/Oslo", quota_total=50)
    fill(database, ACCOUNTS)
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
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


@dataclass
class Window:
    """A page of the browser, and what its console said."""

    page: Page
    console: Console
    said: list[str] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=dict)

    def open(self, path: str) -> Page:
        answer = self.page.goto(self.console.url + path, wait_until="load")
        assert answer is not None
        assert answer.status == 200, path
        return self.page


def window(context: BrowserContext, console: Console) -> Window:
    """Signed in, listening."""
    page = context.new_page()
    found = Window(page, console)

    def hear(message: ConsoleMessage) -> None:
        found.said.append(f"{message.type}: {message.text}")

    page.on("console", hear)
    page.on("pageerror", lambda error: found.said.append(f"error: {error}"))
    page.on("dialog", lambda dialog: found.said.append(f"dialog: {dialog.message}"))
    page.goto(console.link())
    return found
