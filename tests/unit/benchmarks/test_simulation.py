"""The simulation of a full second tells what was measured, and serves everybody once."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

import pressrun
from benchmarks.simulation import MEASURED, MILLION, Burst, Shape, burst, million
from benchmarks.support.events import Server, Work, World

DOCS = Path(pressrun.__file__).parent.parent / "docs/performance.md"
MEASURED_BURST = re.compile(
    r"^\| ([\d,]+) posts due in the same second[^|]*"
    r"\|[^|]*--spread-s 0 --reel[^|]*"
    r"\|[^|]*p50 ([\d.]+) s, p99 ([\d.]+) s",
    re.MULTILINE,
)
PLANNED = re.compile(r"^\| ([\d,]+(?:, [a-z ]+)?) \| [\d,]+ \| \d+ \| \d+ × \d+ \|.*$", re.MULTILINE)


def test_it_comes_to_what_was_measured_within_a_fifth() -> None:
    measured = MEASURED_BURST.findall(DOCS.read_text())
    assert [int(posts.replace(",", "")) for posts, *_ in measured] == [300, 1000]

    for posts, p50_s, p99_s in measured:
        found = burst(int(posts.replace(",", "")))
        assert found["p50_ms"] == pytest.approx(1000 * float(p50_s), rel=0.2), (posts, found)
        assert found["p99_ms"] == pytest.approx(1000 * float(p99_s), rel=0.2), (posts, found)


@pytest.mark.parametrize("shape", [Shape(), Shape(cores=4, processes=3, schedulers=2, latency_ms=50, is_apart=True)])
def test_every_post_goes_out_once_and_no_part_is_busier_than_it_can_be(shape: Shape) -> None:
    run = Burst(shape, MEASURED, 150)

    late = run.run()

    assert len(late) == 150
    assert min(late) > MEASURED.wake_ms
    assert all(0 <= share <= 1 for share in run.busiest().values())


def test_a_server_serves_in_the_order_of_arrival_and_so_many_at_a_time() -> None:
    world, server, ended = World(), Server(2), list[tuple[str, float]]()

    def work(name: str) -> Work:
        yield "take", server
        yield "wait", 10.0
        yield "free", server
        ended.append((name, world.now_ms))

    for name in "abc":
        world.start(work(name))
    world.run()

    assert ended == [("a", 10.0), ("b", 10.0), ("c", 20.0)]


def test_a_second_database_serves_its_half_in_the_time_of_half() -> None:
    shape = Shape(cores=4, processes=2, is_apart=True)

    assert burst(400, shape=shape, databases=2)["last_ms"] == burst(200, shape=shape)["last_ms"]
    assert burst(400, shape=shape)["last_ms"] > burst(200, shape=shape)["last_ms"]


def test_latency_costs_threads_and_not_processors() -> None:
    few, many = (burst(200, shape=Shape(threads=threads, latency_ms=500))["last_ms"] for threads in (8, 64))

    assert few > 200 / 8 * 500 * 0.9
    assert many < few / 2


def test_the_plan_is_what_the_simulation_says_now(monkeypatch: pytest.MonkeyPatch) -> None:
    small = tuple(one for one in MILLION if one[1] <= 1_000)
    monkeypatch.setattr("benchmarks.simulation.MILLION", small)

    written = [line[0] for line in re.finditer(PLANNED, DOCS.read_text())]

    assert list(million()) == written[: len(small)]
    assert len(written) == len(MILLION)
    assert all(early[1] <= late[1] for early, late in pairwise(MILLION))
