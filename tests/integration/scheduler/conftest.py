from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.store.session import Database
from pressrun.network.broker import Broker
from pressrun.settings import Settings
from tests.integration.scheduler.mailbox import Mailbox
from tests.support.servers import Servers


@pytest.fixture
def loose(database_url: str) -> Iterator[Database]:
    """A migrated database of the test's own, whose invariants nobody checks at the end."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def mailbox(servers: Servers) -> Iterator[Mailbox]:
    """A broker that only this worker process uses, emptied, as a plain client sees it."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    with Mailbox(servers.redis_url, 8 + int(worker) % 8) as mailbox:
        yield mailbox


@pytest.fixture
def broker(mailbox: Mailbox) -> Iterator[Broker]:
    sender = Broker(mailbox.url)
    yield sender
    sender.close()


@pytest.fixture
def dead_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker that nobody listens at."""
    sender = Broker(f"redis+socket://{tmp_path}/nobody.sock?virtual_host=0")
    yield sender
    sender.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", hint_lease="30s")
