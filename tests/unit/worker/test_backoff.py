"""Pauses between tries: bounds that double, and never less than they say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from worker.backoff import AFTERCARE, CARE, HARVEST, PATIENT, PUBLISHING, TELLING, Backoff, slow_pause

NOW = datetime(2026, 7, 10, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("backoff", "bounds_s"),
    [
        (PUBLISHING, [4, 8, 16, 32, 64, 128, 256, 300, 300]),
        (AFTERCARE, [8, 16, 32, 64, 128, 256, 300, 300]),
        (HARVEST, [30, 60, 120, 240, 480, 900, 900]),
        (PATIENT, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]),
        (TELLING, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10240, 14400, 14400]),
        (CARE, [60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600]),
    ],
)
def test_the_bound_doubles_up_to_the_longest(backoff: Backoff, bounds_s: list[float]) -> None:
    for tries, bound_s in enumerate(bounds_s, 1):
        pauses_s = [backoff.after(tries).total_seconds() for _ in range(200)]

        assert backoff.least_s <= min(pauses_s) < bound_s / 2 < max(pauses_s) <= bound_s


def test_a_thousand_tries_wait_no_longer_than_the_longest() -> None:
    assert PUBLISHING.after(1000) <= timedelta(seconds=PUBLISHING.longest_s)


def test_a_harvest_gives_way_to_a_slow_gate_once() -> None:
    until = slow_pause(NOW, now=NOW)

    assert until is not None
    assert timedelta(minutes=5) <= until - NOW <= timedelta(minutes=10)
    assert slow_pause(NOW, now=until) is None
    assert slow_pause(None, now=NOW) is None
