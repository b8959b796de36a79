"""Processes are started together, come back when they die, stop in order, and never outlive their supervisor."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from pressrun.embedded.supervisor import Event, ProcessSpec, Supervisor
from pressrun.errors import PressrunError
from tests.support.processes import runs, start_module
from tests.support.waiting import until

FOR_EVER = "import threading; threading.Event().wait()"
ON_TERM = """
import signal, sys, threading, time
def term(*_):
    print("TERM", time.monotonic(), flush=True)
    threading.Event().wait(float(sys.argv[1]))
    print("END", time.monotonic(), flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, term)
print("LISTENING http://127.0.0.1:1", flush=True)
while True:
    signal.pause()
"""


class Diary:
    """What a supervisor told, with times."""

    def __init__(self) -> None:
        self.entries: list[tuple[float, str, Event]] = []

    def __call__(self, name: str, event: Event) -> None:
        self.entries.append((time.monotonic(), name, event))

    def times(self, name: str, event: Event) -> list[float]:
        return [at for at, who, what in self.entries if (who, what) == (name, event)]


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def supervisor(diary: Diary) -> Iterator[Supervisor]:
    with Supervisor(diary) as running:
        yield running
        running.kill()


def python(
    name: str, script: str, *arguments: str, log: Path | None = None, ready: str | None = None, order: int = 0
) -> ProcessSpec:
    return ProcessSpec(
        name, [sys.executable, "-c", script, *arguments], dict(os.environ), log, ready_line=ready, stop_order=order
    )


def test_start_returns_the_ready_lines(supervisor: Supervisor, diary: Diary, tmp_path: Path) -> None:
    lines = supervisor.start(
        [python("server", ON_TERM, "0", log=tmp_path / "server.log", ready="LISTENING"), python("silent", FOR_EVER)]
    )

    assert lines == {"server": "LISTENING http://127.0.0.1:1"}
    assert set(supervisor.pids()) == {"server", "silent"}
    until(lambda: len(diary.times("server", Event.READY)) == 1, what=lambda: diary.entries)  # told by another thread


def test_a_killed_process_is_back_at_once_and_the_others_stay(
    supervisor: Supervisor, diary: Diary, tmp_path: Path
) -> None:
    supervisor.start([python("a", ON_TERM, "0", log=tmp_path / "a.log", ready="LISTENING"), python("b", FOR_EVER)])
    before = supervisor.pids()

    os.kill(before["a"], signal.SIGKILL)

    until(lambda: len(diary.times("a", Event.READY)) == 2, what=lambda: diary.entries)
    after = supervisor.pids()
    assert after["a"] != before["a"]
    assert after["b"] == before["b"]
    assert diary.times("a", Event.STARTED)[1] - diary.times("a", Event.DIED)[0] < 1
    assert (tmp_path / "a.log").read_text().count("LISTENING") == 2


def test_a_process_that_keeps_dying_young_is_started_ever_more_slowly(supervisor: Supervisor, diary: Diary) -> None:
    supervisor.start([python("weak", "raise SystemExit(3)")])

    until(lambda: len(diary.times("weak", Event.STARTED)) == 5, what=lambda: diary.entries)
    # From start to start: that it died is written down a moment after the pause has begun.
    pauses = [later - earlier for earlier, later in pairwise(diary.times("weak", Event.STARTED))]
    assert pauses[0] < 1
    assert pauses[1] >= 0.25
    assert pauses[2] >= 0.5
    assert pauses[3] >= 1.0


def test_a_process_that_does_not_become_ready_is_reported_with_its_last_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    with pytest.raises(PressrunError, match=r"weak does not start.*\n.*port 1 is taken"):
        supervisor.start(
            [python("weak", "raise SystemExit('port 1 is taken')", log=tmp_path / "log", ready="LISTENING")]
        )


def test_a_program_that_is_not_there_is_reported(supervisor: Supervisor, tmp_path: Path) -> None:
    spec = ProcessSpec("missing", ["/nowhere/program"], {}, tmp_path / "log", ready_line="x")

    with pytest.raises(PressrunError, match=r"/nowhere/program: No such file"):
        supervisor.start([spec])


def test_a_ready_line_of_an_earlier_run_is_not_believed(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("LISTENING http://old\n")

    assert supervisor.start([python("server", ON_TERM, "0", log=log, ready="LISTENING")]) == {
        "server": "LISTENING http://127.0.0.1:1"
    }


def test_stop_ends_one_group_before_it_asks_the_next(diary: Diary, tmp_path: Path) -> None:
    logs = {name: tmp_path / f"{name}.log" for name in ("scheduler", "worker", "console")}
    supervisor = Supervisor(diary)
    supervisor.start(
        [
            python("console", ON_TERM, "0", log=logs["console"], ready="LISTENING", order=2),
            python("worker", ON_TERM, "0.5", log=logs["worker"], ready="LISTENING", order=1),
            python("scheduler", ON_TERM, "0.2", log=logs["scheduler"], ready="LISTENING", order=0),
        ]
    )

    supervisor.stop()

    def said(name: str, word: str) -> float:
        [line] = [line for line in logs[name].read_text().splitlines() if line.startswith(word)]
        return float(line.split()[1])

    assert said("scheduler", "END") < said("worker", "TERM")
    assert said("worker", "END") < said("console", "TERM")
    assert [event for _, _, event in diary.entries][-3:] == [Event.STOPPED] * 3
    assert supervisor.pids() == {}
    with pytest.raises(PressrunError, match="starts nothing any more"):
        supervisor.start([python("late", FOR_EVER)])


def test_a_process_that_ignores_the_request_is_killed_after_the_grace(diary: Diary, tmp_path: Path) -> None:
    supervisor = Supervisor(diary)
    supervisor.start([python("deaf", ON_TERM, "600", log=tmp_path / "log", ready="LISTENING")])
    began = time.monotonic()

    supervisor.stop(grace_s=0.3)

    assert time.monotonic() - began >= 0.3
    assert len(diary.times("deaf", Event.KILLED)) == 1
    assert supervisor.pids() == {}


def test_nothing_is_started_again_while_stopping(diary: Diary, tmp_path: Path) -> None:
    supervisor = Supervisor(diary)
    supervisor.start(
        [python("weak", "raise SystemExit(3)"), python("b", ON_TERM, "0.5", log=tmp_path / "b", ready="L")]
    )
    supervisor.stop()
    count = len(diary.times("weak", Event.STARTED))

    assert supervisor.pids() == {}
    assert len(diary.times("weak", Event.STARTED)) == count


def test_processes_live_on_when_the_thread_that_asked_for_them_ends(supervisor: Supervisor, diary: Diary) -> None:
    """The kernel ties a child to a thread; that must be the supervisor's own."""
    caller = threading.Thread(target=supervisor.start, args=[[python("a", FOR_EVER)]])
    caller.start()
    caller.join(60)
    pid = supervisor.pids()["a"]

    supervisor.start([python("b", FOR_EVER)])

    assert supervisor.pids()["a"] == pid
    assert diary.times("a", Event.DIED) == []


