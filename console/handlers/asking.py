"""What handlers are given: who asks, and a context to ask in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request
from fastapi.concurrency import contextmanager_in_threadpool

from operations.operation import Asker, Context
from pressrun.errors import Conflict
from pressrun.paging import MOST


async def _context(request: Request) -> Context:
    ctx: Context = request.app.state.ctx
    return ctx


async def _asker(request: Request) -> Asker:
    asker: Asker = request.state.asker
    return asker


Ctx = Annotated[Context, Depends(_context)]
Asked = Annotated[Asker, Depends(_asker)]

DryRun = Annotated[bool, Query(description="Say what would come of it, and change nothing.")]


async def _acting(ctx: Ctx, dry_run: DryRun = False) -> AsyncIterator[Context]:
    if not dry_run:  # what is asked most takes no turn in a thread to begin, and none to end
        yield ctx
        return
    async with contextmanager_in_threadpool(ctx.rehearsal()) as here:
        yield here


Acting = Annotated[Context, Depends(_acting, scope="function")]
"""A context to change something in; with `dry_run` all of it is taken back."""

Number = Annotated[int, Path(ge=1, le=2**63 - 1, description="Our number of it.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Items of a page.")]
Cursor = Annotated[str | None, Query(max_length=2000, description="`next_cursor` of the page before.")]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=200, description="The ETag of what was seen: refused if there is a newer one."),
]


def version_of(if_match: str | None) -> int | None:
    """The version that was seen; None where any will do. Raises Conflict for what is no version of ours."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = if_match.strip().removeprefix("W/")
    if len(tag) > 2 and tag[0] == tag[-1] == '"' and tag[1:-1].isascii() and tag[1:-1].isdigit() and len(tag) < 12:
        return int(tag[1:-1])
    raise Conflict("this ETag is of no version: take the one that came with it", type="post.changed", field="If-Match")


def etag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'
