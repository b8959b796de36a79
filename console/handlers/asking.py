"""What handlers are given: who asks, and a context to ask in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request
from fastapi.concurrency import contextmanager_in_threadpool

from operations.operation import Asker, Context
from pressrun.errors import Conflict, Invalid
from pressrun.paging import MOST
from pressrun.versions import Seen


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
_TAG = r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"'
_TAGS = re.compile(rf"[ \t,]*{_TAG}(?:[ \t]*,[ \t,]*{_TAG})*[ \t,]*")
_VERSION = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)


async def _if_match(
    request: Request,
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=200,
            description="The ETag of what was seen, or several: refused if there is a newer one. `*`: whichever it is.",
        ),
    ] = None,
) -> Seen:
    return seen_by(request.headers.getlist("if-match"))  # two headers of a name are one list


IfMatch = Annotated[Seen, Depends(_if_match)]


def seen_by(lines: Sequence[str]) -> Seen:
    """The versions that `If-Match` names (RFC 9110 §13.1.1). What is no version of ours is none that was seen.

    Raises Invalid for what is no list of ETags; Conflict where all are weak: they match nothing.
    """
    said = ",".join(lines).strip(" \t")
    if not lines or said == "*":
        return None
    if not _TAGS.fullmatch(said):
        told = 'this is no list of ETags: write "3", "3", "4" or *'
        raise Invalid(told, type="etag.invalid", field="If-Match")
    tags = re.findall(_TAG, said)
    if all(weak for weak, _ in tags):
        told = "a weak ETag (W/) matches nothing: take it as the API tells it, past a proxy that packs answers"
        raise Conflict(told, type="etag.weak", field="If-Match")
    found = tuple(int(tag) for weak, tag in tags if not weak and _VERSION.fullmatch(tag))
    return found[0] if len(found) == 1 else found


def etag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'
