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
_IPTC_PRIVATE = {
    **dict.fromkeys([(2, number) for number in (26, 27, 90, 92, 95, 100, 101)], "place"),
    (2, 118): "address of who made it",
}
_IPTC_SET = re.compile(rb"\x1c\x02(.)([\0-\x7f].)", re.DOTALL)
_XMP_RIGHTS = re.compile(rb"<dc:rights>.{0,400}?<rdf:li[^>]{0,100}>([^<]{1,500})</rdf:li>", re.DOTALL)
_XMP_MAKER = re.compile(rb"<dc:creator>.{0,400}?<rdf:li[^>]{0,100}>([^<]{1,500})</rdf:li>", re.DOTALL)
_XMP_PRIVATE = {
    "place (GPS)": rb"\w:GPS(?!VersionID)\w{1,40}",
    "place": rb"(?:photoshop|Iptc4xmp\w{3,4}):(?:City|State|Country|CountryCode|Location\w{0,10})",
    "name of the camera's owner": rb"\w:(?:Camera)?OwnerName",
    "serial number of the camera": rb"\w:(?:Body|Camera|Internal)?SerialNumber",
    "serial number of the lens": rb"\w:LensSerialNumber",
    "names of people": rb"\w:(?:PersonInImage|PersonDisplayName)",
    "address of who made it": rb"Iptc4xmp\w{3,4}:(?:CreatorContactInfo|Ci\w{3,20})",
}
_XMP_SAID = {
    name: re.compile(pattern + rb"(?:\s{0,9}=\s{0,9}[\"'][^\"']|(?:\s[^<>]{0,200})?>)")
    for name, pattern in _XMP_PRIVATE.items()
}
_XMP_SAID["video behind the picture"] = re.compile(rb"\w:(?:MotionPhoto|MicroVideo)(?:=[\"']|>)1")
_XMP_MORE = b"http://ns.adobe.com/xmp/extension/\0"
_TIFF_XMP = 700
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
    xmp = _xmp(image, exif)
    iptc = _iptc(image)
    maker, rights = of_xmp(xmp)
    return About(
        private=tuple(dict.fromkeys(_private(exif, xmp, iptc))),
        artist=_first(exif.get(_ARTIST), iptc.get(_IPTC_MAKER), maker, image.info.get("Author")),
        rights=_first(exif.get(_COPYRIGHT), iptc.get(_IPTC_RIGHTS), rights, image.info.get("Copyright")),
    )


def private_in(xmp: bytes) -> list[str]:
    """What XMP says that is better not passed on."""
    return [name for name, pattern in _XMP_SAID.items() if pattern.search(xmp)]


def of_xmp(xmp: bytes) -> tuple[str | None, str | None]:
    """Who made it, and whose it is."""
    return _first(_of(_XMP_MAKER, xmp)), _first(_of(_XMP_RIGHTS, xmp))


def _private(exif: Exif | dict[int, Any], xmp: bytes, iptc: dict[tuple[int, int], Any]) -> list[str]:
    inner: dict[int, Any] = {}
    place: dict[int, Any] = {}
    if not isinstance(exif, dict):
        with contextlib.suppress(Exception):  # Pillow raises nearly anything for damaged directories
            inner, place = exif.get_ifd(_EXIF_IFD), exif.get_ifd(_GPS_IFD)
    found = ["place (GPS)"] if place else []
    found += [name for tag, name in _PRIVATE.items() if tag in inner or tag in exif]
    found += private_in(xmp)
    found += [name for tag, name in _IPTC_PRIVATE.items() if tag in iptc]
    return [*found, "notes of the camera's maker"] if _MAKER_NOTE in inner else found


def _xmp(image: Picture, exif: Exif | dict[int, Any]) -> bytes:
    """All of it: what is too long for one segment of a JPEG goes on in others."""
    said = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or exif.get(_TIFF_XMP) or b""
    more = [body for name, body in getattr(image, "applist", []) if name == "APP1" and body.startswith(_XMP_MORE)]
    first = said.encode(errors="replace") if isinstance(said, str) else said
    return b"".join([first if isinstance(first, bytes) else b"", *more])


def _exif(image: Picture) -> Exif | dict[int, Any]:
    with contextlib.suppress(Exception):  # damaged ones are not told, and leave the picture with all the rest
        return image.getexif()
    return {}


def _iptc(image: Picture) -> dict[tuple[int, int], Any]:
    from PIL import IptcImagePlugin

    with contextlib.suppress(Exception):  # as for the others
        found = IptcImagePlugin.getiptcinfo(image)  # type: ignore[arg-type]  # it takes every picture, and says less
        return dict(found) if found else _iptc_of_png(image)
    return {}


def _iptc_of_png(image: Picture) -> dict[tuple[int, int], Any]:
    """As hexadecimal digits behind a name and a length: the format itself has no place for it."""
    said = str(image.info.get("Raw profile type iptc") or "")
    raw = bytes.fromhex("".join(said.split()[2:]))
    return {
        (2, one[1][0]): raw[one.end() : one.end() + int.from_bytes(one[2], "big")] for one in _IPTC_SET.finditer(raw)
    }


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
