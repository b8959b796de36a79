"""Asking what would be: the operation runs, its answer is true, and nothing of it stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from models.rehearsal import rehearsed
from operations.operation import Context


@contextmanager
def rehearsal(ctx: Context, *, dry_run: bool = True) -> Iterator[Context]:
    """A context in which all that is done is taken back at the end; without `dry_run`, `ctx` itself."""
    if not dry_run:
        yield ctx
        return
    with rehearsed(ctx.database) as database:
        yield Context(database, ctx.settings)
