"""Mutated files: each is made right, and then both judges take it, or refused with one clear sentence. Never a crash,
never another error, and nothing is left behind."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import av
import pillow_heif
import pytest
from PIL import Image

from pressrun.media.fixing.converter import Converter
from pressrun.media.fixing.recipe import Recipe
from pressrun.media.fixing.told import CannotFix
from pressrun.media.probe import MediaUnreadable
from pressrun.media.rules import LIMITS, Use
from pressrun.media.samples import make_mp4
from simulator.media.checks import LENIENT
from tests.unit.pressrun.media.fixing.judging import is_taken, passes

PICTURES = ("a.png", "a.webp", "a.avif", "a.tif", "a.bmp", "a.gif", "a.heic", "a.jpg")
VIDEOS = ("a.mp4", "a.mov", "a.mkv")


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One small file of each kind."""
    folder = tmp_path_factory.mktemp("originals")
    picture = Image.effect_noise((120, 160), 60).convert("RGB")
    for name in PICTURES:
        if name == "a.heic":
            pillow_heif.from_pillow(picture).save(folder / name)
        else:
            picture.save(folder / name)
    make_mp4(folder / "a.mp4", 96, 160, 3.1, label="a")
    for name, format_ in (("a.mov", "mov"), ("a.mkv", "matroska")):
        with av.open(folder / "a.mp4") as old, av.open(folder / name, "w", format=format_) as new:
            streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
            for packet in old.demux():
                if packet.dts is not None:
                    packet.stream = streams[packet.stream_index]
                    new.mux(packet)
    return [folder / name for name in (*PICTURES, *VIDEOS)]


def mutations(originals: list[Path], count: int) -> Iterator[tuple[str, bytes]]:
    """Bytes changed, cut off, doubled and shuffled, most of them near the beginning, where sizes and types stand."""
    rng = random.Random(2026)
    for number in range(count):
        source = originals[number % len(originals)]
        data = bytearray(source.read_bytes())
        way = number // len(originals) % 4
        if way == 3:
            data = data[: rng.randrange(len(data))]
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(min(len(data), (400, 4000, 10**9)[way % 3])) if data else 0
            piece = bytes([rng.choice([0, 255, rng.randrange(256)])]) * rng.choice([1, 1, 4])
            data[at : at + len(piece)] = piece
        yield source.name, bytes(data)


def try_all(originals: list[Path], folder: Path, count: int) -> tuple[int, int]:
    """How many were made right, and how many refused."""
    made = refused = left = 0
    said: list[str] = []
    with Converter(within_s=60, memory_bytes=512 * 1024**2) as converter:
        for name, data in mutations(originals, count):
            use = Use.FEED_IMAGE if name in PICTURES else Use.REEL
            source, target = folder / name, folder / "out"
            source.write_bytes(data)
            try:
                converter.fix(source, target, Recipe(use))
            except CannotFix as problem:
                refused += 1
                said.append(f"{name}: {problem}")
                left += target.exists()
                continue
            made += 1
            assert passes(target, use)
            assert is_taken(target, use)
            assert LIMITS[use].max_bytes >= target.stat().st_size
            target.unlink()
    assert left == 0
    assert [one for one in said if not 15 < len(one) <= 300 or "\n" in one] == []
    assert [one for one in said if "conversion broke off" in one or "cannot be converted (" in one] == []
    return made, refused


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, about damaged tags
def test_what_check_lets_through_is_taken(originals: list[Path], tmp_path: Path) -> None:
    """Neither judge is brought down, and ours is never the milder one."""
    both = 0
    for number, (name, data) in enumerate(mutations(originals, 700)):
        source = tmp_path / name
        source.write_bytes(data)
        use = Use.STORY_IMAGE if name in PICTURES else Use.REEL
        try:
            is_let_through = passes(source, use)
        except MediaUnreadable:
            is_let_through = False

        is_accepted = is_taken(source, use, LENIENT)

        assert is_accepted or not is_let_through, f"{number}: {name}"
        both += is_accepted and is_let_through
    assert both > 20


def test_a_few_mutated_files(originals: list[Path], tmp_path: Path) -> None:
    made, refused = try_all(originals, tmp_path, 44)

    assert made > 5
    assert refused > 5


@pytest.mark.long
def test_five_hundred_mutated_files(originals: list[Path], tmp_path: Path) -> None:
    made, refused = try_all(originals, tmp_path, 500)

    assert made > 100
    assert refused > 100
