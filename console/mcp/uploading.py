"""Signed addresses to which a file is sent without a key: `/mcp/uploads/{upload}/{key}-{expiry}-{signature}`.

An address takes the bytes of one upload for an hour, on behalf of the key that began it: no longer than that key is
honoured itself.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool

from console.handlers.pieces import require_plain, spooled
from console.handlers.problems import MEDIA_TYPE, body_of, status_of
from operations.access import door
from operations.access.door import DOOR
from operations.operation import Asker, Context, Face, NotAllowed
from operations.outages import Outages
from operations.posts import uploads
from operations.posts.uploads import LARGEST_BYTES, Upload
from pressrun import clock
from pressrun.errors import PressrunError

PATH = "/mcp/uploads"
HONOURED_FOR = timedelta(hours=1)
_TICKET = re.compile(r"([0-9]{1,18})-([0-9]{1,12})-([0-9a-f]{64})", re.ASCII)
_UPLOAD = TypeAdapter(Upload)


def address(ctx: Context, asker: Asker, base_url: str, upload: str, *, expires_at: datetime) -> str:
    """Where the bytes of that upload go on behalf of whoever asks. Raises NotAllowed for one who has no key."""
    if asker.key_id is None:
        raise NotAllowed("an upload by this face is begun with a key")
    told = f"{asker.key_id}-{int(expires_at.timestamp())}"
    key = derive_key(ctx.settings.keys()[0])
    return f"{base_url.rstrip('/')}{PATH}/{upload}/{told}-{_mac(told, upload, key)}"


def derive_key(secret_key: str) -> bytes:
    """The signing key that belongs to one key of PRESSRUN_SECRET_KEYS."""
    return hmac.new(secret_key.encode(), b"pressrun upload addresses v1", hashlib.sha256).digest()


class Uploads:
    """Takes what is sent to such an address."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.add_api_route(f"{PATH}/{{upload}}/{{ticket}}", self.take, methods=["PUT", "PATCH"])
        return router

    async def take(
        self,
        upload: str,
        ticket: str,
        request: Request,
        upload_offset: Annotated[int, Header(alias="Upload-Offset", ge=0, le=LARGEST_BYTES)] = 0,
    ) -> Response:
        """Add the bytes, from `Upload-Offset` on; with the last one the file is checked and kept."""
        require_plain(request)
        try:
            asker = await run_in_threadpool(self._on_behalf_of, upload, ticket)
            async with spooled(request, most_bytes=LARGEST_BYTES) as piece:
                shown = await run_in_threadpool(self._append, asker, upload, piece, upload_offset)
        except PressrunError as error:
            return JSONResponse(body_of(error), status_of(error), media_type=MEDIA_TYPE)
        told: dict[str, Any] = _UPLOAD.dump_python(shown, mode="json")
        return JSONResponse(told, headers={"Upload-Offset": str(shown.offset)})

    def _append(self, asker: Asker, upload: str, piece: Path, offset: int) -> Upload:
        with Outages():
            return uploads.append(self._ctx, asker, upload, piece, offset=offset)

    def _on_behalf_of(self, upload: str, ticket: str) -> Asker:
        """Raises NotAllowed."""
        told = _TICKET.fullmatch(ticket)
        refused = NotAllowed("this address is not honoured, or no longer: begin the upload again")
        if told is None:
            raise refused
        key_id, expiry, signature = told.groups()
        secrets = self._ctx.settings.keys()
        macs = [_mac(f"{key_id}-{expiry}", upload, derive_key(one)) for one in secrets]
        is_ours = any(hmac.compare_digest(mac, signature) for mac in macs)
        if not is_ours or clock.now().timestamp() >= int(expiry):
            raise refused
        with Outages():
            asker = door.by_key_number(self._ctx, DOOR, int(key_id), face=Face.MCP)
        if asker is None:
            raise refused
        return asker


def _mac(told: str, upload: str, key: bytes) -> str:
    return hmac.new(key, f"{upload}/{told}".encode(), hashlib.sha256).hexdigest()
