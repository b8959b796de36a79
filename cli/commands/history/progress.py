"""The bar of `harvest backfill` and `harvest reread`: on stderr, and only where a person looks at it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operations.history.backfills import BackfillStatus
    from operations.history.rereads import RereadStatus


@contextmanager
def progress() -> Iterator[Callable[[Sequence[BackfillStatus | RereadStatus]], None]]:
    """What is to be called with how they stand whenever that may have changed."""
    if not sys.stderr.isatty():
        yield lambda _found: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[work]}, {task.fields[rows]} rows"),
        TimeRemainingColumn(),
    )
    tasks: dict[tuple[str, str], TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as bar:

        def show(found: Sequence[BackfillStatus | RereadStatus]) -> None:
            for one in found:
                key = (one.account, one.kind)
                if key not in tasks:
                    tasks[key] = bar.add_task(" ".join(key), total=1.0, work="", rows=0)
                work = f"{one.calls} calls" if hasattr(one, "calls") else f"{one.answers} answers"
                bar.update(tasks[key], completed=one.progress, work=work, rows=one.rows)

        yield show
