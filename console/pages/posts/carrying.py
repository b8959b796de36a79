"""The rows of an import between one look and the next. Nothing is kept of what was not queued: the page carries all of
them packed, and shows those that want correcting, or fifty.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from operations.posts.sheets import COLUMNS, Sheet
from pressrun.errors import Invalid

MOST_SHOWN = 50
_MOST_SHOWN_BYTES = 60_000
"""Of their text, which a page repeats in markup; one row is shown whatever it holds."""
_PART_BYTES = 512 * 1024
LARGEST_BYTES = 32 * 1024 * 1024
"""Of what is unpacked: several times the largest file, for its JSON."""


@dataclass(frozen=True)
class View:
    """Rows by number: those that are shown of `count`; of how many that want correcting, or are odd."""

    numbers: list[int]
    count: int
    wanted: int
    is_all: bool
    """Whether they are shown in their order, whatever is wrong with them."""

    @property
    def earlier(self) -> int | None:
        """The row at which the page before begins."""
        return max(self.numbers[0] - MOST_SHOWN, 1) if self.is_all and self.numbers and self.numbers[0] > 1 else None

    @property
    def later(self) -> int | None:
        return self.numbers[-1] + 1 if self.is_all and self.numbers and self.numbers[-1] < self.count else None


def packed(sheet: Sheet) -> list[str]:
    """All of it, to stand in a form: parts, each smaller than what a field may hold."""
    told = [sheet.columns, [[row.get(name, "") for name in sheet.columns] for row in sheet.rows]]
    text = base64.b64encode(zlib.compress(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace"))).decode()
    return [text[at : at + _PART_BYTES] for at in range(0, len(text), _PART_BYTES)]


def unpacked(parts: Sequence[str]) -> Sheet:
    """What `packed` made. Raises Invalid for anything else: whoever can read a page can change it."""
    unpacking = zlib.decompressobj()
    try:
        raw = unpacking.decompress(base64.b64decode("".join(parts), validate=True), LARGEST_BYTES)
        columns, rows = json.loads(raw if unpacking.eof else b"")
        made = Sheet(tuple(columns), [dict(zip(columns, row, strict=True)) for row in rows])
    except (binascii.Error, zlib.error, ValueError, TypeError, RecursionError):
        raise _not_ours() from None
    texts = all(isinstance(text, str) for row in made.rows for text in row.values())
    if not texts or not set(made.columns) <= set(COLUMNS):
        raise _not_ours()
    return made


def corrected(sheet: Sheet, cells: Mapping[int, Mapping[str, str]]) -> Sheet:
    """With the cells of the rows that were shown, by number from 1. A row whose cells were all cleared is left out."""
    rows = [_with(row, cells.get(number, {})) for number, row in enumerate(sheet.rows, start=1)]
    return Sheet(sheet.columns, [row for row in rows if any(text.strip() for text in row.values())])


def _with(row: Mapping[str, str], cells: Mapping[str, str]) -> dict[str, str]:
    """A form ends lines in its own way: a text that differs by that alone stays as it was read."""
    written = {name: _plain(text) for name, text in cells.items()}
    return dict(row) | {name: text for name, text in written.items() if text != _plain(row.get(name, ""))}


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def in_view(sheet: Sheet, wanted: Collection[int], *, start: int | None = None) -> View:
    """The rows to show: those from `start` on, or else the `wanted` ones; as many as fit on a page."""
    count = len(sheet.rows)
    is_all = start is not None or not wanted or count <= MOST_SHOWN
    first = max(min(start or 1, count), 1)
    numbers = range(first, count + 1) if is_all else sorted(wanted)
    shown: list[int] = []
    size = 0
    for number in numbers[:MOST_SHOWN]:
        size += sum(len(text.encode("utf-8", "replace")) for text in sheet.rows[number - 1].values())
        if shown and size > _MOST_SHOWN_BYTES:
            break
        shown.append(number)
    return View(shown, count, len(wanted), is_all)


def _not_ours() -> Invalid:
    return Invalid("the rows of this page did not arrive whole: begin anew", type="import.unreadable", field="rows")
