"""JPEG files: the best quality that the size limit allows, and what stands beside the picture removed."""

from __future__ import annotations

import io
import re
import struct
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

BEST_QUALITY = 92
FLOOR_QUALITY = 70
"""Below it a smaller picture looks better than a worse one."""
_EXIF_MARK = b"Exif\0\0"
_ICC_MARK = b"ICC_PROFILE\0"
_DROPPED = {*range(0xE0, 0xF0), 0xFE} - {0xE0, 0xE2, 0xEE}
"""EXIF, XMP, IPTC, what makers of cameras add, comments; not how colours are meant (JFIF, ICC, Adobe)."""
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
"""In the data of a scan 0xff stands before a zero, or a mark to restart at."""
_LONGEST_SEGMENT = 65533


@dataclass(frozen=True)
class Encoded:
    """A file, and the quality it was written with."""

    data: bytes
    quality: int


@cache
def srgb_profile() -> bytes:
    from PIL import ImageCms

    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # The time at which it was made stands in it; the same picture must give the same file.
    return made[:24] + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + made[36:]


def encode(image: Picture, *, most_bytes: int, exif: bytes = b"") -> Encoded | None:
    """An RGB picture as JPEG of at most that many bytes; None where even the floor of the quality is too large."""
    data = _at(image, BEST_QUALITY, exif)
    if len(data) <= most_bytes:
        return Encoded(data, BEST_QUALITY)
    data = _at(image, FLOOR_QUALITY, exif)
    if len(data) > most_bytes:
        return None
    best = Encoded(data, FLOOR_QUALITY)
    low, high = FLOOR_QUALITY + 1, BEST_QUALITY - 1
    while low <= high:
        quality = (low + high + 1) // 2
        data = _at(image, quality, exif)
        if len(data) <= most_bytes:
            best, low = Encoded(data, quality), quality + 1
        else:
            high = quality - 1
    return best


def _at(image: Picture, quality: int, exif: bytes) -> bytes:
    made = io.BytesIO()
    # 4:4:4: text and logos keep the colour of their edges.
    image.save(made, "JPEG", quality=quality, subsampling=0, icc_profile=srgb_profile(), exif=exif)
    return made.getvalue()


def without_private(data: bytes, exif: bytes) -> bytes | None:
    """The same picture, bit by bit, with `exif` in place of all that it says of itself; None if it is built oddly."""
    if len(exif) + 2 > _LONGEST_SEGMENT or data[:2] != b"\xff\xd8":
        return None
    kept, at = [b"\xff\xd8"], 2
    if exif:
        body = exif if exif.startswith(_EXIF_MARK) else _EXIF_MARK + exif
        kept.append(struct.pack(">BBH", 0xFF, 0xE1, len(body) + 2) + body)
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xDA:
            end = end_of_picture(data, at)
            return None if end is None else b"".join([*kept, data[at:end]])
        (length,) = struct.unpack_from(">H", data, at + 2)
        if not 0xC0 <= marker <= 0xFE or length < 2:
            return None
        is_colour = marker != 0xE2 or data.startswith(_ICC_MARK, at + 4)
        if marker not in _DROPPED and is_colour:
            kept.append(data[at : at + 2 + length])
        at += 2 + length
    return None


def end_of_picture(data: bytes, at: int) -> int | None:
    """Where a JPEG ends, by its own mark, from a marker at `at` on; None if it does not. Phones put videos behind."""
    while at + 4 <= len(data):
        if data[at + 1] == 0xD9:
            return at + 2
        (length,) = struct.unpack_from(">H", data, at + 2)
        at += 2 + length
        found = _MARKER.search(data, at)
        if found is None:
            return None
        at = found.end() - 2
    return len(data) if data[at : at + 2] == b"\xff\xd9" else None
