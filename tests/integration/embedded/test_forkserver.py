"""What is forked is what a new process would be, comes back from the server, and never outlives it."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from machine.forks import PRELOADED
from pressrun.embedded.forkserver import Forked, ForkServer, fork_server, is_possible
from pressrun.embedded.logs import open_log
from pressrun.embedded.supervisor import ProcessSpec, Supervisor
from tests.support.processes import REPOSITORY, runs, start_module
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(not is_possible(), reason="this system or its sandbox has no pidfd: nothing is forked")

EXAMPLES = "tests.integration.embedded.forked"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ForkServer]:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    with fork_server([EXAMPLES]) as started:
        assert started is not None
        yield started


@pytest.fixture
def start(server: ForkServer, tmp_path: Path) -> Callable[[str], Forked]:
    """Have a function of the examples forked; what it says stands in `said`."""

    def started(name: str) -> Forked:
        output = open_log(tmp_path / "said")
        try:
            argv = [sys.executable, "-m", "some", "--flag=a b"]
            return server.start(f"{EXAMPLES}:{name}", argv, os.environ | {"PRESSRUN_X": "1", "TZ": "UTC"}, output)
        finally:
            os.close(output)

    return started


def spec(folder: Path, name: str = "one") -> ProcessSpec:
    argv = [sys.executable, "-c", "import threading; print('READY anew', flush=True); threading.Event().wait()"]
    return ProcessSpec(name, argv, dict(os.environ), folder / f"{name}.log", "READY")


def forked_spec(folder: Path, name: str = "one") -> ProcessSpec:
    anew = spec(folder, name)
    return replace(anew, argv=[*anew.argv, "-m", "some"], function=f"{EXAMPLES}:stay")


def test_it_is_what_a_new_process_would_be(start: Callable[[str], Forked], server: ForkServer, tmp_path: Path) -> None:
    os.environ["PRESSRUN_OURS"] = "not its own"
    try:
        process = start("show")
    finally:
        del os.environ["PRESSRUN_OURS"]

    assert process.wait() == 0
    seen = json.loads((tmp_path / "said").read_text())
    assert seen["argv"] == ["pressrun", "--flag=a b"]
    assert seen["told"]["PRESSRUN_X"] == "1"
    assert seen["zone"] == "UTC"
    assert seen["session"] == seen["pid"] == process.pid
    assert (seen["open"], seen["files"]) == ([0, 1, 2], 3)
    assert seen["title"] == "pressrun --flag=a b"
    assert seen["parents_threads"] == 1
    assert seen["parents_title"] == "pressrun: forks"
    assert not [name for name in Path(f"/proc/{server.pid}/environ").read_text().split("\0") if "PRESSRUN_" in name]


def test_what_the_services_need_is_imported_without_a_thread_or_an_open_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    with fork_server([*PRELOADED, EXAMPLES]) as server:
        assert server is not None
        output = open_log(tmp_path / "said")
        process = server.start(f"{EXAMPLES}:show", [sys.executable, "-m", "some"], os.environ, output)
        os.close(output)
        held = {os.readlink(file) for file in Path(f"/proc/{server.pid}/fd").iterdir() if int(file.name) > 2}

        assert process.wait() == 0

    assert json.loads((tmp_path / "said").read_text())["parents_threads"] == 1
    assert {name.partition(":")[0] for name in held} <= {"socket", "pipe"}  # its own


@pytest.mark.parametrize(("name", "code"), [("fail", 3), ("end_by_signal", -signal.SIGSEGV)])
def test_how_it_ended_is_told(start: Callable[[str], Forked], name: str, code: int) -> None:
    process = start(name)

    assert process.wait() == code
    assert process.returncode == code
    process.send_signal(signal.SIGKILL)  # to nobody: its number may be another's


def test_a_signal_that_comes_at_once_is_not_lost(start: Callable[[str], Forked]) -> None:
    for _ in range(30):
        process = start("stay")
        process.send_signal(signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM


def test_one_that_is_killed_is_forked_again_and_the_others_stay(server: ForkServer, tmp_path: Path) -> None:
    specs = [forked_spec(tmp_path, "a"), forked_spec(tmp_path, "b")]
    with Supervisor(forks=server) as supervisor:
        assert supervisor.start(specs) == {"a": f"READY {server.pid}", "b": f"READY {server.pid}"}
        before = supervisor.pids()

        os.kill(before["a"], signal.SIGKILL)

        until(lambda: (tmp_path / "a.log").read_text().count(f"READY {server.pid}") == 2, what="it is not back")
        assert supervisor.pids()["b"] == before["b"]
    assert not any(runs(pid) for pid in before.values())


def test_a_server_that_is_killed_takes_along_what_it_forked_and_begins_again(
    server: ForkServer, tmp_path: Path
) -> None:
    with Supervisor(forks=server) as supervisor:
        supervisor.start([forked_spec(tmp_path, "a"), forked_spec(tmp_path, "b")])
        before, first = supervisor.pids(), server.pid
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # which are for the supervisor
            os.kill(first, number)

        os.kill(first, signal.SIGKILL)

        said = {name: tmp_path / f"{name}.log" for name in ("a", "b")}
        until(lambda: all(log.read_text().count("READY") == 2 for log in said.values()), what="they are not back")
        assert {log.read_text().split()[-1] for log in said.values()} == {str(server.pid)}
        assert server.pid != first
        assert not any(runs(pid) for pid in before.values())


def test_a_stop_does_not_wait_until_all_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    with fork_server(["tests.integration.embedded.never_imported"]) as server, Supervisor(forks=server) as supervisor:
        starting = threading.Thread(target=supervisor.start, args=([replace(forked_spec(tmp_path), ready_line=None)],))
        starting.start()
        until((tmp_path / "one.log").exists, what="it has not begun")

        supervisor.stop()

        starting.join()
        assert supervisor.pids() == {}
    assert (tmp_path / "one.log").read_text() == ""


def test_what_runs_stays_when_it_is_we_who_lack_something(server: ForkServer, start: Callable[[str], Forked]) -> None:
    running, before = start("stay"), server.pid
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            server.start(f"{EXAMPLES}:stay", [sys.executable, "-m", "some"], os.environ, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    assert (server.pid, runs(running.pid)) == (before, True)
    running.send_signal(signal.SIGTERM)
    assert running.wait() == -signal.SIGTERM


def test_where_no_server_can_be_had_a_process_is_started_anew(
    server: ForkServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(server, "_modules", ["no_such_module"])
    with Supervisor(forks=server) as supervisor:
        os.kill(server.pid, signal.SIGKILL)

        assert supervisor.start([forked_spec(tmp_path)]) == {"one": "READY anew"}


@pytest.mark.parametrize("change", [{"LD_PRELOAD": ""}, {"SSL_CERT_FILE": "/nowhere"}])
def test_what_was_read_already_cannot_be_another(server: ForkServer, tmp_path: Path, change: dict[str, str]) -> None:
    other = forked_spec(tmp_path)
    with Supervisor(forks=server) as supervisor:
        assert supervisor.start([replace(other, env=dict(other.env) | change)]) == {"one": "READY anew"}


def test_where_the_kernel_forbids_it_nothing_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_pid: int) -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "pidfd_open", forbidden)

    with fork_server([EXAMPLES]) as server:
        assert server is None


def test_nothing_outlives_a_kill_of_who_holds_the_server(tmp_path: Path) -> None:
    with start_module("tests.integration.embedded.forking_supervisor", str(tmp_path)) as holder:
        pids = [int(pid) for pid in holder.line(r"PIDS (.*)").split()]
        assert len(pids) == 3

        holder.kill()

    until(lambda: not any(runs(pid) for pid in pids), what="some outlive it")
