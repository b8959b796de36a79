"""Whether two images look alike: a difference hash, which survives scaling, recompression and small crops.

The picture is shrunk to 9 × 9 grey points; 64 bits say where each is brighter than the next one to its right, 64 where
it is brighter than the one below. An image without any detail has no hash: it would look like every other such.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

ALIKE = 8
"""Most bits of the 128 in which two pictures of the same differ."""
_SIDE = 9
_LEAST_CONTRAST = 16


def likeness(path: Path) -> str | None:
    """The hash of an image file as 32 hex digits; None where it says nothing, or the file cannot be read."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path, formats=["JPEG", "PNG"]) as image:
            image.draft("L", (_SIDE * 8, _SIDE * 8))  # an eighth of the work, where the format can do it
            upright = ImageOps.exif_transpose(image)
            points = upright.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX).tobytes()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    if max(points) - min(points) < _LEAST_CONTRAST:
        return None
    bits = 0
    for step in (1, _SIDE):
        for row, column in product(range(_SIDE - 1), repeat=2):
            at = row * _SIDE + column
            bits = bits << 1 | (points[at] > points[at + step])
    return f"{bits:032x}"


def are_alike(one: str, other: str) -> bool:
    """Whether two hashes are of pictures that look alike."""
    return (int(one, 16) ^ int(other, 16)).bit_count() <= ALIKE
