"""The process: its first line, its end, its clock and its speed."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from benchmarks.simulator import measure
from pressrun.errors import UsageError
from simulator.__main__ import main
from simulator.config import SimulatorConfig
from simulator.faults.rules import MODES
from simulator.protocol.names import NAMES
from tests.support.processes import start_module
from tests.support.waiting import until
from tests.unit.simulator.client import Sim, ig_id

DOCUMENT = Path(__file__).parents[3] / "docs" / "simulator.md"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_first_and_ends_cleanly(number: signal.Signals) -> None:
    with start_module("simulator", "--port", "0", "--accounts", "2") as process:
        url = process.line(r"^LISTENING (http://127\.0\.0\.1:\d+)$")
        assert process.lines[0] == f"LISTENING {url}"
        process.send(number)
        assert process.wait() == 0
        assert process.lines == [f"LISTENING {url}"]


def test_the_command_works_with_nothing_configured(tmp_path: Path) -> None:
    with start_module("cli", "simulator", env={"HOME": str(tmp_path)}) as process:
        url = process.line(r"^LISTENING (http://127\.0\.0\.1:\d+)$")
        answer = httpx.get(f"{url}/v25.0/{ig_id(0)}", headers={"authorization": "Bearer SIM-TOKEN-0"})
        assert answer.json()["id"] == ig_id(0)
        assert process.terminate() == 0
    assert process.lines == [f"LISTENING {url}"]
    assert list(tmp_path.iterdir()) == []


def test_a_flag_that_is_wrong_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--port", "x"])

    assert ended.value.code == 2
    assert capsys.readouterr().err == "simulator: argument --port: invalid int value: 'x' (see --help)\n"


def test_a_port_that_is_taken_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        assert main(["--port", str(port)]) == 1

    assert capsys.readouterr().err == (
        f"simulator: cannot listen on 127.0.0.1 port {port}: Address already in use; choose another port\n"
    )


def test_a_hanging_call_does_not_hold_up_the_end() -> None:
    with start_module("simulator", "--port", "0", "--fault", "user:hang") as process:
        host, port = process.line(r"^LISTENING http://(\S+)$").split(":")
        with socket.create_connection((host, int(port)), timeout=60) as caller:
            caller.sendall(f"GET /{ig_id(0)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer SIM-TOKEN-0\r\n\r\n".encode())
            until(lambda: httpx.get(f"http://{host}:{port}/_sim/report").json()["faults_fired"] == {"user:hang": 1})
            process.send(signal.SIGTERM)
            assert caller.recv(1) == b""
        assert process.wait() == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--accounts", "0"],
        ["--fault", "nowhere:hang"],
        ["--fault", "user:hang:account=9"],
        ["--reading", "x=y"],
        ["--speed", "-1"],
    ],
)
def test_a_bad_flag_is_one_line_and_code_2(arguments: list[str]) -> None:
    with start_module("simulator", *arguments) as process:
        assert process.wait() == 2
    assert len(process.lines) == 1
    assert process.lines[0].startswith("simulator: ")


def test_settings_are_checked() -> None:
    for bad in ({"port": -1}, {"quota_duration_s": 0}, {"readings": {"republish": "maybe"}}):
        with pytest.raises(UsageError):
            SimulatorConfig(**bad)


def test_time_can_run_faster(simulate: Callable[..., Sim]) -> None:
    sim = simulate(speed=3600.0, image_processing_s=1800.0)
    made = sim.container()

    until(lambda: sim.status(made) == "FINISHED")
    assert sim.control("GET", "clock")["speed"] == 3600.0


def test_time_can_be_pushed_ahead_but_not_back(sim: Sim) -> None:
    before = sim.control("GET", "clock")["seconds"]
    assert sim.control("POST", "advance", seconds=100)["seconds"] >= before + 100
    assert sim.http.post("/_sim/advance", json={"seconds": -1}).status_code == 400
    assert sim.http.post("/_sim/advance", content=b"[]").status_code == 400
    assert sim.http.post("/_sim/advance", content=b"{").status_code == 400


def test_latency_applies_to_every_answer(simulate: Callable[..., Sim]) -> None:
    sim = simulate(latency_ms=60)

    assert sim.call("GET", f"/{ig_id(0)}").elapsed.total_seconds() >= 0.06


def test_a_call_that_has_come_whole_is_carried_out_though_its_sender_is_gone(
    simulate: Callable[..., Sim],
) -> None:
    sim = simulate(latency_ms=200, fetch_media=False, image_processing_s=0)
    container = sim.container()

    with pytest.raises(httpx.ReadTimeout):
        sim.call(
            "POST", f"/{ig_id(0)}/media_publish", json={"creation_id": container}, timeout=httpx.Timeout(5, read=0.02)
        )

    until(lambda: [line["container_id"] for line in sim.ledger()] == [container], what="it was not carried out")


def test_the_document_names_every_endpoint_and_every_fault() -> None:
    text = DOCUMENT.read_text()

    missing = [name for name in sorted(NAMES | MODES) if f"`{name}`" not in text]
    assert missing == []


@pytest.mark.long
def test_it_serves_at_least_1500_simple_requests_a_second_on_one_core() -> None:
    # By processor time, so that whatever else the machine does is not held against the simulator.
    found = measure(seconds=2, rounds=3, connections=8, state_dir=True)

    assert found["simulator_per_cpu_s"] >= 1500, found
