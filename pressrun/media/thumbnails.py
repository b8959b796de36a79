"""Thumbnails of kept files: a smaller picture, or a video's first frame. The last few hundred stay in memory."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pressrun.errors import PressrunError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_QUALITY = 78
_KEPT = 400
"""Some 4 kB each at the width of a list."""


class NoThumbnail(PressrunError):
    """The file cannot be drawn."""


@lru_cache(maxsize=_KEPT)
def thumbnail(path: Path, width: int) -> bytes:
    """A WebP of at most that width. A kept file never changes, so neither does its thumbnail. Raises NoThumbnail."""
    try:
        picture = _frame(path) if path.suffix in (".mp4", ".mov") else _picture(path, width)
        picture.thumbnail((width, width * 2))
        made = io.BytesIO()
        picture.convert("RGB").save(made, "WEBP", quality=_QUALITY, method=2)
    except NoThumbnail:
        raise
    except Exception as problem:  # decoders raise what they like about a file that is damaged
        raise NoThumbnail(f"{path.name} cannot be drawn: {type(problem).__name__}") from None
    return made.getvalue()


def _picture(path: Path, width: int) -> Picture:
    from PIL import Image, ImageOps

    picture = Image.open(path)
    picture.draft("RGB", (width, width))  # a JPEG is decoded at a fraction of its size
    return ImageOps.exif_transpose(picture)


def _frame(path: Path) -> Picture:
    import av

    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            found: Picture = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV left it untyped
            return found
    raise NoThumbnail(f"{path.name} has no frame")
