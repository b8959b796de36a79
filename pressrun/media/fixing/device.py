"""What a video says of places, devices and people: by tags, boxes, and tracks that are neither picture nor sound.

A file that is written anew has none of it. Here is found out whether it has to be, and what is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pressrun.media import boxes, magic
from pressrun.media.fixing.private import of_xmp, private_in
from pressrun.media.probe import Probe, open_media

_RIGHTS = ("copyright", "com.apple.quicktime.copyright", "artist", "com.apple.quicktime.artist", "author")
_TAGS = {
    "place": re.compile(r"location|gps|xyz|latitude|longitude"),
    "serial number of the camera": re.compile(r"serial|imei"),
    "name of the camera's owner": re.compile(r"owner"),
}
"""In names of tags, by small letters."""
_BOXES = {
    "place": re.compile(rb"\xa9xyz|loci|location\.iso6709|gpmf", re.IGNORECASE),
    "serial number of the camera": re.compile(rb"serial|\xa9sn |cams?n|CAME"),
    "name of the camera's owner": re.compile(rb"ownername|\.owner\b", re.IGNORECASE),
}
_TELEMETRY = frozenset((b"gpmd", b"camm", b"djmd", b"dbgi", b"rtmd", b"mebx", b"mett", b"metx"))
"""Tracks in which cameras and phones note where they are and who they are, from moment to moment."""


def said_of(path: Path, found: Probe, tags: Sequence[Mapping[str, str]]) -> tuple[tuple[str, ...], dict[str, str]]:
    """What is better not passed on, by name; and who made the video and whose it is, by the tags that say so."""
    private = [name for name, pattern in _TAGS.items() for one in tags for tag in one if pattern.search(tag.lower())]
    owner = {name: value for one in tags for name, value in one.items() if name.lower() in _RIGHTS}
    if found.format not in {magic.MP4.format, magic.MOV.format}:
        return tuple(dict.fromkeys(private)), owner
    with open_media(path) as file:
        notes, codes = boxes.notes(file, found.size_bytes)
    private += [name for name, pattern in _BOXES.items() if pattern.search(notes)]
    private += [name.removesuffix(" (GPS)") for name in private_in(notes)]
    private += ["notes of the camera from moment to moment"] if codes & _TELEMETRY else []
    maker, rights = of_xmp(notes)
    known = {name.lower().rpartition(".")[2] for name in owner}
    owner |= {"artist": maker} if maker and not known & {"artist", "author"} else {}
    owner |= {"copyright": rights} if rights and "copyright" not in known else {}
    return tuple(dict.fromkeys(private)), owner
