"""The API behind real HTTP, asked by askers of the tests' own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import SecretStr
from sqlalchemy import event

from console import problems
from console.api.application import PREFIX, below_its_path, create_api
from console.streams import Holding
from models.store.session import Database
from operations.operation import OWNER, Asker, Context, Scope
from pressrun import clock
from pressrun.errors import Kind, PressrunError
from pressrun.media.store import MediaStore
from pressrun.network.trust import authorities
from pressrun.settings import Settings
from tests.factories.rows import KEY, make_account
from tests.support.waiting import until
from tests.support.web import serve

ASKERS = {
    "owner": OWNER,
    "reader": Asker("reader", frozenset({Scope.READ})),
    "author": Asker("author", frozenset({Scope.READ, Scope.PUBLISH})),
}


class NoKey(PressrunError):
    """Say who asks."""

    kind = Kind.NOT_ALLOWED
    type = "key.missing"


def asked_by(request: Request) -> Asker:
    """Whoever the header names."""
    found = ASKERS.get(request.headers.get("authorization", "").removeprefix("Bearer "))
    if found is None:
        raise NoKey
    return found


@dataclass
class Api:
    """An API, and what tests ask of it."""

    http: httpx.Client
    database: Database
    store: MediaStore
    url: str

    def as_(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {name}"}

    def keep(self, path: Path) -> str:
        """A file in the media store, as posts name it."""
        return f"kept:{self.store.keep(path).sha256}"


def told(home: Path, **over: Any) -> Settings:
    """Settings of an API whose Instagram can fetch what it keeps."""
    given: dict[str, Any] = {
        "secret_keys": [SecretStr(KEY)],
        "home": home,
        "app_id": "4242",
        "app_secret": SecretStr("an-apps-secret"),
        "public_url": "https://pressrun.example",
        "allow_private_urls": True,
    }
    return Settings(**given | over)


@contextmanager
def running_api(database: Database, home: Path, **over: Any) -> Iterator[Api]:
    """An API of its own, for settings of its own."""
    with serve(mount(create_api(Context(database, told(home, **over)), asked_by))) as url, client(url) as http:
        yield Api(http, database, MediaStore(home / "media"), url)


def mount(api: FastAPI) -> FastAPI:
    """The API where the console has it."""
    app = FastAPI(openapi_url=None)
    problems.install(app)
    app.router.routes.append(below_its_path(api))
    return app


def client(url: str) -> httpx.Client:
    """Whoever owns it."""
    owner = {"Authorization": "Bearer owner"}
    return httpx.Client(base_url=url + PREFIX, timeout=30, verify=authorities(), headers=owner)


@contextmanager
def asked_in_threads(database: Database) -> Iterator[None]:
    """Nothing asks the database on the event loop, where all others would wait for it."""
    found: list[str] = []

    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        with suppress(RuntimeError):  # there is no loop in a thread
            asyncio.get_running_loop()
            found.append(statement)

    event.listen(database.engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", look)
    assert found == []


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, str]]:
    """One application for all tests, each of which gives it a database: building its routes costs more than a test."""
    nobody = Database("postgresql:///nobody")
    app = create_api(Context(nobody, told(tmp_path_factory.mktemp("home"))), asked_by)
    with serve(Holding(mount(app))) as url:
        yield app, url
    nobody.close()


@pytest.fixture
def api(served: tuple[FastAPI, str], database: Database, tmp_path: Path) -> Iterator[Api]:
    """With the account `bakery` in Berlin, and another."""
    with database.transaction() as tx:
        make_account(tx, name="bakery", timezone="Europe/Berlin")
        make_account(tx, name="another")
    app, url = served
    home = tmp_path / "home"
    app.state.ctx = Context(database, told(home))
    with asked_in_threads(database), client(url) as http:
        yield Api(http, database, MediaStore(home / "media"), url)
    # It would go on with the numbers of this test in the next one's database.
    until(lambda: not app.state.hub.is_reading, what="a feed goes on")


def in_hours(hours: float) -> str:
    return (clock.now() + timedelta(hours=hours)).isoformat()
