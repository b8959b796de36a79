"""What may be run once more, where, and how often in one run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.again import MOST, mark
from tests.support.processes import REPOSITORY

_CONFTEST = """
from tests.support import again

def pytest_collection_modifyitems(items):
    again.mark(items)

def pytest_terminal_summary(terminalreporter):
    again.tell(terminalreporter)

def pytest_sessionfinish(session):
    again.judge(session)
"""
_TESTS = """
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range({unlucky}))
def test_unlucky(number):
    mark = Path(__file__).with_name(f"seen-{{number}}")
    seen = mark.exists()
    mark.touch()
    assert seen, f"the first failure of {{number}}"

def test_broken():
    assert not {broken}, "it stays broken"
"""


def run(folder: Path, *, unlucky: int, broken: bool = False) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(_CONFTEST)
    (folder / "test_some.py").write_text(_TESTS.format(unlucky=unlucky, broken=broken))
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", str(folder)],
        cwd=folder,
        env=os.environ | {"CI": "true", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_few_are_run_again_and_told(tmp_path: Path) -> None:
    ended = run(tmp_path, unlucky=MOST)

    assert ended.returncode == 0, ended.stdout
    for number in range(MOST):
        assert f"AssertionError: the first failure of {number}" in ended.stdout


def test_many_are_no_luck(tmp_path: Path) -> None:
    ended = run(tmp_path, unlucky=MOST + 1)

    assert ended.returncode == 1
    assert f"{MOST + 1} tests had to be run again" in ended.stdout


def test_what_stays_broken_fails(tmp_path: Path) -> None:
    ended = run(tmp_path, unlucky=0, broken=True)

    assert ended.returncode == 1
    assert "it stays broken" in ended.stdout


@pytest.mark.parametrize(
    ("where", "path", "marked"),
    [
        ("", "tests/integration/models/test_claims.py", False),
        ("true", "tests/integration/models/test_claims.py", True),
        ("true", "tests/integration/worker/test_failpoints.py", False),
        ("true", "tests/integration/worker/test_interleavings.py", False),
        ("true", "tests/unit/support/test_again.py", False),
    ],
)
def test_at_home_nothing_is_and_rules_and_forced_crashes_never(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, where: str, path: str, marked: bool
) -> None:
    assert (REPOSITORY / path).exists()
    monkeypatch.setenv("CI", where)
    monkeypatch.setattr(request.node, "path", REPOSITORY / path)

    mark([request.node])

    assert any(new.name == "flaky" for new in request.node.own_markers) is marked
