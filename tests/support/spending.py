"""What each file of the suite costs in CPU seconds (user and system, children and servers included).

    make test ARGS="-p tests.support.spending"      prints the costliest files and tests, and the sum
    TESTS_SPENT=/tmp/spent.json make test …         keeps what each test cost, to be compared with another run

Each worker of pytest-xdist counts in a control group of its own, and the session's servers in another: only so do
killed processes and those of a shared Postgres count. The groups are the run's own and are gone at its end. Linux, and
a user who may make control groups.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

_GROUPS = Path("/sys/fs/cgroup")
_KEY = "spent_cpu_s"
_SHOWN = 40
_SERVERS = "servers"
_RUN = "TESTS_SPENDING_RUN"
_FILE = "TESTS_SPENT"

_by_test: dict[str, float] = defaultdict(float)
_by_worker: dict[str, float] = {}


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault(_RUN, str(os.getpid()))
    if _worker() != "main" or not config.getoption("numprocesses", None):
        _enter(_worker())


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
    """Whoever starts the session's servers starts them elsewhere."""
    if fixturedef.argname != "servers":
        return (yield)
    _enter(_SERVERS)
    try:
        return (yield)
    finally:
        _enter(_worker())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    item.user_properties.append((_KEY, _spent_s(_worker())))
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "teardown":
        now_s = _spent_s(_worker())
        report.user_properties = [
            (name, now_s - float(str(value)) if name == _KEY else value) for name, value in report.user_properties
        ]
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":
        _by_test[report.nodeid] += sum(float(str(value)) for name, value in report.user_properties if name == _KEY)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told[_KEY] = _spent_s(_worker())
    elif not session.config.getoption("numprocesses", None):
        _by_worker["main"] = _spent_s("main")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _by_worker[node.gateway.id] = getattr(node, "workeroutput", {}).get(_KEY, 0.0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    by_file: dict[str, float] = defaultdict(float)
    for test, spent_s in _by_test.items():
        by_file[test.partition("::")[0]] += spent_s
    servers_s, tests_s = _spent_s(_SERVERS), sum(by_file.values())
    around_s = max(sum(_by_worker.values()) - tests_s, 0.0)
    terminalreporter.section("CPU seconds")
    terminalreporter.write_line(
        f"{tests_s + servers_s:8.1f} in tests, {servers_s:.1f} of them in the session's servers; "
        f"{around_s:.1f} more in {len(_by_worker)} workers that import and collect"
    )
    for spent in (by_file, _by_test):
        for name in sorted(spent, key=lambda name: -spent[name])[:_SHOWN]:
            terminalreporter.write_line(f"{spent[name]:8.1f} {name}")
    if path := os.environ.get(_FILE):
        Path(path).write_text(json.dumps({"servers": servers_s, "around": around_s, "tests": _by_test}, indent=0))


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        _leave()


def _worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def _home() -> Path:
    return _GROUPS / "cpuacct" if (_GROUPS / "cpuacct").is_dir() else _GROUPS


def _group(name: str) -> Path:
    group = _home() / f"pressrun-tests-{os.environ[_RUN]}-{name}"
    group.mkdir(exist_ok=True)
    return group


def _enter(name: str) -> None:
    (_group(name) / "cgroup.procs").write_text(str(os.getpid()))


def _leave() -> None:
    with contextlib.suppress(OSError):  # whoever still runs in one keeps it
        (_home() / "cgroup.procs").write_text(str(os.getpid()))
        for group in _home().glob(f"pressrun-tests-{os.environ[_RUN]}-*"):
            group.rmdir()


def _spent_s(name: str) -> float:
    group = _group(name)
    if (usage := group / "cpuacct.usage").exists():
        return int(usage.read_text()) / 1e9
    words = (group / "cpu.stat").read_text().split()
    return int(words[words.index("usage_usec") + 1]) / 1e6
