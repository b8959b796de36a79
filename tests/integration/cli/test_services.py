"""The service commands as a supervisor or a container runs them: a line when ready, code 0 after SIGTERM."""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Iterator

import httpx
import psutil
import pytest

from pressrun.embedded.forkserver import is_possible
from tests.integration.cli.conftest import Command
from tests.support.processes import Process, runs, words_of
from tests.support.servers import Servers, create_database, drop_database
from tests.support.turns import stack_turn
from tests.support.waiting import until


def start(command: Command, *arguments: str, **over: str) -> Process:
    settings = command.settings | {f"PRESSRUN_{name}": value for name, value in over.items()}
    return Process([sys.executable, "-m", "cli", *arguments], env=settings)


@pytest.mark.parametrize(
    ("arguments", "ready", "asked"),
    [
        (["scheduler"], r"^READY scheduler$", signal.SIGTERM),
        # The end of its terminal; that of SIGTERM is asked of workers elsewhere.
        (["worker", "--queue", "harvest", "--queue", "inbox"], r"^READY worker harvest inbox$", signal.SIGHUP),
    ],
    ids=["scheduler", "worker"],
)
def test_a_service_says_that_it_is_ready_and_stops_when_it_is_asked(
    command: Command, arguments: list[str], ready: str, asked: signal.Signals
) -> None:
    with start(command, *arguments) as service:
        service.line(ready, 60)

        service.send(asked)

        assert service.wait(60) == 0, service.output


@pytest.mark.cost(cpu_s=6)
def test_a_worker_of_several_processes_starts_one_that_died_again_and_stops_them_all(command: Command) -> None:
    with start(command, "worker", "--queue", "inbox", "--concurrency", "2", "--processes", "2") as service:
        service.line(r"^READY worker inbox$", 60)

        def workers() -> list[psutil.Process]:
            below = psutil.Process(service.pid).children(recursive=True)
            return [one for one in below if {"--queue=inbox", "--concurrency=2"} <= set(words_of(one))]

        before = workers()
        assert len(before) == 2
        before[0].kill()

        until(lambda: len(workers()) == 2 and before[0] not in workers(), what=lambda: service.output)
        last = workers()
        assert service.terminate(60) == 0, service.output

    until(lambda: not any(map(runs, last)), what=lambda: f"still there: {last}")


def test_a_console_comes_back_on_its_port_after_a_kill_and_stops_on_sigterm(command: Command) -> None:
    with start(command, "console", "--port", "0") as first:
        url = first.line(r"^LISTENING (\S+)$", 60)
        assert httpx.get(f"{url}/readyz", timeout=30).json()["status"] == "ready"
        first.kill()

    with start(command, "console", "--port", url.rpartition(":")[2]) as second:
        assert second.line(r"^LISTENING (\S+)$", 60) == url
        assert httpx.get(f"{url}/healthz", timeout=30).status_code == 200
        assert second.terminate(60) == 0, second.output


def test_a_console_without_its_database_lives_and_says_that_it_is_not_ready(command: Command) -> None:
    with start(command, "console", "--port", "0", DATABASE_URL="postgresql://app@127.0.0.1:1/none") as console:
        url = console.line(r"^LISTENING (\S+)$", 60)

        assert httpx.get(f"{url}/healthz", timeout=30).status_code == 200
        assert httpx.get(f"{url}/readyz", timeout=30).status_code == 503
        console.send(signal.SIGHUP)  # the end of its terminal
        assert console.wait(60) == 0, console.output


@pytest.fixture
def empty_database_url(servers: Servers) -> Iterator[str]:
    yield create_database(servers.database_url, "cli_up")
    drop_database(servers.database_url, "cli_up")


@pytest.fixture
def _turn() -> Iterator[None]:
    with stack_turn():
        yield


@pytest.mark.usefixtures("_turn")
@pytest.mark.cost(cpu_s=15, stack=True)
@pytest.mark.timeout(1200)
class TestUp:
    def test_it_brings_the_schema_up_runs_all_services_and_stops_them_on_ctrl_c(
        self, command: Command, empty_database_url: str
    ) -> None:
        with start(command, "up", "--workers", "1", "--port", "0", DATABASE_URL=empty_database_url) as up:
            up.line(r"^READY$", 120)
            url = re.search(r"^console\s+(\S+)$", up.output, re.MULTILINE)
            assert url is not None
            children = psutil.Process(up.pid).children(recursive=True)
            link = re.search(r"http\S+", up.output)
            assert link is not None

            assert re.fullmatch(rf"{url[1]}/link/\S+", link[0])
            entered = httpx.get(link[0], timeout=30)
            assert (entered.status_code, entered.headers["location"]) == (303, "/")
            assert httpx.get(f"{url[1]}/readyz", timeout=30).json()["status"] == "ready"
            assert len(children) == 6 + is_possible()  # what they are forked from
            for name in ("scheduler", "worker-publish", "worker-prepare", "worker-harvest", "worker-media"):
                assert re.search(rf"^{name}\s+running$", up.output, re.MULTILINE)
            up.send(signal.SIGINT)
            assert up.wait(90) == 0, up.output

        until(lambda: not any(map(runs, children)), what=lambda: f"still there: {children}")

    def test_a_second_ctrl_c_stops_at_once(self, command: Command) -> None:
        with start(command, "up", "--workers", "1", "--port", "0", "--json") as up:
            up.line(r"^\]$", 120)
            first, last = up.lines.index("["), up.lines.index("]")
            services = json.loads("\n".join(up.lines[first : last + 1]))
            children = psutil.Process(up.pid).children(recursive=True)
            worker = next(child for child in children if "--queue=publish" in words_of(child))
            worker.suspend()  # so that it cannot stop politely

            up.send(signal.SIGINT)
            up.line("once more")
            up.send(signal.SIGINT)

            assert up.wait(30) == 130, up.output
        assert {service["service"] for service in services} >= {"scheduler", "console", "worker-publish"}
        until(lambda: not any(map(runs, children)), what=lambda: f"still there: {children}")

    def test_an_interrupted_start_leaves_nothing_behind(self, command: Command) -> None:
        with start(command, "up", "--workers", "1", "--port", "0") as up:
            found: list[psutil.Process] = []

            def has_children() -> bool:
                found[:] = psutil.Process(up.pid).children(recursive=True)
                return len(found) >= 3

            until(has_children, what=lambda: up.output)
            up.send(signal.SIGTERM)
            assert up.wait(90) == 130, up.output

        until(lambda: not any(map(runs, found)), what=lambda: f"still there: {found}")
