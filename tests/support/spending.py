"""What each file of the suite costs in CPU seconds (user and system, children and servers included).

    make test ARGS="-p tests.support.spending"      prints the costliest files and tests, and the sum

Each worker of pytest-xdist counts in a control group of its own, and the session's servers in another: only so do
killed processes and those of a shared Postgres count. Linux, and a user who may make control groups.
"""

from __future__ import annotations

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

_by_test: dict[str, float] = defaultdict(float)
_servers_before: list[float] = []


def pytest_configure(config: pytest.Config) -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        _servers_before.append(_spent_s(_SERVERS))
    if worker is not None or not config.getoption("numprocesses", None):
        _enter(worker or "main")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
    """Whoever starts the session's servers starts them elsewhere."""
    if fixturedef.argname != "servers":
        return (yield)
    _enter(_SERVERS)
    try:
        return (yield)
    finally:
        _enter(os.environ.get("PYTEST_XDIST_WORKER", "main"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    before_s = _spent_s(os.environ.get("PYTEST_XDIST_WORKER", "main"))
    item.user_properties.append((_KEY, before_s))
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "teardown":
        now_s = _spent_s(os.environ.get("PYTEST_XDIST_WORKER", "main"))
        report.user_properties = [
            (name, now_s - float(str(value)) if name == _KEY else value) for name, value in report.user_properties
        ]
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":
        _by_test[report.nodeid] += sum(float(str(value)) for name, value in report.user_properties if name == _KEY)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    by_file: dict[str, float] = defaultdict(float)
    for test, spent_s in _by_test.items():
        by_file[test.partition("::")[0]] += spent_s
    servers_s = _spent_s(_SERVERS) - _servers_before[0]
    terminalreporter.section("CPU seconds")
    terminalreporter.write_line(
        f"{sum(by_file.values()) + servers_s:8.1f} in all, {servers_s:.1f} of them in the session's servers"
    )
    for spent in (by_file, _by_test):
        for name in sorted(spent, key=lambda name: -spent[name])[:_SHOWN]:
            terminalreporter.write_line(f"{spent[name]:8.1f} {name}")


def _group(name: str) -> Path:
    home = _GROUPS / "cpuacct" if (_GROUPS / "cpuacct").is_dir() else _GROUPS
    group = home / f"pressrun-tests-{name}"
    group.mkdir(exist_ok=True)
    return group


def _enter(name: str) -> None:
    (_group(name) / "cgroup.procs").write_text(str(os.getpid()))


def _spent_s(name: str) -> float:
    group = _group(name)
    if (usage := group / "cpuacct.usage").exists():
        return int(usage.read_text()) / 1e9
    words = (group / "cpu.stat").read_text().split()
    return int(words[words.index("usage_usec") + 1]) / 1e6
