"""`insight export`: rows of a view into a file or to stdout, batch by batch, whatever their number.

A file appears under its name when it is whole. Null is an empty field in CSV, null in the other two.
"""

from __future__ import annotations

import csv
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Protocol
from zoneinfo import ZoneInfo

from cli.commands.insights import Format
from cli.output import plain
from models.views import Answer, Column, View, has_days
from pressrun import clock
from pressrun.errors import PressrunError, UsageError

_UTC = ZoneInfo("UTC")


class Writer(Protocol):
    def write(self, rows: Sequence[Sequence[Any]]) -> None: ...

    def close(self) -> None: ...


def parse_view(text: str) -> View:
    """Raises UsageError naming the known ones."""
    try:
        return View(text)
    except ValueError:
        raise UsageError(f"unknown view {text!r}; known: {', '.join(View)}") from None


def parse_bound(option: str, text: str | None, view: View) -> date | None:
    """`--since` or `--until` as the view's time column has it: a day, or an instant (UTC unless it says otherwise)."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        if has_days(view):
            raise UsageError(f"{option} {text!r} is not a day: {view} has days, write 2026-11-01") from None
        try:
            return clock.parse_instant(text, _UTC, reference=clock.now())
        except UsageError as problem:
            raise UsageError(f"{option} {problem}") from None
    return day if has_days(view) else datetime(day.year, day.month, day.day, tzinfo=UTC)


def parse_as_of(text: str | None) -> datetime | None:
    """`--as-of`. Raises UsageError also for the future: what will be known then nobody knows."""
    if text is None:
        return None
    now = clock.now()
    try:
        instant = clock.parse_instant(text, _UTC, reference=now)
    except UsageError as problem:
        raise UsageError(f"--as-of {problem}") from None
    if instant > now + timedelta(minutes=1):  # clocks differ
        raise UsageError(f"--as-of {text} is in the future: nothing is known then yet")
    return instant


def export(answer: Answer, form: Format, output: Path | None) -> int:
    """Write all rows; returns how many. Raises PressrunError when the file cannot be written; nothing is left of it."""
    with _target(output) as target:
        writer = _WRITERS[form](target, answer.columns)
        count = 0
        for batch in answer.batches:
            writer.write(batch)
            count += len(batch)
        writer.close()
    return count


class _Csv:
    def __init__(self, target: IO[str], columns: Sequence[Column]) -> None:
        self._writer = csv.writer(target, lineterminator="\n")
        self._writer.writerow([column.name for column in columns])

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        self._writer.writerows([_field(value) for value in row] for row in rows)

    def close(self) -> None:
        pass


class _Jsonl:
    def __init__(self, target: IO[str], columns: Sequence[Column]) -> None:
        self._target = target
        self._names = [column.name for column in columns]

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        self._target.writelines(
            json.dumps(dict(zip(self._names, row, strict=True)), default=plain, ensure_ascii=False) + "\n"
            for row in rows
        )

    def close(self) -> None:
        pass


class _Parquet:
    """A row group for each batch. Numbers that need not be whole are doubles, objects are JSON text."""

    def __init__(self, target: Any, columns: Sequence[Column]) -> None:
        import pyarrow
        from pyarrow import parquet

        self._arrow = pyarrow
        types = {
            16: pyarrow.bool_(),
            20: pyarrow.int64(),
            23: pyarrow.int32(),
            1082: pyarrow.date32(),
            1184: pyarrow.timestamp("us", tz="UTC"),
            1700: pyarrow.float64(),
        }
        fields = [pyarrow.field(one.name, types.get(one.type_oid, pyarrow.string())) for one in columns]
        self._schema = pyarrow.schema(fields)
        self._writer = parquet.ParquetWriter(target.buffer, self._schema, compression="zstd")

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        columns = list(zip(*rows, strict=True))
        arrays = [
            self._arrow.array([_cell(value) for value in column], type=field.type)
            for column, field in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_batch(self._arrow.RecordBatch.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


_WRITERS: dict[Format, Callable[[IO[Any], Sequence[Column]], Writer]] = {
    Format.CSV: _Csv,
    Format.JSONL: _Jsonl,
    Format.PARQUET: _Parquet,
}


def _field(value: Any) -> Any:
    if isinstance(value, datetime | date | Decimal):
        return plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _cell(value)


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value


@contextmanager
def _target(output: Path | None) -> Iterator[IO[Any]]:
    """Stdout, or a new file beside the wanted one that takes its place at the end."""
    if output is None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8")  # data: a terminal's few characters must not change it
        yield sys.stdout
        sys.stdout.flush()
        return
    if output.exists() and not output.is_file():
        raise PressrunError(f"{output} is no file that could be replaced")
    temporary = output.with_name(f".{output.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("x", encoding="utf-8", newline="") as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        temporary.replace(output)
    except OSError as problem:
        raise PressrunError(f"cannot write {output}: {problem.strerror or problem}") from None
    finally:
        temporary.unlink(missing_ok=True)
