from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.app import create_app
from migrations import HEAD
from models.store.session import Database
from operations.operation import Context
from pressrun.media.links import derive_key
from pressrun.settings import Settings
from tests.factories.rows import KEY
from tests.support.bench import Bench
from tests.support.lock_order import lock_order_kept
from tests.support.simulator import Simulator
from tests.support.web import serve


@pytest.fixture
def bench(
    database: Database, simulator: Simulator, media_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> Iterator[Bench]:
    """Worker steps against a simulator; leases and settling are short enough for tests, in the same proportion.

    A step may crash only where the test has it crash: its row is taken up again later, which would hide the bug.
    """
    settings = Settings(
        graph_url=simulator.url,
        home=tmp_path / "home",
        call_deadline="1s",
        lease="2s",
        settle="3.1s",
        settle_gap="0.3s",
    )
    app = create_app(
        Context(database, settings),
        media_keys=[derive_key(KEY)],
        media_root=settings.home / "media",
        schema_head=HEAD,
        public_only=True,  # Instagram fetches from it, and nobody else comes: all else would take longer than the test
    )
    with serve(app) as url, lock_order_kept(database):
        bench = Bench(database, simulator, settings, url, media_folder)
        yield bench
        bench.close()
    crashes = [record.msg for record in caplog.get_records("call") if isinstance(record.msg, dict)]
    crashes = [said for said in crashes if said["event"] == "step.crashed"]
    assert not [said["exception"] for said in crashes if "FailpointRaised" not in said["exception"]]
