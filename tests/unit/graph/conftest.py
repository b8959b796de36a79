from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from graph.client import Credentials, GraphClient, Login
from graph.wire.transport import Transport
from tests.unit.graph.server import TOKEN, ScriptedServer

IG_ID = "17841400000000001"


@pytest.fixture(scope="session")
def running_servers() -> Iterator[list[ScriptedServer]]:
    """One, or none yet."""
    servers: list[ScriptedServer] = []
    yield servers
    for server in servers:
        server.close()


@pytest.fixture
def server(running_servers: list[ScriptedServer]) -> ScriptedServer:
    """The same for all tests; another one after a test whose caller gave up: its request may come late, and would take
    the answer of the next test."""
    if running_servers and running_servers[0].may_be_left:
        running_servers.pop().close()
    if not running_servers:
        running_servers.append(ScriptedServer())
    running_servers[0].reset()
    return running_servers[0]


@pytest.fixture(scope="session")
def transport() -> Iterator[Transport]:
    with Transport() as transport:
        yield transport


@pytest.fixture
def make_client(server: ScriptedServer, transport: Transport) -> Callable[..., GraphClient]:
    def make(login: Login = Login.FACEBOOK, **options: Any) -> GraphClient:
        token = options.pop("token", TOKEN)
        ig_id = options.pop("ig_id", IG_ID)
        options.setdefault("graph_url", server.url)
        options.setdefault("call_deadline_s", 5.0)
        return GraphClient(Credentials(login, ig_id, token), options.pop("transport", transport), **options)

    return make


@pytest.fixture
def facebook(make_client: Callable[..., GraphClient]) -> GraphClient:
    return make_client(Login.FACEBOOK)


@pytest.fixture
def instagram(make_client: Callable[..., GraphClient]) -> GraphClient:
    return make_client(Login.INSTAGRAM)
