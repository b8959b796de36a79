"""`/media/…`: kept files under signed, expiring addresses, for Instagram to fetch. It lists nothing.

An address that we did not sign, or no longer honour, is refused before the disk is asked, so that it tells nothing
about what is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from console.instagram.ranges import satisfiable
from console.problems import problem
from pressrun import clock
from pressrun.media import links
from pressrun.media.store import EXTENSIONS, MediaNotKept, MediaStore


class MediaHost:
    """Serves the files of one media store.

    Args:
        keys: the signing keys that are honoured; more than one while secret keys are rotated.
    """

    def __init__(self, root: Path, keys: Sequence[bytes]) -> None:
        self._store, self._keys = MediaStore(root), tuple(keys)

    def router(self) -> APIRouter:
        router = APIRouter()
        # HEAD too: fetchers ask for size and type first.
        router.add_api_route("/media/{ticket}/{name}", self.serve, methods=["GET", "HEAD"])
        return router

    def serve(self, ticket: str, name: str) -> Response:
        now = clock.now()
        if not any(links.verify((ticket, name), now, key) for key in self._keys):
            return problem(403, "This address is not valid, or no longer.")
        sha256, _, extension = name.partition(".")
        try:
            path = self._store.path(sha256)
        except MediaNotKept:
            path = Path()
        if path.suffix != f".{extension}" or not path.is_file():
            return problem(404, "This file is not kept.")
        return _RangedFile(
            path,
            media_type=EXTENSIONS[extension].media_type,
            headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "private"},
            stat_result=path.stat(),
        )


class _RangedFile(FileResponse):
    """A file whose ranges are those of RFC 9110: the framework answers 400 to what a server has to ignore."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = self.stat_result.st_size if self.stat_result else 0
        asked = Headers(scope=scope).get("range")
        if asked is not None:
            given = satisfiable(asked, size)
            headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
            scope = {**scope, "headers": headers + ([(b"range", given.encode())] if given else [])}
        await super().__call__(scope, receive, send)
