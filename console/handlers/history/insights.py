"""`/insights`: the newest values, the curve of a media, accounts side by side, every view for people as of any time."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Path as InPath
from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from console.handlers.asking import Asked, Ctx
from console.handlers.route import Router, asks
from operations.history import exports, insights, side_by_side
from operations.history.coverage import parse_day
from operations.history.export_files import Format
from operations.history.insights import CurvePoint, Newest
from operations.history.side_by_side import AccountSpan, ComparedDay
from pressrun import clock

router = Router("insights")

_JSON, _CSV, _LINES, _PARQUET = (
    "application/json",
    "text/csv",
    "application/x-ndjson",
    "application/vnd.apache.parquet",
)
FORMS = {_JSON: Format.JSONL, _CSV: Format.CSV, _LINES: Format.JSONL, _PARQUET: Format.PARQUET}
"""Media type → the form that is written. JSON is made of lines as they are sent."""
_ALSO = {"application/jsonl": _LINES, "application/jsonlines": _LINES, "application/parquet": _PARQUET}
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class Curve:
    """Every change of one media's values, oldest first."""

    items: list[CurvePoint]


@router.get("/insights/newest", summary="Show the newest values", **asks("insight.newest"))
def newest_insights(
    ctx: Ctx,
    asker: Asked,
    account: str | None = None,
    since: Annotated[str | None, Query(description="From then on; the last 7 days unless it is said.")] = None,
) -> Newest:
    """The newest values of one or all accounts and of their media."""
    return insights.newest(ctx, asker, account, insights.parse_since(since))


@router.get("/insights/media/{media}/curve", summary="Show a media's curve", **asks("insight.curve"))
def media_curve(
    media: Annotated[str, InPath(description="Instagram's id of it.")], ctx: Ctx, asker: Asked, since: str | None = None
) -> Curve:
    """Every change of one media's values."""
    return Curve(insights.curve(ctx, asker, media, insights.parse_since(since)))


@dataclass(frozen=True)
class Compared:
    """Instagram's days from `since` to before `until`. `days`: one number day by day, where it was asked for."""

    since: date
    until: date
    as_of: datetime | None
    accounts: list[AccountSpan]
    days: list[ComparedDay]


@router.get("/insights/compare", summary="Compare accounts", **asks("insight.compare"))
def compare_accounts(
    ctx: Ctx,
    asker: Asked,
    account: Annotated[
        list[str], Query(min_length=2, max_length=side_by_side.MOST_ACCOUNTS, description="Repeatable: two to eight.")
    ],
    since: Annotated[str | None, Query(description="The first day; 28 days before the end unless it is said.")] = None,
    until: Annotated[str | None, Query(description="The day after the last one; today unless it is said.")] = None,
    as_of: Annotated[str | None, Query(description="As it was known then.")] = None,
    metric: Annotated[str | None, Query(description="Also day by day: reach, views, followers, …")] = None,
) -> Compared:
    """Several accounts side by side over a span, each beside its own span before.

    Of people a span has its median day, of all else the sum of its days. Nothing is added up over accounts.
    """
    wanted = side_by_side.parse_metric(metric)
    days = {"since": parse_day(since, field="since"), "until": parse_day(until, field="until")}
    found = side_by_side.compare(ctx, asker, account, **days, as_of=as_of)
    bounds = found.bounds
    daily = [] if wanted is None else found.daily(wanted)
    return Compared(bounds.since_on, bounds.until_on, bounds.as_of, found.accounts, daily)


@router.get(
    "/insights/views/{view}",
    summary="Take out a view",
    response_class=Response,
    responses={
        200: {
            "description": "Every row, in a fixed order, from one snapshot of the database.",
            "content": {
                _JSON: {"schema": {"type": "array", "items": {"type": "object"}}},
                _CSV: {"schema": {"type": "string"}},
                _LINES: {"schema": {"type": "string"}},
                _PARQUET: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
    **asks("insight.export"),
)
def take_out_view(
    view: Annotated[str, InPath(description="coverage, account_daily, media_curve, media_totals, story_final, …")],
    request: Request,
    ctx: Ctx,
    asker: Asked,
    account: str | None = None,
    since: Annotated[str | None, Query(description="A day where the view has days, else a time.")] = None,
    until: Annotated[str | None, Query(description="Where it ends, not included.")] = None,
    as_of: Annotated[str | None, Query(description="As it was known then.")] = None,
) -> Response:
    """The rows of a view as `Accept` says: JSON, CSV, JSON Lines or Parquet.

    They are written to a file at the database's speed and sent from there at the client's: a slow one holds nothing.
    """
    media_type = form_of(request.headers.get("accept"))
    wish = exports.Wish.parse(view, FORMS[media_type], as_of=as_of, since=since, until=until, now=clock.now())
    folder = ctx.settings.home / "exports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(prefix="view-", dir=folder)
    os.close(handle)
    path = Path(name)
    try:
        exports.export(ctx, asker, wish, path, account)
        stream = path.open("rb")
    finally:
        path.unlink(missing_ok=True)  # what is open stays readable, and is gone with its reader
    headers = {"Content-Disposition": f'attachment; filename="{wish.view}.{_ENDINGS[media_type]}"', "Vary": "Accept"}
    return StreamingResponse(_sent(stream, as_array=media_type == _JSON), media_type=media_type, headers=headers)


_ENDINGS = {_JSON: "json", _CSV: "csv", _LINES: "jsonl", _PARQUET: "parquet"}


def form_of(accept: str | None) -> str:
    """The media type that is sent for an `Accept` header. Raises HTTPException: 406 when there is none."""
    for asked in sorted((accept or "*/*").split(","), key=_weight, reverse=True):
        name = asked.partition(";")[0].strip().lower()
        name = _ALSO.get(name, name)
        if name in FORMS and _weight(asked) > 0:
            return name
        if name in {"*/*", "application/*", ""}:
            return _JSON
        if name == "text/*":
            return _CSV
    raise HTTPException(406, f"there are {', '.join(FORMS)}")


def _weight(asked: str) -> float:
    for parameter in asked.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _sent(stream: Any, *, as_array: bool) -> Iterator[bytes]:
    with stream:
        if not as_array:
            while chunk := stream.read(_CHUNK):
                yield chunk
            return
        yield b"["
        is_first, gathered = True, bytearray()
        for line in stream:
            gathered += (b"" if is_first else b",") + line.rstrip(b"\n")
            is_first = False
            if len(gathered) >= _CHUNK:
                yield bytes(gathered)
                gathered.clear()
        yield bytes(gathered) + b"]"
