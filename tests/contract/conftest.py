"""One simulator process for all clients, a host with real media, and accounts that no other test touches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from graph.client import Credentials, GraphClient, Login
from graph.wire.transport import Transport
from tests.contract.samples import IG_ID
from tests.contract.world import Account, World
from tests.support.simulator import Simulator
from tests.support.web import serve
from tests.unit.graph.server import ScriptedServer

_ACCOUNTS = 400


@pytest.fixture(scope="session")
def world(media_folder: Path) -> Iterator[World]:
    """Real fetching and probing of media, a little processing time. Nothing may have gone wrong inside at the end."""
    files = Starlette(routes=[Mount("/", StaticFiles(directory=media_folder))])
    with (
        serve(files) as media,
        Simulator.start(accounts=_ACCOUNTS, image_processing_s=0.05, video_processing_s=0.1) as simulator,
    ):
        yield World(simulator, media)
        report = simulator.report()
        assert report["defects"] == {}
        assert report["duplicates"] == []
        assert report["quota_violations"] == []
        assert report["sources_without_range"] == {}


@pytest.fixture
def account(world: World) -> Account:
    """On Facebook Login."""
    return world.take()


@pytest.fixture
def instagram_account(world: World) -> Account:
    """On Instagram Login."""
    return world.take(instagram=True)


@pytest.fixture
def answers() -> Iterator[ScriptedServer]:
    """Answers what the contract records."""
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def recorded(answers: ScriptedServer) -> Iterator[GraphClient]:
    """Our client on Facebook Login, asking `answers`."""
    credentials = Credentials(Login.FACEBOOK, IG_ID, "EAAtoken")
    with Transport() as transport:
        yield GraphClient(credentials, transport, graph_url=answers.url, app_id="1", app_secret="hush")
