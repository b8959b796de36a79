"""`/competitors` and `/hashtags`: what accounts read along with their own numbers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response
from pydantic import Field

from console.handlers.asking import Acting, Asked, Ctx, Cursor, Limit
from console.handlers.bodies import Body, example
from console.handlers.route import Router, asks
from operations.history import watches
from operations.history.watches import Target, WatchChanged, Watched
from operations.operation import Asker, Context
from pressrun.paging import Page, cut

router = Router("watches")


class NewWatch(Body):
    """Which account reads what along: a user name, or a hashtag with or without #."""

    model_config = example(account="harbour-bakery", name="rival")

    account: Annotated[str, Field(min_length=1)]
    name: Annotated[str, Field(min_length=1, max_length=200)]


@router.get("/competitors", summary="List competitors", **asks("watch.list"))
def list_competitors(
    ctx: Ctx, asker: Asked, account: str | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[Watched]:
    """Other accounts whose public numbers are read."""
    return _listed(ctx, asker, "competitor", account, cursor, limit)


@router.post("/competitors", summary="Watch a competitor", status_code=201, **asks("watch.add"))
def add_competitor(body: NewWatch, response: Response, ctx: Acting, asker: Asked) -> WatchChanged:
    """Read another account's public numbers from now on."""
    return _added(watches.watch(ctx, asker, body.account, Target.of(competitor=body.name)), response)


@router.delete("/competitors/{account}/{name}", summary="Stop watching a competitor", **asks("watch.end"))
def end_competitor(account: str, name: str, ctx: Acting, asker: Asked) -> WatchChanged:
    """Read it no more; what was read stays."""
    return watches.unwatch(ctx, asker, account, Target.of(competitor=name))


@router.get("/hashtags", summary="List hashtags", **asks("watch.list"))
def list_hashtags(
    ctx: Ctx, asker: Asked, account: str | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[Watched]:
    """Hashtags whose media are read."""
    return _listed(ctx, asker, "hashtag", account, cursor, limit)


@router.post("/hashtags", summary="Watch a hashtag", status_code=201, **asks("watch.add"))
def add_hashtag(body: NewWatch, response: Response, ctx: Acting, asker: Asked) -> WatchChanged:
    """Read the media below a hashtag from now on, within Instagram's 30 hashtags in 7 days."""
    return _added(watches.watch(ctx, asker, body.account, Target.of(hashtag=body.name)), response)


@router.delete("/hashtags/{account}/{name}", summary="Stop watching a hashtag", **asks("watch.end"))
def end_hashtag(account: str, name: str, ctx: Acting, asker: Asked) -> WatchChanged:
    """Read it no more; what was read stays."""
    return watches.unwatch(ctx, asker, account, Target.of(hashtag=name))


def _listed(
    ctx: Context, asker: Asker, kind: str, account: str | None, cursor: str | None, limit: int
) -> Page[Watched]:
    found = [one for one in watches.list_watches(ctx, asker, account) if one.kind == kind]
    return cut(f"{kind}s", found, lambda one: f"{one.account}\n{one.name}", cursor=cursor, limit=limit)


def _added(changed: WatchChanged, response: Response) -> WatchChanged:
    if not changed.has_changed:
        response.status_code = 200
    return changed
