"""Fetches media as Instagram would: plain GET, no token, no redirects, Range offered; then looks inside.

What was probed is remembered by content hash, so the same file in a hundred posts is read by Pillow or PyAV once.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from simulator import checks, errors
from simulator.checks import ImageFacts, VideoFacts
from simulator.config import SimulatorConfig
from simulator.probe import probe_image, probe_video
from simulator.records import Kind, Source

if TYPE_CHECKING:
    import httpx

_AGENT = "facebookexternalua"
_AT_ONCE = 16
_NOT_MEDIA = ("text/", "application/json", "application/xml")


class NotFetched(Exception):
    """The media could not be downloaded."""

    def __init__(self, *, is_timeout: bool = False) -> None:
        super().__init__()
        self.is_timeout = is_timeout


class Fetcher:
    """Downloads, measures and judges media for containers."""

    def __init__(self, config: SimulatorConfig) -> None:
        self._config = config
        self._client: httpx.AsyncClient | None = None
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._images: dict[str, ImageFacts] = {}
        self._videos: dict[str, VideoFacts] = {}
        self.without_range: dict[str, int] = {}
        """Hosts of videos that ignored a Range request."""

    async def image(self, url: str, kind: Kind) -> Source:
        """Fetch and judge an image. Raises GraphError of §3.2."""
        if not self._config.fetch_media:
            return _unseen(url)
        try:
            data = await self._download(url, checks.IMAGE_BYTES)
        except NotFetched as failure:
            raise errors.fetch_timeout() if failure.is_timeout else errors.not_fetchable() from None
        digest = hashlib.sha256(data).hexdigest()
        facts = self._images.get(digest)
        if facts is None:
            facts = self._images[digest] = await asyncio.to_thread(probe_image, data)
        if facts.format is None and len(data) > checks.IMAGE_BYTES and data[:2] == b"\xff\xd8":
            raise errors.image_too_large()
        problem = checks.image_problem(kind, facts, len(data))
        if problem is not None:
            raise problem
        return Source(digest, len(data), facts.width, facts.height)

    async def video(self, url: str, kind: Kind, params: dict[str, Any]) -> Source | int:
        """Fetch and judge a video; the media subcode when it is refused."""
        if not self._config.fetch_media:
            return _unseen(url)
        handle, name = tempfile.mkstemp(prefix="simulator-", suffix=".media")
        path = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                digest, size = await self._download_to(url, file, checks.most_bytes(kind))
            return await self.judge(path, digest, size, kind, params)
        except NotFetched:
            return checks.VIDEO_NOT_FETCHED
        finally:
            path.unlink(missing_ok=True)

    async def judge(self, path: Path, digest: str, size: int, kind: Kind, params: dict[str, Any]) -> Source | int:
        """Look inside a video that is on disk."""
        facts = self._videos.get(digest)
        if facts is None:
            facts = self._videos[digest] = await asyncio.to_thread(probe_video, path)
        problem = checks.video_problem(kind, facts, size, params)
        if problem is not None:
            return problem
        return Source(digest, size, facts.width, facts.height, facts.duration_s)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def _download(self, url: str, most: int) -> bytes:
        data = bytearray()
        await self._stream(url, {}, data.extend, most)
        return bytes(data)

    async def _download_to(self, url: str, file: IO[bytes], most: int) -> tuple[str, int]:
        digest = hashlib.sha256()

        def keep(chunk: bytes) -> None:
            file.write(chunk)
            digest.update(chunk)

        size = await self._stream(url, {"range": "bytes=0-"}, keep, most)
        return digest.hexdigest(), size

    async def _stream(self, url: str, headers: dict[str, str], keep: Callable[[bytes], object], most: int) -> int:
        """Feed the body to `keep` until its end or until more than `most` bytes came; the bytes that came."""
        import httpx

        if not url.isascii() or not url.startswith(("http://", "https://")):
            raise NotFetched
        client, size = self._get_client(), 0
        try:
            async with (
                self._gate,
                asyncio.timeout(self._config.fetch_timeout_s),
                client.stream("GET", url, headers=headers) as answer,
            ):
                self._check(answer, is_ranged=bool(headers))
                async for chunk in answer.aiter_bytes(65_536):
                    keep(chunk)
                    size += len(chunk)
                    if size > most:
                        break
        except (TimeoutError, httpx.TimeoutException):
            raise NotFetched(is_timeout=True) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError):
            raise NotFetched from None
        return size

    def _check(self, answer: httpx.Response, *, is_ranged: bool) -> None:
        if answer.status_code not in ({200, 206} if is_ranged else {200}):
            raise NotFetched
        if answer.headers.get("content-type", "").startswith(_NOT_MEDIA):
            raise NotFetched
        if is_ranged and answer.status_code != 206:
            host = answer.url.host
            self.without_range[host] = self.without_range.get(host, 0) + 1

    def _get_client(self) -> httpx.AsyncClient:
        if self._client is None:
            import httpx

            self._client = httpx.AsyncClient(
                headers={"user-agent": _AGENT, "accept": "*/*"}, timeout=self._config.fetch_timeout_s, trust_env=False
            )
        return self._client


def _unseen(url: str) -> Source:
    """Stands for media that nobody looked at: the address is its identity."""
    return Source(hashlib.sha256(url.encode()).hexdigest(), 0, 1080, 1080, 10.0)
