"""Which kind of campaign file it is: its content says so, never its name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scheduler.posts.files.delimited import decoded, read_delimited
from scheduler.posts.files.objects import read_objects
from scheduler.posts.files.rows import Row, Unreadable, table
from scheduler.posts.files.workbook import read_workbook

_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def read_file(path: Path) -> list[Row]:
    """All rows that hold any text. Raises Unreadable."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise Unreadable(path, "no such file") from None
    except OSError as problem:
        raise Unreadable(path, f"cannot be read: {problem.strerror or problem}") from None
    rows = [row for row in _rows(path, data) if any(value.strip() for value in row.fields.values())]
    if not rows:
        raise Unreadable(path, "holds no rows")
    return rows


def _rows(path: Path, data: bytes) -> Iterable[Row]:
    if data.startswith(_ZIP):
        return table(path, read_workbook(path, data))
    if data.startswith(_OLD_EXCEL):
        raise Unreadable(path, "is a workbook of an old Excel: save it as XLSX, or as “CSV UTF-8”")
    text = decoded(path, data)
    if text.lstrip().startswith(("[", "{")):
        return read_objects(path, text)
    return table(path, read_delimited(path, text))
