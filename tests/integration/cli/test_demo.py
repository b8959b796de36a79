"""`pressrun demo` leaves nothing behind, and touches nothing that is not its own. `make demo` runs it to its end."""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path

import psutil
import pytest

from cli.demo.play import _Drawing
from machine.stack import WORKERS
from pressrun.embedded.forkserver import is_possible
from tests.support.processes import Process, environment, runs
from tests.support.servers import reachable_folder
from tests.support.turns import stack_turn
from tests.support.waiting import until


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")

    with Process([sys.executable, "-m", "cli", "demo", "--home", str(tmp_path)]) as demo:
        assert demo.wait(60) == 2
        assert "holds something else" in demo.output

    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_nothing_is_drawn_any_more_when_its_folder_goes(tmp_path: Path) -> None:
    with _Drawing(tmp_path / "campaign" / "campaign.csv") as drawing:
        assert drawing.ident is not None  # it has begun; where it is quick, it has ended too

    assert not drawing.is_alive()
    shutil.rmtree(tmp_path)


@pytest.mark.cost(cpu_s=10, stack=True)
@pytest.mark.timeout(1200)
def test_interrupted_it_leaves_no_process_and_no_folder() -> None:
    with stack_turn(), reachable_folder() as folder:
        # Settings of a real installation must not reach it: this database would end it at once.
        settings = {"TMPDIR": str(folder), "PRESSRUN_DATABASE_URL": "postgresql://127.0.0.1:1/real"}
        with Process([sys.executable, "-m", "cli", "demo"], env=environment(settings)) as demo:
            demo.line("starting servers", 60)
            found: list[psutil.Process] = []

            def has_services() -> bool:
                found[:] = psutil.Process(demo.pid).children(recursive=True)
                return len(found) == len(WORKERS) + 3 + is_possible()  # scheduler, console, simulator; the forks

            until(has_services, 90, lambda: demo.output)
            demo.send(signal.SIGINT)

            assert demo.wait(120) == 130, demo.output
        until(lambda: not any(map(runs, found)), what=lambda: f"still there: {found}")
        assert list(folder.iterdir()) == []
