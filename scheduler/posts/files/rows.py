"""A row of a campaign file, and how a table becomes rows.

Nothing is guessed: what cannot be read is refused with the line and what to look for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pressrun.errors import Invalid
from scheduler.posts.wish import COLUMNS, REQUIRED

SAVE_AS = "save it as “CSV UTF-8”"
Cells = Sequence[str]

_MOST_CHARACTERS = 128 * 1024
"""Of one field; the longest text that Instagram takes has 2,200."""


class Unreadable(Invalid):
    """The file is no campaign."""

    type = "import.unreadable"

    def __init__(self, path: Path, why: str, *, line: int | None = None, column: str | None = None) -> None:
        self.line, self._why = line, why
        where = (f": line {line}" if line else "") + (f", column {column}" if column else "")
        super().__init__(f"{path}{where}: {why}", field=column)

    def called(self, name: str) -> Unreadable:
        """The same of a file that was sent: where it lies here is nobody's business."""
        return Unreadable(Path(name), self._why, line=self.line, column=self.field)


@dataclass(frozen=True)
class Row:
    """One row; `line` is the one on which it begins."""

    line: int
    fields: Mapping[str, str]


def table(path: Path, lines: Iterator[tuple[int, Cells]]) -> Iterator[Row]:
    """Rows of a table whose first line that is not empty names the columns. A short row ends in empty fields."""
    first, header = next(lines, (None, ()))
    if first is None:
        raise Unreadable(path, "is empty")
    names = _checked_header(path, first, header)
    for line, cells in lines:
        named = dict(zip(names, cells, strict=False))
        for number, cell in enumerate(cells):
            if cell.strip() and (number >= len(names) or not names[number]):
                raise Unreadable(path, _misplaced(number, names), line=line)
        fields = {name: named.get(name, "") for name in names if name}
        for name, value in fields.items():
            check_text(path, line, name, value)
        yield Row(line, fields)


def check_name(path: Path, line: int, name: str) -> None:
    """Refuse a column that does not exist."""
    if name in COLUMNS:
        return
    near = get_close_matches(column_of(name), COLUMNS, n=1)
    known = f"did you mean {near[0]}?" if near else f"the columns are {', '.join(COLUMNS)}"
    raise Unreadable(path, f"unknown column {name!r}; {known}", line=line)


def column_of(name: str) -> str:
    """The column that a header means: `Publish At` and `publish-at` are `publish_at`."""
    return "_".join(re.split(r"[\s_-]+", name.strip().lower()))


def check_text(path: Path, line: int, column: str, value: str) -> None:
    """Refuse what is no text, or more of it than any post has."""
    if len(value) > _MOST_CHARACTERS:
        raise Unreadable(path, f"the field is longer than {_MOST_CHARACTERS} characters", line=line, column=column)
    broken = next((character for character in value if "\udc80" <= character <= "\udcff"), None)
    if broken is not None:
        why = f"is not UTF-8 text (byte 0x{ord(broken) - 0xDC00:02x}): {SAVE_AS}"
        raise Unreadable(path, why, line=line, column=column)


def _checked_header(path: Path, line: int, header: Cells) -> list[str]:
    """The names, empty for columns without one; a spreadsheet leaves such columns behind where cells were emptied."""
    names = [column_of(name) for name in header]
    while names and not names[-1]:
        names.pop()
    given = [name for name in names if name]
    if given and not any(name in COLUMNS for name in given):
        why = f"names no column, and the first line has to: {', '.join(REQUIRED)}, and any others"
        raise Unreadable(path, why, line=line)
    for name, written in zip(names, header, strict=False):
        if name and name not in COLUMNS:
            check_name(path, line, written.strip())
    twice = next((name for name in given if given.count(name) > 1), None)
    if twice is not None:
        raise Unreadable(path, f"the column {twice!r} stands there twice", line=line)
    missing = [name for name in REQUIRED if name not in given]
    if missing:
        raise Unreadable(path, f"the column {missing[0]!r} is missing", line=line)
    return names


def _misplaced(number: int, names: Sequence[str]) -> str:
    if number < len(names):
        return f"field {number + 1} holds text, and its column has no name"
    return f"the row has more than {len(names)} fields: put a text that holds a separator or a quote in double quotes"
