"""How files look in the grid of a profile, which shows the middle of each at 3:4."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pressrun.media.fixing.opening import opened
from pressrun.media.fixing.told import CannotFix
from pressrun.media.probe import MediaUnreadable, probe

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

RATIO = 3 / 4
"""Width by height of a tile."""
COLUMNS = 3
_TILE = (360, 480)
_GAP = 4
_BACKGROUND = (255, 255, 255)


def tile_of(width: int, height: int) -> tuple[int, int, int, int]:
    """What the grid shows of a picture of that size: left, top, right and bottom, in pixels."""
    if width > height * RATIO:
        shown = max(round(height * RATIO), 1)
        left = (width - shown) // 2
        return left, 0, left + shown, height
    shown = max(round(width / RATIO), 1)
    top = (height - shown) // 2
    return 0, top, width, top + shown


def hidden_part(width: int, height: int) -> float:
    """How much of a picture of that size the grid does not show, from 0 to 1."""
    left, top, right, bottom = tile_of(width, height)
    return 1 - (right - left) * (bottom - top) / (width * height)


def draw_grid(files: Sequence[Path], out: Path) -> None:
    """Draw a JPEG of the files as a profile shows them, three in a row, the first one top left; of a video, its first
    frame. Raises MediaUnreadable for a file that is no media, OSError where it cannot be written."""
    from PIL import Image

    rows = -(-max(len(files), 1) // COLUMNS)
    width, height = _TILE
    size = (COLUMNS * (width + _GAP) - _GAP, rows * (height + _GAP) - _GAP)
    sheet = Image.new("RGB", size, _BACKGROUND)
    for number, file in enumerate(files):
        picture = _picture(file)
        shown = picture.resize(_TILE, Image.Resampling.LANCZOS, box=tile_of(*picture.size))
        row, column = divmod(number, COLUMNS)
        sheet.paste(shown, (column * (width + _GAP), row * (height + _GAP)))
    sheet.save(out, "JPEG", quality=88)


def _picture(file: Path) -> Picture:
    found = probe(file)  # says in one line what is wrong with it
    return _first_frame(file, found.orientation) if found.kind == "video" else _image(file)


def _image(file: Path) -> Picture:
    from PIL import Image, ImageOps

    try:
        with opened(file) as (image, _):
            image.draft("RGB", (_TILE[0] * 2, _TILE[1] * 2))  # a fraction of the work, where the format can do it
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except CannotFix as problem:
        raise MediaUnreadable(file, str(problem)) from None
    ground = Image.new("RGBA", upright.size, _BACKGROUND)
    return Image.alpha_composite(ground, upright).convert("RGB")


def _first_frame(file: Path, orientation: int | None) -> Picture:
    import av
    from PIL import Image

    turned = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_270, 8: Image.Transpose.ROTATE_90}
    try:
        with av.open(str(file)) as container:
            frame: Any = next(container.decode(video=0))
            picture: Picture = frame.to_image()
    except (av.FFmpegError, StopIteration, OSError, ValueError):
        raise MediaUnreadable(file, "the video has no frame that can be read") from None
    turn = turned.get(orientation or 1)
    return picture.transpose(turn) if turn is not None else picture
