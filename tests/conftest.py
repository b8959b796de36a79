"""What every test may ask for: private servers, a database of its own, a simulator, real media files.

Servers are started once per session and shared by parallel workers; every test gets a fresh clone of a migrated
template, so it may commit, open many connections and be killed. Its end checks all invariants.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis

from machine.schema import upgrade
from models.invariants import run_all
from models.session import Database
from pressrun import log
from pressrun.embedded.servers import redis_py_url
from pressrun.media.samples import make_jpeg, make_mp4
from tests.support.servers import (
    Servers,
    clone_database,
    create_database,
    drop_database,
    private_servers,
    quick_folder,
)
from tests.support.simulator import Simulator

_HOME = "TESTS_SERVER_HOME"


def pytest_configure(config: pytest.Config) -> None:
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:  # run in the background, or under nohup: it would be inherited
            signal.signal(number, handler)
    gc.set_threshold(50_000)  # as the `pressrun` command does: a tenth of the suite would be searching for garbage
    log.configure(level="DEBUG")  # as in production: what tests capture is what operators read
    for name in [name for name in os.environ if name.startswith("PRESSRUN_")]:
        del os.environ[name]  # a developer's own settings must not reach the tests
    if _HOME not in os.environ:
        home = Path(tempfile.mkdtemp(prefix="pressrun-tests-", dir=quick_folder()))
        home.chmod(0o711)
        os.environ[_HOME] = str(home)  # inherited by the workers of pytest-xdist
        config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with private_servers(Path(os.environ[_HOME]) / "home") as running:
        yield running


@pytest.fixture(scope="session")
def template(servers: Servers) -> str:
    """The name of a database at the newest revision that nobody is connected to."""
    name = f"template_{os.getpid()}"
    database = Database(create_database(servers.database_url, name))
    upgrade(database)
    database.close()
    return name


@pytest.fixture
def database_url(servers: Servers, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:16]}"
    yield clone_database(servers.database_url, template, name)
    drop_database(servers.database_url, name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database of the test's own. At the end no invariant may be violated."""
    database = Database(database_url, pool_size=10)
    yield database
    with database.transaction() as tx:
        violations = run_all(tx)
    database.close()
    assert not violations


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """A broker that only this worker process uses, emptied."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = servers.redis_url.replace("virtual_host=0", f"virtual_host={int(worker) % 16}")
    with redis.Redis.from_url(redis_py_url(url)) as client:
        client.flushdb()
    return url


@pytest.fixture
def simulator_factory() -> Iterator[Callable[..., Simulator]]:
    """Starts simulators; all of them end with the test."""
    with ExitStack() as running:

        def start(**flags: Any) -> Simulator:
            return running.enter_context(Simulator.start(**flags))

        yield start


@pytest.fixture
def simulator(simulator_factory: Callable[..., Simulator]) -> Simulator:
    """A simulator of four accounts, quick at processing."""
    return simulator_factory(accounts=4, image_processing_s=0.1, video_processing_s=0.3)


@pytest.fixture(scope="session")
def media_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real files: `feed.jpg`, `feed-2.jpg`, `story.jpg`, `reel.mp4`, `story.mp4`."""
    folder = tmp_path_factory.mktemp("media")
    make_jpeg(folder / "feed.jpg", 1080, 1350, label="feed")
    make_jpeg(folder / "feed-2.jpg", 1080, 1350, label="feed 2")
    make_jpeg(folder / "story.jpg", 1080, 1920, label="story")
    make_mp4(folder / "reel.mp4", 360, 640, 3.5, label="reel")
    make_mp4(folder / "story.mp4", 360, 640, 3.5, label="story")
    return folder
