"""What Pressrun is put beside does its work, and each row of the table says whether its goal was met."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.peers.__main__ import PARTS, rows_of
from benchmarks.peers.airbyte import Airbyte
from benchmarks.peers.figures import Figure, Row, at_least, at_most, lacking
from benchmarks.peers.loops import CLIENTS
from benchmarks.peers.naive import publish
from benchmarks.peers.sizes import FULL, QUICK, Sizes
from benchmarks.support.floor import publish_floor
from tests.support.simulator import Simulator


@pytest.fixture
def simulator(simulator_factory: Callable[..., Simulator]) -> Simulator:
    return simulator_factory(accounts=2, image_processing_s=0, video_processing_s=0.1, fetch_media=False)


@pytest.mark.parametrize("client", list(CLIENTS))
def test_a_loop_publishes_with_two_calls(simulator: Simulator, client: str) -> None:
    post = CLIENTS[client](simulator.url, 0)
    before = sum(simulator.report()["calls"].values())

    post()
    post()

    assert len(simulator.publishes()) == 2
    assert sum(simulator.report()["calls"].values()) - before == 4


def test_the_worker_that_begins_when_due_publishes_what_is_processed(simulator: Simulator) -> None:
    publish(simulator.url, 1)

    assert [line["account_index"] for line in simulator.publishes()] == [1]


def test_the_floor_publishes_as_many_in_the_order_of_their_due_times(simulator: Simulator) -> None:
    image_url = "https://media.example/feed.jpg"

    told = publish_floor(simulator.url, posts=6, accounts=2, concurrency=1, spread_s=0.3, image_url=image_url)

    assert told["answers"] == {"200": 6}
    assert [line["account_index"] for line in simulator.publishes()] == [0, 1, 0, 1, 0, 1]
    assert 0 <= told["p50"] <= told["p99"] <= told["last"]


def test_only_the_host_of_the_connector_is_changed_and_each_time(tmp_path: Path) -> None:
    package = tmp_path / "lib" / "python3.11" / "site-packages" / "source_instagram"
    package.mkdir(parents=True)
    manifest, components = package / "manifest.yaml", package / "components.py"
    manifest.write_text("url_base: https://graph.facebook.com/v21.0\nother: https://docs.example/page\n")
    components.write_text('GRAPH_URL = "https://graph.facebook.com/v21.0"\n')

    for port in (1000, 2000):
        Airbyte(tmp_path).point_at(f"http://127.0.0.1:{port}")

    assert manifest.read_text() == "url_base: http://127.0.0.1:2000/v21.0\nother: https://docs.example/page\n"
    assert components.read_text() == 'GRAPH_URL = "http://127.0.0.1:2000/v21.0"\n'


def test_a_row_says_its_medians_with_the_steal_beside_them_and_whether_the_goal_is_met() -> None:
    ours, theirs = Figure("ours", "posts/s"), Figure("theirs", "posts/s")
    for value, steal in ((100.0, 0.0), (300.0, 7.5), (200.0, 0.0)):
        ours.add(value, steal)
        theirs.add(value / 10, 0.0)

    row = at_least("posts", ours.median / theirs.median, 10, "≥ 10×", ours, theirs)

    said = "| posts | ours 200 posts/s (steal 7.5 %) · theirs 20 posts/s (steal 0 %) | 10 | ≥ 10× | met |"
    assert row.line() == said
    assert at_most("ms", 501, 500, "≤ 500", ours).verdict == "MISSED"
    assert Row("beside", (ours,), "", 1.0).verdict == "no goal"
    assert [one["median"] for one in row.told()["figures"]] == [200.0, 20.0]


def test_a_contestant_that_does_not_run_here_keeps_its_row_with_the_reason() -> None:
    row = lacking("media", "≥ 10×", "it needs a Python below 3.12")

    assert row.line() == "| media |  it needs a Python below 3.12 | – | ≥ 10× | not measured |"


def test_a_part_that_fails_is_told_as_a_row_after_those_that_were_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def part(_sizes: Sizes) -> Iterator[Row]:
        yield Row("first", (), "", 1.0)
        raise SystemExit("not each once:\n| a | b |")

    monkeypatch.setitem(PARTS, "posts", part)

    first, second = rows_of("posts", QUICK)

    assert first.what == "first"
    assert (second.verdict, second.note) == ("not measured", "SystemExit: not each once: / a / b /")


def test_quick_differs_from_the_whole_in_sizes_only() -> None:
    assert len(QUICK.latencies_ms) == len(FULL.latencies_ms) == 2
    assert QUICK.posts < FULL.posts
    assert len(QUICK.queued) >= 2
