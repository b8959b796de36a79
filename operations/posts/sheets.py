"""Campaign files as they are read, before anything is made of them: what a person corrects in place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from operations.operation import Asker, Context, Effect, Scope, operation
from pressrun.errors import Invalid
from scheduler.posts.files.reading import read_file
from scheduler.posts.files.rows import Unreadable
from scheduler.posts.wish import COLUMNS, REQUIRED

__all__ = ["COLUMNS", "REQUIRED", "Sheet"]

MOST_ROWS = 1_000


@dataclass(frozen=True)
class Sheet:
    """`columns`: those that the file has, in the order of campaigns. `rows`: column → text."""

    columns: tuple[str, ...]
    rows: list[dict[str, str]]


@operation("import.read", effect=Effect.READS, scope=Scope.PUBLISH)
def read(ctx: Context, asker: Asker, file: Path) -> Sheet:
    """The rows of a CSV, XLSX or JSON file, or of cells that were pasted. Raises Invalid when it is no campaign."""
    try:
        rows = [dict(row.fields) for row in read_file(file)]
    except Unreadable as problem:
        raise problem.called("this") from None
    if len(rows) > MOST_ROWS:
        said = f"a page shows {MOST_ROWS} rows, this has {len(rows)}: import it from the command line, or in parts"
        raise Invalid(said, type="import.too_many", field="file")
    used = {name for row in rows for name, text in row.items() if text.strip()} | set(REQUIRED)
    return Sheet(tuple(name for name in COLUMNS if name in used), rows)
