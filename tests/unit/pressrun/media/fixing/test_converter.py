"""Conversions in a process of their own: bounded, replaced when they die, and gone with whoever asked for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import av
import psutil
import pytest
from PIL import Image

from pressrun.media.fixing.converter import Converter
from pressrun.media.fixing.recipe import Recipe
from pressrun.media.fixing.told import CannotFix
from pressrun.media.rules import Use
from tests.support.processes import runs, words_of
from tests.support.waiting import until

FEED = Recipe(Use.FEED_IMAGE)
SQUARE = Recipe(Use.CAROUSEL_VIDEO, shape=1.0)


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.new("RGB", (400, 400), (200, 60, 40)).save(path)
    return path


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough to be caught at it."""
    path = tmp_path_factory.mktemp("media") / "long.mp4"
    with av.open(path, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        frame = av.VideoFrame(640, 360, "yuv420p")
        for plane in frame.planes:
            plane.update(b"\x80" * plane.buffer_size)
        for number in range(600):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def children() -> set[int]:
    return {one.pid for one in psutil.Process().children() if "pressrun.media.fixing.child" in " ".join(words_of(one))}


def test_one_process_converts_one_file_after_the_other(png: Path) -> None:
    with Converter() as converter:
        made = converter.fix(png, png.with_suffix(".1"), FEED)
        first = children()
        converter.fix(png, png.with_suffix(".2"), FEED)

        assert children() == first
        assert psutil.Process(first.pop()).nice() > psutil.Process().nice()
    assert children() == set()
    assert made.after.format == "JPEG"
    assert png.with_suffix(".1").read_bytes() == png.with_suffix(".2").read_bytes()


def test_a_file_that_takes_too_much_memory_costs_nothing_else(tmp_path: Path, png: Path) -> None:
    large = tmp_path / "large.png"
    Image.new("RGBA", (6000, 6000)).save(large, compress_level=1)

    with Converter(memory_bytes=128 * 1024**2) as converter:
        with pytest.raises(CannotFix, match="memory"):
            converter.fix(large, tmp_path / "out", FEED)
        converter.fix(png, tmp_path / "out2", FEED)

    assert not (tmp_path / "out").exists()


def test_a_conversion_that_takes_too_long_is_ended(long_video: Path) -> None:
    target = long_video.with_suffix(".out")

    with Converter(within_s=0.01) as converter, pytest.raises(CannotFix, match="took longer than"):
        converter.fix(long_video, target, SQUARE)

    assert not target.exists()
    assert children() == set()


def test_who_loses_the_right_to_it_ends_it(long_video: Path) -> None:
    class Lost(Exception):
        pass

    def beat() -> None:
        raise Lost

    target = long_video.with_suffix(".out")
    with Converter() as converter, pytest.raises(Lost):
        converter.fix(long_video, target, SQUARE, beat=beat)

    assert not target.exists()
    assert children() == set()


def test_a_process_that_is_killed_is_replaced(png: Path, long_video: Path) -> None:
    def kill() -> None:
        for pid in children():
            os.kill(pid, signal.SIGKILL)

    with Converter() as converter:
        with pytest.raises(CannotFix, match=r"broke off \(-9\)"):
            converter.fix(long_video, long_video.with_suffix(".out"), SQUARE, beat=kill)
        converter.fix(png, png.with_suffix(".out"), FEED)

    assert not long_video.with_suffix(".out").exists()


def test_it_ends_with_whoever_asked(long_video: Path) -> None:
    target = long_video.with_suffix(".out")
    code = (
        "from pathlib import Path\nimport sys\n"
        "from pressrun.media.fixing.converter import Converter\nfrom pressrun.media.fixing.recipe import Recipe\n"
        "from pressrun.media.rules import Use\n"
        f"Converter().fix(Path({str(long_video)!r}), Path({str(target)!r}), Recipe(Use.CAROUSEL_VIDEO, shape=1.0))\n"
    )
    asking = subprocess.Popen([sys.executable, "-c", code])
    until(target.exists, what="the conversion is under way")
    [child] = psutil.Process(asking.pid).children()

    asking.kill()
    asking.wait()

    until(lambda: not runs(child), what="it has ended")
    assert not target.exists()
