"""What a picture says beside its colours: where it was taken, with whose camera, and whose it is.

Of all that only the name of who made it and the copyright are kept.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Exif
    from PIL.Image import Image as Picture

_ARTIST, _COPYRIGHT, _MAKER_NOTE = 0x013B, 0x8298, 0x927C
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_PRIVATE = {
    0xA430: "name of the camera's owner",
    0xA431: "serial number of the camera",
    0xA435: "serial number of the lens",
    0xC62F: "serial number of the camera",
}
_IPTC_MAKER, _IPTC_RIGHTS = (2, 80), (2, 116)
_XMP_RIGHTS = re.compile(rb"<dc:rights>.{0,400}?<rdf:li[^>]{0,100}>([^<]{1,500})</rdf:li>", re.DOTALL)
_XMP_MAKER = re.compile(rb"<dc:creator>.{0,400}?<rdf:li[^>]{0,100}>([^<]{1,500})</rdf:li>", re.DOTALL)
_XMP_GPS = re.compile(rb"exif:GPSLatitude")
_LONGEST = 500


@dataclass(frozen=True)
class About:
    """What was found. `private` names what is better not passed on."""

    private: tuple[str, ...]
    artist: str | None
    rights: str | None

    @property
    def has_owner(self) -> bool:
        return bool(self.artist or self.rights)

    def exif(self) -> bytes:
        """The little that is kept, as EXIF; empty when there is nothing."""
        if not self.has_owner:
            return b""
        from PIL import Image

        kept = Image.Exif()
        if self.artist:
            kept[_ARTIST] = self.artist
        if self.rights:
            kept[_COPYRIGHT] = self.rights
        return kept.tobytes()


def about(image: Picture) -> About:
    """What the picture says of places and people. What cannot be read says nothing."""
    exif = _exif(image)
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    xmp = xmp.encode(errors="replace") if isinstance(xmp, str) else bytes(xmp)
    iptc = _iptc(image)
    return About(
        private=tuple(dict.fromkeys(_private(exif, xmp))),
        artist=_first(exif.get(_ARTIST), iptc.get(_IPTC_MAKER), _of(_XMP_MAKER, xmp), image.info.get("Author")),
        rights=_first(exif.get(_COPYRIGHT), iptc.get(_IPTC_RIGHTS), _of(_XMP_RIGHTS, xmp), image.info.get("Copyright")),
    )


def _private(exif: Exif | dict[int, Any], xmp: bytes) -> list[str]:
    inner: dict[int, Any] = {}
    place: dict[int, Any] = {}
    if not isinstance(exif, dict):
        with contextlib.suppress(Exception):  # Pillow raises nearly anything for damaged directories
            inner, place = exif.get_ifd(_EXIF_IFD), exif.get_ifd(_GPS_IFD)
    found = ["place (GPS)"] if place or _XMP_GPS.search(xmp) else []
    found += [name for tag, name in _PRIVATE.items() if tag in inner or tag in exif]
    return [*found, "notes of the camera's maker"] if _MAKER_NOTE in inner else found


def _exif(image: Picture) -> Exif | dict[int, Any]:
    with contextlib.suppress(Exception):
        return image.getexif()
    return {}


def _iptc(image: Picture) -> dict[tuple[int, int], Any]:
    from PIL import IptcImagePlugin

    with contextlib.suppress(Exception):
        return IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]
    return {}


def _of(pattern: re.Pattern[bytes], xmp: bytes) -> bytes | None:
    found = pattern.search(xmp)
    return found[1] if found else None


def _first(*values: Any) -> str | None:
    for value in values:
        one = value[0] if isinstance(value, list) and value else value
        text = one.decode("utf-8", errors="replace") if isinstance(one, bytes) else one
        if isinstance(text, str) and (said := text.replace("\0", " ").strip()):
            return said[:_LONGEST]
    return None
