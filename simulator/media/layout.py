"""What the boxes of an MP4 or MOV tell that FFmpeg does not pass on: their order, edit lists, turns, a missing end."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MOST_INDEX_BYTES = 64 * 1024 * 1024
_PARENTS = frozenset((b"trak", b"edts"))
_MATRIX_FROM_END = 44
"""A track's header ends with nine numbers of its matrix and two of its size, four bytes each."""


@dataclass(frozen=True, slots=True)
class Layout:
    """`is_sideways`: shown with width and height exchanged."""

    is_moov_first: bool = True
    has_edit_list: bool = False
    is_sideways: bool = False
    is_cut: bool = False


def read_layout(path: Path) -> Layout:
    """A file in which no index is found counts as cut."""
    index: bytes | None = None
    is_first, is_cut, had_data = True, False, False
    with path.open("rb") as file:
        end, at = path.stat().st_size, 0
        while at + 8 <= end:
            file.seek(at)
            kind, length, skip = _head(file.read(16), end - at)
            if length < skip or not all(32 <= letter < 127 for letter in kind):
                break
            is_cut = is_cut or at + length > end
            if kind == b"moov" and index is None:
                file.seek(at + skip)
                index = file.read(min(length - skip, _MOST_INDEX_BYTES))
                is_first = not had_data
            had_data = had_data or kind == b"mdat"
            at += length
    kinds = list(_inside(index or b""))
    return Layout(
        is_moov_first=is_first,
        has_edit_list=any(kind == b"elst" for kind, _ in kinds),
        is_sideways=any(kind == b"tkhd" and _is_sideways(body) for kind, body in kinds),
        is_cut=is_cut or index is None,
    )


def _head(head: bytes, left: int) -> tuple[bytes, int, int]:
    """Kind, length with its head, and length of the head alone."""
    length, kind = struct.unpack_from(">I4s", head)
    if length == 1 and len(head) == 16:
        return kind, int.from_bytes(head[8:16], "big"), 16
    return kind, length or left, 8


def _inside(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        kind, length, skip = _head(data[at : at + 16], len(data) - at)
        if length < skip:
            return
        body = data[at + skip : at + length]
        yield kind, body
        if kind in _PARENTS:
            yield from _inside(body)
        at += length


def _is_sideways(header: bytes) -> bool:
    if len(header) < _MATRIX_FROM_END:
        return False
    a, b, _, c, d = struct.unpack_from(">5i", header, len(header) - _MATRIX_FROM_END)
    return bool(a == d == 0 and b != 0 and c != 0)
