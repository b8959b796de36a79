"""Bodies that are too large to hold: written to a file as they come, whatever their size and the client's speed."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

_AT_ONCE = 1024 * 1024


@asynccontextmanager
async def spooled(request: Request, *, most_bytes: int) -> AsyncIterator[Path]:
    """The body as a file below PRESSRUN_HOME, which is gone at the end. A slow client holds no thread.

    Raises HTTPException: 413 for a larger one, 400 when it was cut off.
    """
    folder = request.app.state.ctx.settings.home / "uploads"
    await run_in_threadpool(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced[:20]) > most_bytes:
        raise _too_large(most_bytes)
    with tempfile.NamedTemporaryFile(prefix=".piece-", dir=folder) as file:
        gathered, size = bytearray(), 0
        try:
            async for chunk in request.stream():
                gathered += chunk
                size += len(chunk)
                if size > most_bytes:
                    raise _too_large(most_bytes)
                if len(gathered) >= _AT_ONCE:
                    await run_in_threadpool(file.write, bytes(gathered))
                    gathered.clear()
        except ClientDisconnect:
            raise HTTPException(400, "the body was cut off") from None
        await run_in_threadpool(file.write, bytes(gathered))
        await run_in_threadpool(file.flush)
        yield Path(file.name)


def require_plain(request: Request) -> None:
    """Nothing is unpacked here: a packed file would be told to be no media, and packed JSON no JSON.

    Raises HTTPException: 415, with what is taken (RFC 9110 §15.5.16).
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        said = f"bodies are taken as they are, and not packed: leave out Content-Encoding: {coding[:40]}"
        raise HTTPException(415, said, {"Accept-Encoding": "identity"})


def _too_large(most_bytes: int) -> HTTPException:
    return HTTPException(413, f"a body has {most_bytes} bytes at most here", {"Connection": "close"})
