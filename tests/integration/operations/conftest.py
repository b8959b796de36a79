from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from models.session import Database
from operations.operation import Context
from pressrun.settings import Settings
from tests.factories.rows import KEY


@pytest.fixture
def ctx(database: Database, tmp_path: Path) -> Context:
    """What operations work with, on the test's own database; the invariants are checked at its end."""
    return Context(database, Settings(secret_keys=[SecretStr(KEY)], home=tmp_path / "home"))
