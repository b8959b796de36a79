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
_FOLDS_FROM = 26
"""From that many characters on a column holds text, which may be folded over several lines."""
_LEAST_OF_A_TEXT = 12

AllRows = Annotated[bool, typer.Option("--all", help="On a terminal too, show every row.")]

MOST_SHOWN = 60
"""Rows of a long list on a terminal, where nobody reads thousands."""


def show_rows(
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    as_json: bool,
    empty: str = "nothing yet",
    most: int | None = None,
    is_cut: bool = False,
    rest: str = "--all",
    table: Sequence[str] | None = None,
    spare: Sequence[str] = (),
) -> None:
    """A list: a table, or an array of objects whose keys are the columns.

    A table leaves out columns in which nothing stands.

    Args:
        most: how many rows a terminal shows; all go into a pipe or a file. `rest`: how the others are to be seen.
        is_cut: these are not all rows that there are.
        table: the columns of the table, where they are others.
        spare: those of them that a terminal does without if it is too narrow for all, the first to go first.
    """
    if as_json:
        show_json([{name: row.get(name) for name in columns} for row in rows])
        return
    if not rows:
        note(empty)
        return
    is_terminal = sys.stdout.isatty()
    shown = rows[:most] if is_terminal else rows
    cells = [{name: cell(row.get(name)) for name in table or columns} for row in shown]
    filled = [name for name in table or columns if any(row[name] for row in cells)]
    if not is_terminal:
        _show_plain(filled, cells)
        return
    _show_table(filled, shown, cells, spare)
    if len(shown) < len(rows):
        note(f"… {'' if is_cut else f'{len(rows) - len(shown):,} '}more, {rest}")


def most_shown(everything: bool) -> int | None:
    """How many rows a terminal shows, for `show_rows`; None where there is no terminal."""
    return MOST_SHOWN if sys.stdout.isatty() and not everything else None


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
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)


def local_time(at: datetime | None, zone: ZoneInfo) -> str:
    """An instant on the clock of a zone, labelled with it."""
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def shortened(text: str, most: int = 30) -> str:
    """The beginning of a text, on one line, with an ellipsis where it goes on."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _show_table(
    columns: Sequence[str], rows: Sequence[Row], cells: Sequence[dict[str, str]], spare: Sequence[str]
) -> None:
    from rich import box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    widths = {name: max(cell_len(name), *(cell_len(row[name]) for row in cells)) for name in columns}
    shown = _fitting(widths, console.width, spare)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for name in shown:
        is_number = all(isinstance(row.get(name), int | float | Decimal | None) for row in rows)
        # What is short is read as a whole; texts give way to it, as long as they have some room left.
        is_whole = widths[name] < _FOLDS_FROM and _least(widths, shown) <= console.width
        table.add_column(name, justify="right" if is_number else "left", overflow="fold", no_wrap=is_whole)
    for row in cells:
        table.add_row(*(Text(row[name]) for name in shown))  # Text: a caption's [brackets] are no markup
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        say(line.rstrip())


def _fitting(widths: Mapping[str, int], room: int, spare: Sequence[str]) -> list[str]:
    """The columns, without as many of the spare ones as have to go."""
    shown = list(widths)
    for name in spare:
        if _least(widths, shown) <= room:
            break
        if name in shown:
            shown.remove(name)
    return shown


def _least(widths: Mapping[str, int], shown: Sequence[str]) -> int:
    """The room that a table needs: what is short as a whole, of a longer text some words."""
    return sum(
        min(widths[name], _LEAST_OF_A_TEXT) if widths[name] >= _FOLDS_FROM else widths[name] for name in shown
    ) + 2 * len(shown)


def _show_plain(columns: Sequence[str], cells: Sequence[dict[str, str]]) -> None:
    lines = [list(columns), *([row[name] for name in columns] for row in cells)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(columns))]
    padded = (_SEPARATOR.join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in lines)
    say("\n".join(line.rstrip() for line in padded))  # at once: a line by itself is a call of the system
