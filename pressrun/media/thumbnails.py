"""Thumbnails of kept files: a smaller picture, or a frame of a video. The last few hundred stay in memory."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pressrun.errors import PressrunError
from pressrun.media.fixing import colours
from pressrun.media.fixing.opening import opened
from pressrun.media.probe import probe, video_of

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_QUALITY = 78
_KEPT = 400
"""Some 4 kB each at the width of a list."""
_MOST_FRAMES = 900
"""From one whole picture of a video to the frame that is asked for."""


class NoThumbnail(PressrunError):
    """The file cannot be drawn."""

    type = "media.unreadable"


@lru_cache(maxsize=_KEPT)
def thumbnail(path: Path, width: int, at_s: float = 0.0) -> bytes:
    """A WebP of at most that width. A kept file never changes, so neither does its thumbnail. Raises NoThumbnail.

    Args:
        at_s: of a video, when the frame is shown.
    """
    try:
        picture = _frame(path, at_s) if path.suffix in (".mp4", ".mov", ".mkv", ".avi") else _picture(path, width)
        picture.thumbnail((width, width * 2))
        made = io.BytesIO()
        colours.on_colour(picture, "white").save(made, "WEBP", quality=_QUALITY, method=2)
    except NoThumbnail:
        raise
    except Exception as problem:  # decoders raise what they like about a file that is damaged
        raise NoThumbnail(f"{path.name} cannot be drawn: {type(problem).__name__}") from None
    return made.getvalue()


def _picture(path: Path, width: int) -> Picture:
    from PIL import ImageOps

    with opened(path) as (image, _):
        image.draft("RGB", (width, width))  # a JPEG is decoded at a fraction of its size
        turned = ImageOps.exif_transpose(image)
        return colours.plain_mode(turned)


def _frame(path: Path, at_s: float) -> Picture:
    """The last frame that is shown by then, upright."""
    import av
    from PIL import Image

    turns = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_270, 8: Image.Transpose.ROTATE_90}
    turn = turns.get(probe(path).orientation or 1)
    with av.open(str(path)) as container:
        stream: Any = video_of(container)
        begins_s = float((stream.start_time or 0) * stream.time_base)
        if at_s:
            container.seek(int((begins_s + at_s) / stream.time_base), stream=stream)
        last: Any = None
        for number, frame in enumerate(container.decode(stream)):
            if last is not None and ((frame.time or 0) > begins_s + at_s + 1e-3 or number > _MOST_FRAMES):
                break
            last = frame
            if not at_s:
                break
        if last is None:
            raise NoThumbnail(f"{path.name} has no frame")
        found: Picture = last.to_image()
    return found.transpose(turn) if turn is not None else found
