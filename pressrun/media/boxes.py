"""The box structure of an MP4 or MOV file, as far as Instagram cares: order, edit lists, rotation, cut ends.

Reads headers only, never a payload of unknown size, and a bounded number of them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

_MOST_BOXES = 20_000
_MATRIX_AT = {0: 40, 1: 52}
_ORIENTATIONS = {(0, 1, -1, 0): 6, (-1, 0, 0, -1): 3, (0, -1, 1, 0): 8}
_MOST_NOTES_BYTES = 4 * 1024 * 1024
_NOTES = (b"udta", b"meta", b"uuid", b"stsd")
_TO_CODES = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_WAYS = frozenset(_TO_CODES[:count] for count in range(1, len(_TO_CODES) + 1))


@dataclass(frozen=True)
class Layout:
    """What the boxes say. `orientation` is written as EXIF writes it; 1 is upright."""

    has_moov: bool = False
    moov_first: bool = False
    has_edit_list: bool = False
    is_cut: bool = False
    is_fragmented: bool = False
    orientation: int = 1


@dataclass(frozen=True)
class _Box:
    kind: bytes
    start: int
    end: int


def scan(file: BinaryIO, size: int) -> Layout:
    """Walk the file. A damaged box ends the walk; what was seen before it counts."""
    layout = Layout()
    has_data = False
    for box in _boxes(file, 0, size):
        if box.end > size:
            layout = replace(layout, is_cut=True)
        if box.kind == b"moov":
            layout = replace(layout, has_moov=True, moov_first=not has_data)
            layout = _read_moov(file, replace(box, end=min(box.end, size)), layout)
        layout = replace(layout, is_fragmented=layout.is_fragmented or box.kind == b"moof")
        has_data = has_data or box.kind == b"mdat"
    return layout


def notes(file: BinaryIO, size: int) -> tuple[bytes, frozenset[bytes]]:
    """What the file says beside picture and sound: its boxes of metadata, as they are, and the codes of its tracks."""
    said, codes, left = [], set(), _MOST_NOTES_BYTES
    for box in _walk(file, 0, size, ()):
        if box.kind == b"stsd":
            file.seek(box.start + 12)
            codes.add(file.read(4))
        else:
            file.seek(box.start)
            said.append(box.kind + file.read(min(box.end - box.start, left)))
            left -= len(said[-1])
    return b"\n".join(said), frozenset(codes)


def _walk(file: BinaryIO, start: int, end: int, path: tuple[bytes, ...]) -> Iterator[_Box]:
    for box in _boxes(file, start, end):
        within = replace(box, end=min(box.end, end))
        if box.kind in _NOTES:
            yield within
        elif (*path, box.kind) in _WAYS:
            yield from _walk(file, within.start, within.end, (*path, box.kind))


def _read_moov(file: BinaryIO, moov: _Box, layout: Layout) -> Layout:
    for track in _boxes(file, moov.start, moov.end):
        if track.kind != b"trak":
            continue
        for part in _boxes(file, track.start, track.end):
            if part.kind == b"edts":
                layout = replace(layout, has_edit_list=True)
            if part.kind == b"tkhd" and layout.orientation == 1:
                layout = replace(layout, orientation=_orientation(file, part))
    return layout


def _orientation(file: BinaryIO, header: _Box) -> int:
    file.seek(header.start)
    raw = file.read(min(header.end - header.start, 104))
    at = _MATRIX_AT.get(raw[0] if raw else -1)
    if at is None or len(raw) < at + 36:
        return 1
    a, b, _, c, d, *_ = struct.unpack_from(">9i", raw, at)
    return _ORIENTATIONS.get((a >> 16, b >> 16, c >> 16, d >> 16), 1)


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[_Box]:
    at = start
    for _ in range(_MOST_BOXES):
        if end - at < 8:
            return
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        length, kind = struct.unpack_from(">I4s", head)
        begin = at + 8
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack_from(">Q", head, 8)
            begin = at + 16
        length = length or end - at  # zero means: up to the end
        if at + length < begin or not kind.strip().isalnum():
            return
        yield _Box(kind, begin, at + length)
        at += length
