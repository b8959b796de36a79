from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.schema import status
from console.app import create_app
from models.session import Database
from pressrun.media.links import derive_key
from pressrun.settings import Settings
from tests.factories.rows import KEY
from tests.support.bench import Bench
from tests.support.simulator import Simulator
from tests.support.web import serve


@pytest.fixture
def bench(database: Database, simulator: Simulator, media_folder: Path, tmp_path: Path) -> Iterator[Bench]:
    """Worker steps against a simulator; leases and settling are short enough for tests, in the same proportion."""
    settings = Settings(
        graph_url=simulator.url,
        home=tmp_path / "home",
        call_deadline="1s",
        lease="2s",
        settle="3.1s",
        settle_gap="0.3s",
    )
    app = create_app(
        settings,
        database,
        media_keys=[derive_key(KEY)],
        media_root=settings.home / "media",
        redis_url=None,
        schema_head=status(database).head,
    )
    with serve(app) as url:
        bench = Bench(database, simulator, settings, url, media_folder)
        yield bench
        bench.close()
