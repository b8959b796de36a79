"""The way out, for fetching media and sending webhooks: one request, one connection, no redirects, no environment.

Loading the HTTP and media libraries takes a while on a busy machine, so a thread does that right after the start: the
first call must not pay for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpcore


class Unreachable(Exception):
    """There was no complete answer."""

    def __init__(self, *, is_timeout: bool = False) -> None:
        super().__init__()
        self.is_timeout = is_timeout


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and headers; the body comes in pieces."""

    status: int
    content_type: str
    pieces: AsyncIterator[bytes]

    async def body(self, most: int) -> bytes:
        data = bytearray()
        async for piece in self.pieces:
            data += piece
            if len(data) > most:
                break
        return bytes(data)


class Outbound:
    """Loads on first need, or ahead of it; built once."""

    def __init__(self, *, needs_media: bool) -> None:
        self._needs_media = needs_media
        self._loading: asyncio.Task[httpcore.AsyncConnectionPool] | None = None

    def warm_up(self) -> None:
        if self._loading is None:
            self._loading = asyncio.get_running_loop().create_task(self._load())

    @contextlib.asynccontextmanager
    async def ask(
        self, method: str, url: str, headers: dict[str, str], *, content: bytes | None = None, within_s: float
    ) -> AsyncIterator[Reply]:
        """Send a request; reading the body falls under the same deadline. Raises Unreachable."""
        if not url.isascii() or not url.startswith(("http://", "https://")):
            raise Unreachable
        self.warm_up()
        assert self._loading is not None  # noqa: S101 - just set
        pool = await asyncio.shield(self._loading)
        import httpcore

        try:
            async with (
                asyncio.timeout(within_s),
                pool.stream(method, url, headers=list(headers.items()), content=content) as answer,
            ):
                kinds = [value for name, value in answer.headers if name.lower() == b"content-type"]
                kind = kinds[0].decode("latin-1") if kinds else ""
                yield Reply(answer.status, kind, answer.aiter_stream())
        except (TimeoutError, httpcore.TimeoutException):
            raise Unreachable(is_timeout=True) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, ValueError):
            raise Unreachable from None

    async def close(self) -> None:
        if self._loading is not None:
            await (await self._loading).aclose()

    async def _load(self) -> httpcore.AsyncConnectionPool:
        return await asyncio.to_thread(_libraries, needs_media=self._needs_media)


def _libraries(*, needs_media: bool) -> httpcore.AsyncConnectionPool:
    import httpcore

    from pressrun.network.trust import authorities

    if needs_media:
        import av  # noqa: F401 - loaded ahead of use
        from PIL import Image

        Image.preinit()
    # A connection that waits to be used again may be closed by the host at the moment of use.
    return httpcore.AsyncConnectionPool(ssl_context=authorities(), max_connections=64, max_keepalive_connections=0)
