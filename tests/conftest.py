"""What every test may ask for: private servers, a database of its own, a simulator, real media files.

Servers are started once per session and shared by parallel workers; every test has a database as good as a fresh clone
of a migrated template, so it may commit, open many connections and be killed. Its end checks all invariants.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, settings

from machine.schema import upgrade
from models.store.partitions import ensure_partitions
from models.store.session import Database
from pressrun import clock, log
from pressrun.embedded.servers import redis_py_url
from pressrun.media.samples import make_jpeg, make_mp4
from tests.support import again, guards, logs
from tests.support.compiling import share_between_engines
from tests.support.dealing import dealt
from tests.support.lending import Lender, Lent
from tests.support.servers import (
    Servers,
    create_database,
    made_once,
    private_servers,
    quick_folder,
)
from tests.support.simulator import Simulator
from tests.support.tools import require
from tests.support.turns import HOME

# How long an example takes is the machine's doing: no test fails for it.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("suite"), max_examples=2_000)
settings.load_profile("suite")

DATABASE_URL = "TESTS_DATABASE_URL"
"""Names another Postgres than our own, empty but for what it comes with; see `tests/support/other_postgres.py`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run what is long by nature, and nothing else")


def pytest_report_header(config: pytest.Config) -> str:
    if config.getoption("--long"):
        return "long by nature: only these run"
    return "left out: what is long by nature (make check-long runs it, and whoever changes its subject quotes it)"


def pytest_configure(config: pytest.Config) -> None:
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:  # run in the background, or under nohup: it would be inherited
            signal.signal(number, handler)
    gc.set_threshold(50_000)  # as the `pressrun` command does: a tenth of the suite would be searching for garbage
    log.configure(level="DEBUG")  # as in production: what tests capture is what operators read
    for name in [name for name in os.environ if name.startswith("PRESSRUN_")]:
        del os.environ[name]  # a developer's own settings must not reach the tests
    guards.keep_sockets_here()
    share_between_engines()
    if HOME not in os.environ:
        home = Path(tempfile.mkdtemp(prefix="pressrun-tests-", dir=quick_folder()))
        home.chmod(0o711)
        os.environ[HOME] = str(home)  # inherited by the workers of pytest-xdist
        config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is long, or all else; deal out the rest so that no worker has all that is costly."""
    wanted = bool(config.getoption("--long"))
    kept, left_out = list[pytest.Item](), list[pytest.Item]()
    for item in items:
        (kept if (item.get_closest_marker("long") is not None) is wanted else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    if not wanted:
        again.mark(kept)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        units = together(kept)
        marks = [unit[0].get_closest_marker("cost") for unit in units]
        costs = [mark.kwargs["cpu_s"] if mark else 0.0 for mark in marks]
        kept = dealt(units, workers, costs, [bool(mark and mark.kwargs.get("stack")) for mark in marks])
    items[:] = kept


def together(items: Sequence[pytest.Item]) -> list[list[pytest.Item]]:
    """The tests one by one, and those of a file that has a cost as a whole."""
    units: dict[object, list[pytest.Item]] = {}
    for item in items:
        module = item.getparent(pytest.Module)
        is_whole = module is not None and any(mark.name == "cost" for mark in module.own_markers)
        units.setdefault(module if is_whole else item, []).append(item)
    return list(units.values())


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        require(*mark.args)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    again.tell(terminalreporter)


def pytest_sessionfinish(session: pytest.Session) -> None:
    again.judge(session)


def pytest_collection_finish() -> None:
    gc.freeze()  # what was imported and collected stays: no search for garbage has to pass through it


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """No token may be seen in what a test wrote or logged, whatever else it proves."""
    report = yield
    captured = [(name, text) for name, text in report.sections if name.endswith(f" {report.when}")]
    if seen := [f"{name}: {line}" for name, text in captured for line in guards.tokens_in(text)]:
        report.outcome = "failed"
        report.longrepr = "\n".join([f"{item.nodeid} lets tokens be seen:", *seen])
    return report


@pytest.fixture(autouse=True)
def _no_other_machine() -> Iterator[None]:
    """Refused connections may have been taken for an outage: they fail the test all the same."""
    guards.left.clear()
    yield
    assert guards.left == []


@pytest.fixture(autouse=True)
def _no_secrets_of_others() -> Iterator[None]:
    """What one test's process was told to conceal must not be cut out of the next one's texts."""
    yield
    log.forget()


@pytest.fixture(autouse=True)
def _logging_of_the_suite() -> Iterator[None]:
    """What one test has set up for a command must not swallow the lines of the next ones."""
    before = logs.in_force()
    yield
    left = logs.in_force()
    logs.put_back(before)
    assert left == before


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with private_servers(Path(os.environ[HOME]) / "home", database_url=os.environ.get(DATABASE_URL)) as running:
        yield running


@pytest.fixture(scope="session")
def template(servers: Servers) -> str:
    """The name of a database at the newest revision that nobody is connected to.

    As one that has lived for a month it has the last month's partitions, too: tests write of the days before this one.
    """

    def migrate(name: str) -> None:
        database = Database(create_database(servers.database_url, name))
        upgrade(database)
        with database.transaction() as tx:
            ensure_partitions(tx, now=clock.now().replace(day=1) - timedelta(days=1), months_ahead=0)
        database.close()

    return made_once(servers.database_url, "migrated", migrate)


@pytest.fixture(scope="session")
def lender(servers: Servers, template: str) -> Iterator[Lender]:
    lender = Lender(servers.database_url, template)
    yield lender
    lender.close()


@pytest.fixture
def lent(lender: Lender) -> Iterator[Lent]:
    """A migrated database of the test's own."""
    with lender.lend() as lent:
        yield lent


@pytest.fixture
def database_url(lent: Lent) -> str:
    return lent.url


@pytest.fixture
def database(lent: Lent) -> Iterator[Database]:
    """A migrated database of the test's own. At the end no invariant may be violated."""
    database = Database(lent.url, pool_size=10)
    yield database
    violations = lent.violations()
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
