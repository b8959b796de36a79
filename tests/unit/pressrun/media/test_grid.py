"""The 3:4 grid of a profile: what it shows of a file, drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from pressrun.media.grid import RATIO, draw_grid, hidden_part, tile_of
from pressrun.media.probe import MediaUnreadable
from pressrun.media.samples import make_mp4


@pytest.mark.parametrize(
    ("size", "tile", "hidden"),
    [
        ((1080, 1440), (0, 0, 1080, 1440), 0.0),
        ((1080, 1080), (135, 0, 945, 1080), 0.25),
        ((1080, 1920), (0, 240, 1080, 1680), 0.25),
        ((1910, 1000), (580, 0, 1330, 1000), 0.607),
    ],
)
def test_the_middle_is_shown(size: tuple[int, int], tile: tuple[int, int, int, int], hidden: float) -> None:
    assert tile_of(*size) == tile
    assert hidden_part(*size) == pytest.approx(hidden, abs=0.001)


@pytest.mark.parametrize("size", [(1, 1), (1, 9000), (9000, 1)])
def test_any_size_has_a_tile(size: tuple[int, int]) -> None:
    left, top, right, bottom = tile_of(*size)

    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]


def test_files_are_drawn_three_in_a_row_upright_and_in_order(tmp_path: Path) -> None:
    colours = ("red", "lime", "blue", "black")
    for colour in colours:
        Image.new("RGB", (900, 600), colour).save(tmp_path / f"{colour}.jpg", quality=95)
    turned = Image.new("RGB", (800, 400), "white")
    turned.paste((255, 0, 0), (0, 0, 400, 400))  # left half; shown upright it is the upper one
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.jpg", exif=exif)
    make_mp4(tmp_path / "reel.mp4", 360, 640, 3.2, label="reel")

    draw_grid(
        [*(tmp_path / f"{one}.jpg" for one in colours), tmp_path / "turned.jpg", tmp_path / "reel.mp4"],
        tmp_path / "out",
    )

    with Image.open(tmp_path / "out") as sheet:
        assert sheet.format == "JPEG"
        assert sheet.width > 3 * 360 - 1
        centres = [sheet.getpixel((180 + 364 * column, 240 + 484 * row)) for row in range(2) for column in range(3)]
        upper, lower = sheet.getpixel((364 + 180, 484 + 60)), sheet.getpixel((364 + 180, 484 + 420))
    near = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "black": (0, 0, 0)}
    for seen, colour in zip(centres, colours, strict=False):
        assert isinstance(seen, tuple)
        assert max(abs(one - other) for one, other in zip(seen, near[colour], strict=True)) < 12
    assert isinstance(upper, tuple)
    assert isinstance(lower, tuple)
    assert upper[1] < 60
    assert lower[1] > 200
    assert tile_of(900, 600)[2] - tile_of(900, 600)[0] == round(600 * RATIO)


@pytest.mark.parametrize("content", [b"", b"no media", b"\xff\xd8\xff cut"])
def test_what_is_no_media_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.jpg").write_bytes(content)

    with pytest.raises(MediaUnreadable):
        draw_grid([tmp_path / "x.jpg"], tmp_path / "out.jpg")

    assert not (tmp_path / "out.jpg").exists()
