"""`/media` and `/uploads`: files that posts are to have, handed in whole or in pieces."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Header, Path, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from console.api.asking import Asked, Ctx
from console.api.bodies import Body, example
from console.api.pieces import spooled
from console.api.route import Router, asks
from operations import uploads
from operations.uploads import LARGEST_BYTES, KeptMedia, Upload

router = Router("media")

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
def show_media(sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")], ctx: Ctx, asker: Asked) -> KeptMedia:
    """What a kept file holds."""
    return uploads.look(ctx, asker, sha256)


@router.post("/uploads", summary="Begin an upload", status_code=201, **asks("media.begin"))
def begin_upload(body: NewUpload, response: Response, ctx: Ctx, asker: Asked) -> Upload:
    """Begin an upload in pieces, which survives broken connections and restarts. It is kept for a day."""
    upload = uploads.begin(ctx, asker, body.size_bytes)
    response.headers["Location"] = f"/api/v1/uploads/{upload.id}"
    response.headers["Upload-Offset"] = "0"
    return upload


@router.get("/uploads/{upload}", summary="Show an upload", **asks("media.upload"))
def show_upload(upload: UploadId, response: Response, ctx: Ctx, asker: Asked) -> Upload:
    """How far an upload has come: where the next piece begins."""
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
