"""The bar of `harvest backfill`: on stderr, and only where a person looks at it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operations.backfills import BackfillStatus


@contextmanager
def progress() -> Iterator[Callable[[list[BackfillStatus]], None]]:
    """What is to be called with how the backfills stand whenever that may have changed."""
    if not sys.stderr.isatty():
        yield lambda _found: None
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

        def show(found: list[BackfillStatus]) -> None:
            for one in found:
                key = (one.account, one.kind)
                if key not in tasks:
                    tasks[key] = bar.add_task(" ".join(key), total=1.0, calls=0, rows=0)
                bar.update(tasks[key], completed=one.progress, calls=one.calls, rows=one.rows)

        yield show
