"""`/imports`: campaigns, as rows or as a file, all of which is queued or nothing."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from console.handlers.asking import Acting, Asked, Ctx, Cursor, DryRun, Limit, Number
from console.handlers.bodies import Body, Draft, example
from console.handlers.pieces import spooled
from console.handlers.posts.posts import KeepMedia, Late
from console.handlers.problems import require_none
from console.handlers.route import LARGEST_BODY, Router, asks
from operations.posts import campaigns
from operations.posts.campaigns import CampaignShown
from pressrun.paging import Page

router = Router("imports")

Name = Annotated[str | None, Query(max_length=200, description="What the file is called.")]
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class NewImport(Body):
    """Rows of a campaign: each as a post of its own would be written."""

    model_config = example(
        name="december",
        rows=[
            {
                "account": "harbour-bakery",
                "publish_at": "2030-12-26T09:00",
                "type": "image",
                "media": ["https://media.example.com/bread.jpg"],
                "caption": "Rolls",
            }
        ],
    )

    rows: Annotated[list[Draft], Field(min_length=1, max_length=5000)]
    name: Annotated[str | None, Field(max_length=200)] = None


@router.get("/imports", summary="List imports", **asks("import.list"))
def list_imports(ctx: Ctx, asker: Asked, cursor: Cursor = None, limit: Limit = 50) -> Page[CampaignShown]:
    """Imports, newest first."""
    return campaigns.list_campaigns(ctx, asker, cursor=cursor, limit=limit)


@router.get("/imports/{number}", summary="Show an import", **asks("import.show"))
def show_import(number: Number, ctx: Ctx, asker: Asked) -> CampaignShown:
    """What became of an import: its posts, or what was wrong with its rows."""
    return campaigns.show(ctx, asker, number)


@router.post("/imports", summary="Import rows", status_code=201, **asks("import.add"))
def add_import(
    body: NewImport,
    response: Response,
    ctx: Acting,
    asker: Asked,
    late: Late = False,
    keep_media: KeepMedia = False,
    dry_run: DryRun = False,
) -> CampaignShown:
    """Queue all rows, or none if one of them is wrong: then each problem has the number of its row as `line`."""
    rows = [one.said() for one in body.rows]
    done = campaigns.hand_in(ctx, asker, rows, name=body.name, keep_media=keep_media, late=late)
    return _done(done, response, dry_run=dry_run)


def _raw() -> dict[str, Any]:
    told = asks("import.add_file", streams=True)
    told["openapi_extra"] |= _FILE
    return told


@router.post("/imports/file", summary="Import a file", status_code=201, **_raw())
async def add_import_file(
    request: Request,
    response: Response,
    ctx: Acting,
    asker: Asked,
    name: Name = None,
    late: Late = False,
    keep_media: KeepMedia = False,
    dry_run: DryRun = False,
) -> CampaignShown:
    """The same of a CSV, XLSX or JSON file, which is the body; each problem has its line."""
    async with spooled(request, most_bytes=LARGEST_BODY) as path:
        done = await run_in_threadpool(
            campaigns.hand_in_file, ctx, asker, path, name=name, keep_media=keep_media, late=late
        )
    return _done(done, response, dry_run=dry_run)


def _done(done: CampaignShown, response: Response, *, dry_run: bool) -> CampaignShown:
    require_none(done.flaws, has_lines=True)
    if not dry_run:
        response.headers["Location"] = f"/api/v1/imports/{done.id}"
    return done
