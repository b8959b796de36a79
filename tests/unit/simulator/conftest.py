"""Simulators, a media host and a webhook receiver for these tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pressrun.media.samples import make_mp4
from tests.unit.simulator.client import Exchange, Helper, Sim, helper, jpeg, running


@pytest.fixture
def simulate() -> Iterator[Callable[..., Sim]]:
    """Starts simulators that end with the test, and in which nothing went wrong inside."""
    with ExitStack() as stack:
        started: list[Sim] = []

        def start(**config: Any) -> Sim:
            sim = stack.enter_context(running(**config))
            started.append(sim)
            return sim

        yield start
        for sim in started:
            assert sim.report()["defects"] == {}


@pytest.fixture
def sim(simulate: Callable[..., Sim]) -> Sim:
    """Four accounts; nothing is fetched, nothing takes time."""
    return simulate(accounts=4)


@pytest.fixture(scope="module")
def shared() -> Iterator[Sim]:
    """One for all tests of a module that change nothing in it."""
    with running(accounts=4) as sim:
        yield sim
        assert sim.report()["defects"] == {}


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """`good` lasts four seconds, `short` one."""
    folder: Path = tmp_path_factory.mktemp("videos")
    make_mp4(folder / "good.mp4", 144, 256, 4.0, label="good")
    make_mp4(folder / "short.mp4", 144, 256, 1.0, label="short")
    return {name: (folder / f"{name}.mp4").read_bytes() for name in ("good", "short")}


@pytest.fixture
def host(videos: dict[str, bytes]) -> Iterator[Helper]:
    """A media host with every kind of file, good and bad."""
    files = {
        "/good.jpg": ("image/jpeg", jpeg(1080, 1080)),
        "/tall.jpg": ("image/jpeg", jpeg(600, 1000)),
        "/wide.jpg": ("image/jpeg", jpeg(1000, 400)),
        "/picture.png": ("image/png", jpeg(64, 64, "PNG")),
        "/huge.jpg": ("image/jpeg", jpeg(1080, 1080) + b"\0" * (8 * 1024 * 1024)),
        "/broken.jpg": ("image/jpeg", b"\xff\xd8\xff not a picture"),
        "/page.jpg": ("text/html", b"<html>Sign in</html>"),
        "/good.mp4": ("video/mp4", videos["good"]),
        "/short.mp4": ("video/mp4", videos["short"]),
        "/noise.mp4": ("video/mp4", b"\0\1\2\3" * 5000),
    }

    def answer(exchange: Exchange) -> tuple[int, dict[str, str], bytes]:
        if exchange.path == "/moved.jpg":
            return 302, {"location": "/good.jpg"}, b""
        kind, content = files.get(exchange.path, ("text/plain", b""))
        return (200 if content else 404), {"content-type": kind}, content

    with helper(answer) as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[Helper]:
    """A webhook receiver that answers 200, and the challenge to a verification."""

    def answer(exchange: Exchange) -> tuple[int, dict[str, str], bytes]:
        challenge = exchange.path.partition("hub.challenge=")[2].partition("&")[0]
        return 200, {}, challenge.encode()

    with helper(answer) as server:
        yield server
