"""Writing the rows of a view as CSV, JSON Lines or Parquet, batch by batch, whatever their number.

A file appears under its name when it is whole. Null is an empty field in CSV, null in the other two.
"""

from __future__ import annotations

import csv
import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Protocol

from models.reading.history.views import Answer, Column
from pressrun.errors import PressrunError
from pressrun.plain import plain


class Format(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"
    JSONL = "jsonl"


class NotWritten(PressrunError):
    """The file cannot be written; nothing of it is left."""

    type = "export.not_written"


class Writer(Protocol):
    def write(self, rows: Sequence[Sequence[Any]]) -> None: ...

    def close(self) -> None: ...


def write(answer: Answer, form: Format, target: Path | IO[Any]) -> int:
    """Write all rows to a file, or to a text stream that is open; returns how many. Raises NotWritten."""
    with _opened(target) as stream:
        writer = _WRITERS[form](stream, answer.columns)
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
def _opened(target: Path | IO[Any]) -> Iterator[IO[Any]]:
    """The stream, or a new file beside the wanted one that takes its place at the end."""
    if not isinstance(target, Path):
        yield target
        target.flush()
        return
    if target.exists() and not target.is_file():
        raise NotWritten(f"{target} is no file that could be replaced", field="output")
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("x", encoding="utf-8", newline="") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as problem:
        raise NotWritten(f"cannot write {target}: {problem.strerror or problem}", field="output") from None
    finally:
        temporary.unlink(missing_ok=True)
