from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from pydantic import SecretStr

from models.store.session import Database
from operations.operation import Context
from pressrun.network.hints import Queue
from pressrun.settings import Settings
from tests.factories.rows import KEY


@pytest.fixture
def ctx(database: Database, tmp_path: Path) -> Context:
    """What operations work with, on the test's own database; the invariants are checked at its end."""
    return Context(database, Settings(secret_keys=[SecretStr(KEY)], home=tmp_path / "home"))


def nobody(queue: Queue) -> AbstractContextManager[Callable[[], None]]:
    """Hands that must not be needed."""
    raise AssertionError(f"a worker of the queue {queue} was asked for")
