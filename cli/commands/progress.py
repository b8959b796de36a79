"""The bar of `harvest backfill`: on stderr, and only where a person looks at it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Rows = list[dict[str, Any]]


@contextmanager
def progress() -> Iterator[Callable[[Rows], None]]:
    """What is to be called with the rows whenever they may have changed."""
    if not sys.stderr.isatty():
        yield lambda _rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[calls]} calls, {task.fields[rows]} rows"),
        TimeRemainingColumn(),
    )
    tasks: dict[tuple[str, str], TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as bar:

        def show(rows: Rows) -> None:
            for row in rows:
                key = (row["account"], row["kind"])
                if key not in tasks:
                    tasks[key] = bar.add_task(" ".join(key), total=1.0, calls=0, rows=0)
                bar.update(tasks[key], completed=row["progress"], calls=row["calls"], rows=row["rows"])

        yield show
