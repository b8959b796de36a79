"""What commands print: tables for people, or with `--json` one JSON document and nothing else on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from pressrun.plain import plain

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]

Row = Mapping[str, Any]

_SEPARATOR = "  "


def show_rows(columns: Sequence[str], rows: Sequence[Row], *, as_json: bool, empty: str = "nothing yet") -> None:
    """A list: a table, or an array of objects whose keys are the columns."""
    if as_json:
        show_json([{name: row.get(name) for name in columns} for row in rows])
    elif not rows:
        note(empty)
    elif sys.stdout.isatty():
        _show_table(columns, rows)
    else:
        _showplain(columns, rows)


def show_record(record: Row, *, as_json: bool) -> None:
    """One thing: a line for each field, or one object."""
    if as_json:
        show_json(record)
        return
    width = max(map(len, record), default=0)
    for name, value in record.items():
        say(f"{name:{width}}{_SEPARATOR}{cell(value)}".rstrip())


def show_json(value: Any) -> None:
    """The one document. Times are ISO 8601 in UTC."""
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    say(json.dumps(value, default=plain, ensure_ascii=not is_utf8, indent=2))


def say(text: str) -> None:
    """A line on stdout, at once: whoever reads it through a pipe may be waiting for it."""
    print(text, flush=True)


def note(text: str) -> None:
    """A line for the person at the terminal, on stderr: it is no part of the result."""
    print(text, file=sys.stderr, flush=True)


def cell(value: Any) -> str:
    """A value as a table shows it, on one line; what others wrote cannot steer the terminal."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, list | tuple):
        return ", ".join(cell(one) for one in value)
    if isinstance(value, Mapping):
        value = json.dumps(value, default=plain, ensure_ascii=False)
    text = str(plain(value)) if isinstance(value, Decimal) else str(value)
    return "".join(character if character.isprintable() else " " for character in text)


def local_time(at: datetime | None, zone: ZoneInfo) -> str:
    """An instant on the clock of a zone, labelled with it."""
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _show_table(columns: Sequence[str], rows: Sequence[Row]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        is_number = all(isinstance(row.get(name), int | float | Decimal | None) for row in rows)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell(row.get(name))) for name in columns))  # Text: a caption's [brackets] are no markup
    Console().print(table)


def _showplain(columns: Sequence[str], rows: Sequence[Row]) -> None:
    lines = [list(columns), *([cell(row.get(name)) for name in columns] for row in rows)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(columns))]
    for line in lines:
        say(_SEPARATOR.join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
