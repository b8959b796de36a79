"""The clock of a timelapse is seen at once by every thread, and by a child, without a look that tells the true time."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.support import shifted_clock

DAY_NS = 86_400 * 1_000_000_000
CHILD = """
import json, sys, threading, time
from datetime import UTC, datetime

print(datetime.now(UTC).timestamp(), time.time(), time.monotonic(), flush=True)
sys.stdin.readline()
after, seen, lock = time.time(), [], threading.Lock()
lock.acquire()

def look():
    for _ in range(20_000):
        seen.append(datetime.now(UTC).timestamp())

def wait():
    while len(seen) < 80_000:
        lock.acquire(timeout=0.0002)

threads = [threading.Thread(target=one) for one in (look, look, look, look, wait, wait)]
[one.start() for one in threads]
[one.join() for one in threads]
print(json.dumps([after, min(seen), max(seen), time.monotonic()]))
"""


@pytest.fixture
def shift(tmp_path: Path) -> Path:
    shutil.copyfile(shifted_clock.__file__, tmp_path / "sitecustomize.py")
    shifted_clock.make(tmp_path / "shift")
    return tmp_path / "shift"


def test_a_push_is_seen_at_once_by_every_thread(shift: Path) -> None:
    environment = os.environ | {shifted_clock.SHIFT_FILE: str(shift), "PYTHONPATH": str(shift.parent)}
    shifted_clock.push(shift, DAY_NS)
    started = time.time()

    with subprocess.Popen(
        [sys.executable, "-P", "-c", CHILD], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        by_datetime, by_time, monotonic = map(float, child.stdout.readline().split())
        shifted_clock.push(shift, 3 * DAY_NS)
        child.stdin.write("\n")
        child.stdin.flush()
        after, first, last, monotonic_after = json.loads(child.stdout.readline())
    took = time.time() - started

    assert started <= by_datetime - 86_400 <= by_time - 86_400 <= started + took
    assert started <= after - 3 * 86_400 <= started + took
    assert started <= first - 3 * 86_400 <= last - 3 * 86_400 <= started + took
    assert 0 < monotonic_after - monotonic <= took


def test_without_a_file_nothing_is_shifted(shift: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != shifted_clock.SHIFT_FILE}
    before = time.time()

    said = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"],
        env=environment | {"PYTHONPATH": str(shift.parent)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert before <= float(said.stdout) <= time.time()
