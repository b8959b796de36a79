"""Machines whose clocks are wrong, and machines that sleep."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine

from pressrun import clock


@contextmanager
def clock_off_by(seconds: float) -> Iterator[None]:
    """This process's machine has a clock that is so far ahead (negative: behind); Postgres has the right one."""
    try:
        with time_machine.travel(clock.own() + timedelta(seconds=seconds), tick=True):
            yield
    finally:
        clock.put_right(timedelta(0))


def sleep_as_suspended(patch: pytest.MonkeyPatch, seconds: float) -> None:
    """As if the machine had been suspended for so long: of its clocks CLOCK_MONOTONIC alone has stood still."""
    true_clock = time.clock_gettime

    def gettime(which: int) -> float:
        return true_clock(which) + (seconds if which == time.CLOCK_BOOTTIME else 0)

    patch.setattr(time, "clock_gettime", gettime)
