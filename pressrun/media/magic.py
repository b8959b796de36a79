"""What a file is, by its first bytes; names and types from outside are never believed (design.md §5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["image", "video"]

HEAD_BYTES = 64


@dataclass(frozen=True)
class Signature:
    """A recognised format."""

    kind: Kind
    format: str
    media_type: str
    extension: str


JPEG = Signature("image", "JPEG", "image/jpeg", "jpg")
PNG = Signature("image", "PNG", "image/png", "png")
GIF = Signature("image", "GIF", "image/gif", "gif")
WEBP = Signature("image", "WEBP", "image/webp", "webp")
TIFF = Signature("image", "TIFF", "image/tiff", "tif")
BMP = Signature("image", "BMP", "image/bmp", "bmp")
HEIF = Signature("image", "HEIF", "image/heif", "heic")
AVIF = Signature("image", "AVIF", "image/avif", "avif")
MP4 = Signature("video", "MP4", "video/mp4", "mp4")
MOV = Signature("video", "MOV", "video/quicktime", "mov")
MATROSKA = Signature("video", "MATROSKA", "video/x-matroska", "mkv")
AVI = Signature("video", "AVI", "video/x-msvideo", "avi")
ALL = (JPEG, PNG, GIF, WEBP, TIFF, BMP, HEIF, AVIF, MP4, MOV, MATROSKA, AVI)

_PREFIXES = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"BM", BMP),
    (b"\x1aE\xdf\xa3", MATROSKA),
)
_RIFF = {b"WEBP": WEBP, b"AVI ": AVI}
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), HEIF),
    **dict.fromkeys((b"avif", b"avis"), AVIF),
    b"qt  ": MOV,
}
# QuickTime files older than the ftyp box begin with one of these.
_QUICKTIME_STARTS = (b"moov", b"mdat", b"wide", b"pnot")


def sniff(head: bytes) -> Signature | None:
    """The format of a file that begins with `head` (HEAD_BYTES of it are plenty), or None if it is unknown."""
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], MP4)
    if head[4:8] in _QUICKTIME_STARTS:
        return MOV
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    return next((signature for prefix, signature in _PREFIXES if head.startswith(prefix)), None)
