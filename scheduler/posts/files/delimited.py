"""Delimited text: bytes of any encoding that says what it is, separated by commas, semicolons or tabs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from scheduler.posts.files.rows import SAVE_AS, Cells, Unreadable, column_of
from scheduler.posts.wish import COLUMNS

SEPARATORS = ",;\t"
_LONE_QUOTE = (
    'a double quote of the row that begins here is not closed, or stands alone inside a text: look for a lone " '
    'from this line on; inside a quoted text it is written twice, as ""'
)
_SEPARATOR_LINE = re.compile(r"""\A"?sep=(.)"?(?:\r\n?|\n|\Z)""", re.IGNORECASE)


def decoded(path: Path, data: bytes) -> str:
    """Text; bytes that are none become lone surrogates, so that the field which holds them can be named."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            raise Unreadable(path, f"is UTF-16 text that is cut short: {SAVE_AS}") from None
    if b"\0" in data[:64]:
        raise Unreadable(path, f"is no text, or UTF-16 without its mark: {SAVE_AS}", line=1)
    return data.decode("utf-8-sig", errors="surrogateescape")


def read_delimited(path: Path, text: str) -> Iterator[tuple[int, Cells]]:
    """(line on which it begins, fields) of each row that is not empty."""
    told = _SEPARATOR_LINE.match(text)
    skipped = 1 if told else 0
    if told and told[1] not in SEPARATORS:
        raise Unreadable(path, f"sep={told[1]} is no separator that is read: use a comma, a semicolon or a tab", line=1)
    body = text[told.end() :] if told else text
    # The module's limit is one of the whole process: ours is checked where the column is known.
    csv.field_size_limit(max(csv.field_size_limit(), 2**31 - 1))
    reader = csv.reader(io.StringIO(body, newline=""), strict=True, delimiter=told[1] if told else _separator(body))
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader, None)
        except csv.Error:
            raise Unreadable(path, _LONE_QUOTE, line=line) from None
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _separator(text: str) -> str:
    """The one that makes known columns of the first line; a comma where none does."""
    first = next((line for line in text.splitlines() if line.strip()), "")

    def known(separator: str) -> int:
        names = (name.strip().strip('"') for name in first.split(separator))
        return sum(column_of(name) in COLUMNS for name in names)

    return max(SEPARATORS, key=known)
