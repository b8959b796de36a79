"""The guards of the suite guard: a socket to another machine is refused and told, a token in the output is found."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.factories.rows import KEY
from tests.support import guards
from tests.support.processes import REPOSITORY, environment
from tests.support.turns import stack_turn


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")])
def test_no_socket_leaves_the_machine(family: socket.AddressFamily, host: str) -> None:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(family, kind) as one, pytest.raises(guards.LeftTheMachine):
            one.connect((host, 9))
    with socket.socket(family, socket.SOCK_DGRAM) as one, pytest.raises(guards.LeftTheMachine):
        one.sendto(b"x", (host, 9))

    assert guards.left == [host] * 3
    guards.left.clear()  # so that this test does not fail for it


def test_loopback_and_unix_sockets_are_free(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        pass
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as caller:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        caller.connect(str(tmp_path / "s"))

    assert guards.left == []


@pytest.mark.parametrize(
    "text",
    ["SIM-TOKEN-3", "token=EAAtesttoken0123456789", "redis://:hunter2@host/0", KEY],
    ids=["simulator", "test", "password", "key"],  # the key is another one in each worker
)
def test_a_token_is_found_and_its_absence_too(text: str) -> None:
    assert guards.tokens_in(f"first line\nsecond: {text}\n") == [f"second: {text}"]
    assert guards.tokens_in("access_token=[redacted]\nSIM-TOKEN-\nDEBUG    urllib3.x:1 SIM-TOKEN-1\n") == []


_BESIDE_OURS = ("-p", "tests.conftest", "-p", "no:cacheprovider", "-p", "no:xdist")
_LEAKS = """
import logging, socket, sys

def test_printed(): print("SIM-TOKEN-" + "1")
def test_logged(): logging.getLogger("ours").error("SIM-" + "TOKEN-1")
def test_swallowed():
    try: socket.create_connection(("192.0.2.1", 9))
    except OSError: pass
def test_clean(): print("SIM-TOKEN")
"""


def test_a_test_that_leaks_or_leaves_fails_whatever_it_asserts(tmp_path: Path) -> None:
    leaking = tmp_path / "test_leaks.py"
    leaking.write_text(_LEAKS)

    done = subprocess.run(
        [*(sys.executable, "-m", "pytest", "-q", "-c", "pyproject.toml"), *_BESIDE_OURS, str(leaking)],
        cwd=REPOSITORY,
        env=environment({"CI": ""}),  # where nothing is run twice
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert "2 failed, 2 passed, 1 error" in done.stdout, done.stdout
    assert "test_printed lets tokens be seen" in done.stdout
    assert "test_logged lets tokens be seen" in done.stdout
    assert "ERROR" in done.stdout
    assert "test_swallowed" in done.stdout


def test_no_more_than_two_stacks_run_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTS_SERVER_HOME", str(tmp_path))
    monkeypatch.setattr("tests.support.turns._LONGEST_WAIT_S", 0.2)
    monkeypatch.setattr("tests.support.waiting.LEAST_PATIENCE_S", 0.2)

    full = pytest.raises(AssertionError, match="no whole stack came to its end")
    with stack_turn(), stack_turn(), full, stack_turn():
        pass

    with stack_turn():
        pass