def test_a_listener_that_fails_does_not_stop_the_supervision() -> None:
    def fail(_name: str, _event: Event) -> None:
        raise RuntimeError("the listener's own bug")

    with Supervisor(fail) as supervisor:
        supervisor.start([python("a", FOR_EVER)])
        old = supervisor.pids()["a"]
        os.kill(old, signal.SIGKILL)
        until(lambda: supervisor.pids().get("a", old) != old, what="it was not started again")
        supervisor.kill()


def test_a_large_log_is_set_aside_at_the_next_start(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_bytes(b"x" * (10 * 1024 * 1024 + 1))

    supervisor.start([python("server", ON_TERM, "0", log=log, ready="LISTENING")])

    assert (tmp_path / "server.log.1").stat().st_size > 10 * 1024 * 1024
    assert log.stat().st_size < 1000


def test_ctrl_c_in_the_terminal_reaches_the_supervisor_alone(supervisor: Supervisor) -> None:
    supervisor.start([python("a", FOR_EVER)])

    assert os.getsid(supervisor.pids()["a"]) != os.getsid(0)
    assert os.getpgid(supervisor.pids()["a"]) != os.getpgid(0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_no_process_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    with start_module("tests.integration.embedded.supervising", str(tmp_path)) as supervising:
        pids = [int(pid) for pid in supervising.line("^PIDS (.*)").split()]
        assert all(map(psutil.pid_exists, pids))

        supervising.kill()

        until(lambda: not any(map(runs, pids)), what=lambda: f"still there: {[pid for pid in pids if runs(pid)]}")
