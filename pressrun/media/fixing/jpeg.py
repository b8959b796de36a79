"""JPEG files: the best quality that the size limit allows, and what stands beside the picture removed."""

from __future__ import annotations

import io
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
_DROPPED = {0xE1, 0xEC, 0xED, 0xFE}
"""EXIF and XMP, Ducky, IPTC, comments."""
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
            return b"".join([*kept, data[at:]])
        (length,) = struct.unpack_from(">H", data, at + 2)
        if not 0xC0 <= marker <= 0xFE or length < 2:
            return None
        if marker not in _DROPPED:
            kept.append(data[at : at + 2 + length])
        at += 2 + length
    return None
