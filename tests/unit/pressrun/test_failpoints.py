"""Failpoints: off unless asked for, exact when asked for."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pressrun.errors import Invalid
from pressrun.failpoints import POINTS, FailpointRaised, arm, reach


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    arm("")
    yield
    arm("")


def test_nothing_happens_when_nothing_is_armed() -> None:
    for name in POINTS:
        reach(name)


def test_a_point_raises_each_time_and_others_do_not() -> None:
    arm("publish.after_intent=raise")

    for _ in range(2):
        with pytest.raises(FailpointRaised, match=r"publish\.after_intent"):
            reach("publish.after_intent")
    reach("publish.after_record")


def test_the_nth_time_alone() -> None:
    arm("poll.after_read=raise@2")

    reach("poll.after_read")
    with pytest.raises(FailpointRaised):
        reach("poll.after_read")
    reach("poll.after_read")


def test_arming_again_replaces_and_counts_from_zero() -> None:
    arm("poll.after_read=raise@2")
    reach("poll.after_read")

    arm("poll.after_read=raise@2, stage.after_record=raise")

    reach("poll.after_read")
    with pytest.raises(FailpointRaised):
        reach("stage.after_record")


def test_a_stall_takes_its_time() -> None:
    arm("harvest.after_read=stall:0.05")

    started = time.monotonic()
    reach("harvest.after_read")

    assert time.monotonic() - started >= 0.05


def test_once_over_all_processes_that_share_the_folder(tmp_path: Path) -> None:
    arm("publish.after_intent=raise", once_dir=tmp_path)
    with pytest.raises(FailpointRaised):
        reach("publish.after_intent")

    arm("publish.after_intent=raise", once_dir=tmp_path)  # as a restarted process would

    reach("publish.after_intent")


def test_once_among_threads(tmp_path: Path) -> None:
    arm("publish.after_intent=raise", once_dir=tmp_path)
    raised = []
    gate = threading.Barrier(8)

    def run() -> None:
        gate.wait()
        try:
            reach("publish.after_intent")
        except FailpointRaised:
            raised.append(1)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(raised) == 1


def test_exit_kills_the_process_without_clean_up() -> None:
    program = (
        "import atexit, sys\n"
        "from pressrun.failpoints import arm, reach\n"
        "atexit.register(print, 'cleaned up')\n"
        "arm('publish.after_intent=exit')\n"
        "reach('publish.after_intent')\n"
        "print('still here')\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == -signal.SIGKILL
    assert done.stdout == ""


@pytest.mark.parametrize(
    "spec",
    [
        "publish.nowhere=exit",
        "publish.after_intent",
        "publish.after_intent=explode",
        "publish.after_intent=stall",
        "publish.after_intent=exit:3",
        "publish.after_intent=stall:long",
        "publish.after_intent=raise@first",
    ],
)
def test_a_bad_specification_is_refused_and_arms_nothing(spec: str) -> None:
    with pytest.raises(Invalid, match="PRESSRUN_FAILPOINTS"):
        arm(f"poll.after_read=raise,{spec}")

    reach("poll.after_read")
