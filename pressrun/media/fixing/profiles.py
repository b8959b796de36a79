"""Colour profiles made from figures, for files that name their colours by number instead of carrying a profile."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

Matrix = tuple[tuple[float, float, float], ...]

# Red, green, blue as columns, in XYZ under D50 (by the Bradford transform from D65), to four places as ICC keeps them.
DISPLAY_P3: Matrix = ((0.5151, 0.2919, 0.1571), (0.2412, 0.6922, 0.0666), (-0.0011, 0.0419, 0.7841))
BT2020: Matrix = ((0.6734, 0.1656, 0.1251), (0.2790, 0.6753, 0.0456), (-0.0019, 0.0300, 0.7969))
_D50 = (0.9642, 1.0, 0.8249)
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def matrix_profile(name: str, matrix: Matrix, curve: Sequence[float] = _SRGB_CURVE) -> bytes:
    """An ICC profile of version 4 with three primaries and one curve (ICC.1:2010, parametric types 0 and 3)."""
    tags = [
        (b"desc", _text(name)),
        (b"cprt", _text("none")),
        (b"wtpt", _xyz(_D50)),
        *((code, _xyz([row[at] for row in matrix])) for at, code in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))),
        *((code, _curve(curve)) for code in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    at = 128 + 4 + 12 * len(tags)
    table, body = b"", b""
    for code, data in tags:
        table += struct.pack(">4sII", code, at + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    size = at + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x04200000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28
    head += struct.pack(">3i", *(_fixed(one) for one in _D50))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def lab() -> bytes:
    """The profile of pictures in L*a*b*."""
    from PIL import ImageCms

    made = io.BytesIO(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes())
    return made.getvalue()


def of_numbers(primaries: int, transfer: int) -> bytes | None:
    """The profile that code points of ITU-T H.273 stand for; None for sRGB, and for what no still picture uses."""
    if transfer not in {1, 6, 13, 14, 15}:
        return None
    if primaries in {11, 12}:
        return matrix_profile("Display P3", DISPLAY_P3)
    return matrix_profile("BT.2020", BT2020) if primaries == 9 else None


def _fixed(value: float) -> int:
    return round(value * 65536)


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(_fixed(one) for one in values))


def _curve(curve: Sequence[float]) -> bytes:
    kind = {1: 0, 5: 3}[len(curve)]
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + struct.pack(f">{len(curve)}i", *map(_fixed, curve))


def _text(text: str) -> bytes:
    said = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(said), 28) + said
