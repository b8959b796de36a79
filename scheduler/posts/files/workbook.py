"""The first visible sheet of an XLSX workbook as lines of text, each cell as one would have typed it into a CSV."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from scheduler.posts.files.rows import SAVE_AS, Cells, Unreadable

_EXACT_DIGITS = 15
"""Excel keeps no more digits of a number: what is longer, such as an id, has been rounded."""
_MOST_BYTES = 256 * 1024 * 1024
_WHOLE_NUMBER = 10**_EXACT_DIGITS


def read_workbook(path: Path, data: bytes) -> Iterator[tuple[int, Cells]]:
    """(row number, cells) of each row that is not empty. Raises Unreadable."""
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and checks that only Excel needs
            _refuse_bomb(path, data)
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            # A hidden sheet is one that its person does not see, and so does not mean.
            sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), book.worksheets[0])
            sheet.reset_dimensions()  # some programs write wrong ones
            lines = [(number, list(row)) for number, row in enumerate(sheet.iter_rows(), 1)]
    except (BadZipFile, KeyError, IndexError, ValueError, OSError, ParseError, EOFError):
        raise Unreadable(
            path, f"is a packed file, and no XLSX workbook that can be read: {SAVE_AS}, or as XLSX"
        ) from None
    for number, row in lines:
        cells = [_text(path, number, cell) for cell in row]
        if any(cell.strip() for cell in cells):
            yield number, cells


def _refuse_bomb(path: Path, data: bytes) -> None:
    with ZipFile(io.BytesIO(data)) as parts:
        if sum(part.file_size for part in parts.infolist()) > _MOST_BYTES:
            raise Unreadable(path, "is far larger than any campaign once it is unpacked")


def _text(path: Path, line: int, cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        has_time = value.time() != time() or "h" in str(cell.number_format).lower()
        return value.isoformat() if has_time else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int | float):
        return _number(path, line, cell, value)
    text = str(value)
    if cell.data_type == "e":
        raise Unreadable(path, f"cell {cell.coordinate} holds the error {text}", line=line)
    return text


def _number(path: Path, line: int, cell: Any, value: float) -> str:
    if abs(value) >= _WHOLE_NUMBER:
        why = f"cell {cell.coordinate} holds a number of more than {_EXACT_DIGITS} digits, which Excel has rounded: "
        raise Unreadable(path, f"{why}format the cell as text and type it again", line=line)
    return str(int(value)) if value == int(value) else repr(value)
