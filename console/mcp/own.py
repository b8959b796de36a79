"""Tools whose form is their own: what the API sends as a stream or takes as bytes."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query

from console.handlers.asking import Asked, Ctx, Cursor, Limit
from console.handlers.posts.media import NewUpload
from console.mcp import uploading
from console.mcp.tool import BaseUrl
from operations.history import exports
from operations.history.export_files import Format
from operations.posts import uploads
from operations.posts.uploads import KeptMedia
from operations.upkeep import news
from operations.upkeep.news import Feed, Place, Source
from pressrun import clock
from pressrun.paging import cursor_of, place_of

_HOW = (
    "PUT the whole file to upload_url, or PATCH pieces of it with the header Upload-Offset; no key is needed. "
    "The answer to the last byte holds media.reference, by which posts name it."
)


@dataclass(frozen=True)
class UploadOffered:
    """An upload that awaits its bytes: `offset` of `size_bytes` are there, at `upload_url` until `expires_at`."""

    id: str
    size_bytes: int
    offset: int
    media: KeptMedia | None
    upload_url: str
    upload_how: str
    expires_at: datetime


@dataclass(frozen=True)
class Rows:
    """Rows of a view, each an object of its columns. `as_of`: what was known then; all pages are of that time."""

    items: list[dict[str, Any]]
    as_of: datetime
    next_cursor: str | None


@dataclass(frozen=True)
class Happened:
    """One thing that happened."""

    source: Source
    number: int
    at: datetime
    told: dict[str, Any]


@dataclass(frozen=True)
class News:
    """What happened, each source in its order. `next_cursor` goes on behind it, now or later: there is always one."""

    items: list[Happened]
    next_cursor: str


def begin_upload(ctx: Ctx, asker: Asked, body: NewUpload, base: BaseUrl) -> UploadOffered:
    """Begin an upload of a JPEG, PNG, MP4 or MOV file. The answer holds an address, good for an hour, to which whoever
    has the file sends it: the bytes never go through the conversation. `media_upload` tells how far it has come.
    """
    begun = uploads.begin(ctx, asker, body.size_bytes)
    expires_at = clock.now() + uploading.HONOURED_FOR
    url = uploading.address(ctx, asker, base.address, begun.id, expires_at=expires_at)
    return UploadOffered(**vars(begun), upload_url=url, upload_how=_HOW, expires_at=expires_at)


def read_view(
    ctx: Ctx,
    asker: Asked,
    view: Annotated[str, Query(description="coverage, account_daily, media_curve, media_totals, story_final, …")],
    account: Annotated[str | None, Query(description="Name or Instagram id.")] = None,
    since: Annotated[str | None, Query(description="A day where the view has days, else a time.")] = None,
    until: Annotated[str | None, Query(description="Where it ends, not included.")] = None,
    as_of: Annotated[str | None, Query(description="As it was known then; now unless it is said.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Rows:
    """The rows of a view of the history, in a fixed order, page by page; each page is of the same moment, but for those
    of coverage, which tells of now alone.
    """
    now = clock.now()
    place = place_of(f"view {view}", cursor, datetime, int)
    begins = 0 if place is None else place[1]
    wish = exports.Wish.parse(view, Format.JSONL, as_of=as_of, since=since, until=until, now=now)
    at = place[0] if place is not None else wish.as_of or now
    if wish.has_past:
        wish = replace(wish, as_of=at)
    window: Any = _Window(begins, limit + 1)
    with suppress(_Full):
        exports.export(ctx, asker, wish, window, account)
    next_cursor = cursor_of(f"view {view}", at, begins + limit) if len(window.lines) > limit else None
    return Rows([json.loads(line) for line in window.lines[:limit]], at, next_cursor)


def show_events(
    ctx: Ctx,
    asker: Asked,
    source: Annotated[list[Source] | None, Query(description="Only these.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> News:
    """Posts that changed their state, notices, readings that ended: behind a cursor, or the latest. Nothing is passed
    over between two calls, whatever lies between them.
    """
    feed = Feed(ctx)
    feed.begin()
    upto = feed.cursor()
    place = place_of("events", cursor, str)
    places = dict(news.Cursor.parse(place[0]).places) if place else {}
    items: list[Happened] = []
    at = upto
    for one in Source:
        last = upto.places[one]
        behind = places.get(one, Place(max(0, last.top - limit)))
        if one not in (source or Source):
            at = at.at(one, behind)
            continue
        found = list(news.past(ctx, asker, one, behind=behind, upto=last))
        shown = found[: max(0, limit - len(items))]
        items += [Happened(one, each.id, each.at, dict(each.told)) for each in shown]
        if len(shown) == len(found):
            at = at.at(one, behind.through(last.top, last))
        else:
            at = at.at(one, behind.through(shown[-1].id, last) if shown else behind)
    return News(items, cursor_of("events", str(at)))


class _Full(Exception):
    """There are as many rows as were wanted."""


class _Window:
    """What of a stream of lines is wanted: from one line on, so many."""

    def __init__(self, begins: int, count: int) -> None:
        self._skip, self._count = begins, count
        self.lines: list[str] = []

    def writelines(self, lines: Any) -> None:
        for line in lines:
            if self._skip:
                self._skip -= 1
                continue
            self.lines.append(line)
            if len(self.lines) >= self._count:
                raise _Full

    def flush(self) -> None:
        pass
