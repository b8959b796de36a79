"""`/media` and `/uploads`: files that posts are to have, handed in whole or in pieces."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import Header, Path, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from console.handlers.asking import Acting, Asked, Ctx
from console.handlers.bodies import Body, example
from console.handlers.pieces import spooled
from console.handlers.problems import PREFIX
from console.handlers.route import Router, asks
from operations.posts import fixing, uploads
from operations.posts.fixing import Fix, Judgement, Said
from operations.posts.uploads import LARGEST_BYTES, KeptMedia, Upload
from pressrun.errors import Unknown

router = Router("media")

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
Reference = Annotated[str, Field(max_length=110, description="`kept:` and a SHA-256, or `lib:` and a name.")]
Use = Literal["feed", "reel", "story", "cover", "carousel"]
_FIRST = "Of a carousel the item whose shape all get: `kept:` and a SHA-256, or `lib:` and a name."

UploadId = Annotated[str, Path(max_length=64)]
_BYTES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class NewUpload(Body):
    """How many bytes the file has."""

    model_config = example(size_bytes=1_000_000)

    size_bytes: Annotated[int, Field(ge=1, le=LARGEST_BYTES)]


class NewFix(Body):
    """How a file is to be made right; by default for the feed, or as a reel, padded where its shape does not fit."""

    model_config = example(use="feed", ratio="crop", focus="0.5,0.3")

    use: Use | None = None
    ratio: Annotated[Literal["pad", "crop"] | None, Field(description="How a picture is brought into shape.")] = None
    pad_color: Annotated[str, Field(max_length=40, description="Colour around it, or `blur`.")] = "white"
    focus: Annotated[str, Field(max_length=40, description="What a crop keeps in its middle; 0,0 is the top left.")] = (
        "0.5,0.5"
    )
    trim_to_limit: Annotated[bool, Field(description="Cut a video that is too long.")] = False
    silent_track: Annotated[bool, Field(description="Give a video without sound a silent track.")] = False
    cover_at: Annotated[str | None, Field(max_length=30, description="Make a cover of the frame shown then.")] = None
    first: Annotated[Reference | None, Field(description=_FIRST)] = None
    account: Annotated[str | None, Field(max_length=100, description="Whose it is.")] = None


def _raw(operation: str) -> dict[str, Any]:
    told = asks(operation, streams=True)
    told["openapi_extra"] |= _BYTES
    return told


@router.post("/media", summary="Keep a file", status_code=201, **_raw("media.keep"))
async def keep_media(request: Request, response: Response, ctx: Ctx, asker: Asked) -> KeptMedia:
    """Keep a JPEG, PNG, MP4 or MOV file: the body is the file. Posts name it by its `reference`."""
    async with spooled(request, most_bytes=LARGEST_BYTES) as path:
        kept = await run_in_threadpool(uploads.hand_in, ctx, asker, path)
    response.headers["Location"] = f"/api/v1/media/{kept.sha256}"
    return kept


@router.get("/media/{sha256}", summary="Show a kept file", **asks("media.kept"))
def show_media(sha256: Sha256, ctx: Ctx, asker: Asked) -> KeptMedia:
    """What a kept file holds."""
    return uploads.look(ctx, asker, sha256)


@router.get("/media/{sha256}/check", summary="Check a kept file", **asks("media.check"))
def check_media(
    sha256: Sha256,
    ctx: Ctx,
    asker: Asked,
    use: Annotated[Use | None, Query(description="What it is to serve as; else all that it can be.")] = None,
    first: Annotated[str | None, Query(max_length=110, description=_FIRST)] = None,
) -> Judgement:
    """Whether Instagram takes a kept file, and for what, with all that is wrong."""
    found = fixing.check(ctx, asker, f"kept:{sha256}", use=use, first=first)
    return replace(found, faults=tuple(replace(one, type=PREFIX + one.type) for one in found.faults))


@router.post("/media/{sha256}/fixes", summary="Make a kept file right", status_code=202, **asks("media.fix"))
def fix_media(sha256: Sha256, body: NewFix, response: Response, ctx: Acting, asker: Asked) -> Fix:
    """Have a worker make a file of it that Instagram takes. It stays, and the same is made once."""
    said = Said(**body.model_dump(exclude={"first", "account"}))
    asked = fixing.fix(ctx, asker, f"kept:{sha256}", said, first=body.first, account=body.account)
    response.headers["Location"] = f"/api/v1/media/{sha256}/fixes/{asked.key}"
    return asked


@router.get("/media/{sha256}/fixes/{key}", summary="Show what a file becomes", **asks("media.fixed"))
def show_fix(sha256: Sha256, key: Sha256, ctx: Ctx, asker: Asked) -> Fix:
    """How far making it right is; what it became and what was changed, or why it cannot be."""
    return fixing.fixed(ctx, asker, sha256, key)


@router.get("/media/{sha256}/origin", summary="Show what a file was made from", **asks("media.origins"))
def show_origin(sha256: Sha256, ctx: Ctx, asker: Asked) -> Fix:
    """What a kept file was made from, and how."""
    found = fixing.origins(ctx, asker, [f"kept:{sha256}"])
    if not found:
        raise Unknown("it was made from no other file", type="fix.unknown", field="sha256")
    return next(iter(found.values()))


@router.post("/uploads", summary="Begin an upload", status_code=201, **asks("media.begin"))
def begin_upload(body: NewUpload, response: Response, ctx: Ctx, asker: Asked) -> Upload:
    """Begin an upload in pieces, which survives broken connections and restarts. It is kept for a day."""
    upload = uploads.begin(ctx, asker, body.size_bytes)
    response.headers["Location"] = f"/api/v1/uploads/{upload.id}"
    response.headers["Upload-Offset"] = "0"
    return upload


@router.get("/uploads/{upload}", summary="Show an upload", **asks("media.upload"))
def show_upload(upload: UploadId, response: Response, ctx: Ctx, asker: Asked) -> Upload:
    """How far an upload has come: where the next piece begins. Once it is over, for a day, what it became."""
    shown = uploads.show(ctx, asker, upload)
    response.headers["Upload-Offset"] = str(shown.offset)
    return shown


@router.patch("/uploads/{upload}", summary="Add a piece", **_raw("media.append"))
async def add_piece(
    upload: UploadId,
    request: Request,
    response: Response,
    ctx: Ctx,
    asker: Asked,
    upload_offset: Annotated[int, Header(alias="Upload-Offset", ge=0, le=LARGEST_BYTES)],
) -> Upload:
    """Add the next bytes, from `Upload-Offset` on. With the last piece the file is checked, and `media` names it."""
    async with spooled(request, most_bytes=LARGEST_BYTES) as piece:
        shown = await run_in_threadpool(uploads.append, ctx, asker, upload, piece, offset=upload_offset)
    response.headers["Upload-Offset"] = str(shown.offset)
    return shown


@router.delete("/uploads/{upload}", summary="Abandon an upload", status_code=204, **asks("media.abandon"))
def abandon_upload(upload: UploadId, ctx: Ctx, asker: Asked) -> None:
    """Throw away what is there of an upload."""
    uploads.abandon(ctx, asker, upload)
