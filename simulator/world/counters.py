"""Counts for the report that survive a SIGKILL without costing a call anything: numbers in a file mapped into memory.

A record is a number and a name. What has been stored to the mapping belongs to the operating system, like bytes that
were written, but it takes no system call; so counting every request leaves the simulator as fast as it was.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections import defaultdict
from pathlib import Path

_NUMBER = struct.Struct("<q")
_RECORD = 512
_LONGEST_NAME = 100
_ROOM = 256  # records by which the file grows


class Counters:
    """Counts by subject and name; with `folder=None` they last as long as the process."""

    def __init__(self, folder: Path | None) -> None:
        self._counts: dict[str, dict[str, int]] = defaultdict(dict)
        self._places: dict[tuple[str, str], int] = {}
        self._file: int | None = None
        self._map: mmap.mmap | None = None
        if folder is not None:
            self._file = os.open(folder / "counters", os.O_RDWR | os.O_CREAT, 0o600)
            self._grow(os.fstat(self._file).st_size // _RECORD or _ROOM)
            self._load()

    def add(self, about: str, name: str, by: int = 1) -> None:
        name = name[:_LONGEST_NAME]
        counts = self._counts[about]
        number = counts[name] = counts.get(name, 0) + by
        if self._file is not None:
            place = self._places.get((about, name))
            if place is None:
                place = self._register(about, name)
            _NUMBER.pack_into(self._mapped(), place, number)

    def get(self, about: str, name: str) -> int:
        return self._counts[about].get(name, 0)

    def of(self, about: str) -> dict[str, int]:
        """The counts above zero, by name."""
        return {name: number for name, number in sorted(self._counts[about].items()) if number}

    def close(self) -> None:
        if self._map is not None:
            self._map.close()
            self._map = None
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _register(self, about: str, name: str) -> int:
        """Write the name of a new record; until its number follows, the record is zero and means nothing."""
        place = len(self._places) * _RECORD
        if place + _RECORD > len(self._mapped()):
            self._grow(len(self._places) + _ROOM)
        text = f"{about}\n{name}".encode(errors="surrogatepass").ljust(_RECORD - _NUMBER.size, b"\0")
        self._mapped()[place + _NUMBER.size : place + _RECORD] = text
        self._places[about, name] = place
        return place

    def _mapped(self) -> mmap.mmap:
        assert self._map is not None  # noqa: S101 - only called with a folder, before close
        return self._map

    def _grow(self, records: int) -> None:
        assert self._file is not None  # noqa: S101 - only called with a folder
        if self._map is not None:
            self._map.close()
        os.ftruncate(self._file, records * _RECORD)
        self._map = mmap.mmap(self._file, records * _RECORD)

    def _load(self) -> None:
        stored = self._mapped()
        for place in range(0, len(stored), _RECORD):
            (number,) = _NUMBER.unpack_from(stored, place)
            text = stored[place + _NUMBER.size : place + _RECORD].rstrip(b"\0")
            if not text:
                return
            if number == 0:  # perhaps killed within the name: the place is lost, the name gets another one
                self._places["", str(place)] = place
                continue
            about, _, name = text.decode(errors="surrogatepass").partition("\n")
            self._places[about, name] = place
            self._counts[about][name] = number
