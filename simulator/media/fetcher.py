"""Fetches media as Instagram would: plain GET, no token, no redirects, Range offered; then looks inside.

What was probed is remembered by content hash, so the same file in a hundred posts is read by Pillow or PyAV once.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from simulator.media import checks
from simulator.media.checks import ImageFacts, Strictness, VideoFacts
from simulator.media.probe import probe_image, probe_video
from simulator.outbound import Outbound, Reply, Unreachable
from simulator.protocol import errors
from simulator.world.records import Kind, Source
from simulator.world.world import World

AGENT = "facebookexternalhit"
_HEADERS = {"user-agent": f"{AGENT}/1.1", "accept": "*/*"}
_AT_ONCE = 16
_LONGEST_ROBOTS = 500_000
_NOT_MEDIA = ("text/", "application/json", "application/xml")


class Fetcher:
    """Downloads, measures and judges media for containers."""

    def __init__(self, world: World, outbound: Outbound) -> None:
        self._world = world
        self._config = world.config
        self._outbound = outbound
        self._robots: dict[str, RobotFileParser] = {}
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._images: dict[str, ImageFacts] = {}
        self._videos: dict[str, VideoFacts] = {}

    async def image(self, url: str, kind: Kind) -> Source:
        """Fetch and judge an image. Raises GraphError of §3.2."""
        if not self._config.fetch_media:
            return _unseen(url)
        try:
            data = await self._download(url, checks.IMAGE_BYTES)
        except Unreachable as failure:
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
        except Unreachable:
            return checks.VIDEO_NOT_FETCHED
        finally:
            path.unlink(missing_ok=True)

    async def judge(self, path: Path, digest: str, size: int, kind: Kind, params: dict[str, Any]) -> Source | int:
        """Look inside a video that is on disk."""
        facts = self._videos.get(digest)
        if facts is None:
            facts = self._videos[digest] = await asyncio.to_thread(probe_video, path)
        problem = checks.video_problem(kind, facts, size, params, self._strictness())
        if problem is not None:
            return problem
        return Source(digest, size, facts.width, facts.height, facts.duration_s)

    def _strictness(self) -> Strictness:
        return Strictness(
            is_child_limited=self._world.reading("carousel_video", "free") == "limited",
            refuses_edit_lists=self._world.reading("edit_lists", "taken") == "refused",
            refuses_open_groups=self._world.reading("open_groups", "taken") == "refused",
        )

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
        size, within_s = 0, self._config.fetch_timeout_s
        if self._world.reading("robots", "ignored") == "obeyed" and not await self._is_welcome(url):
            raise Unreachable
        async with self._gate, self._outbound.ask("GET", url, _HEADERS | headers, within_s=within_s) as reply:
            self._check(url, reply, is_ranged=bool(headers))
            async for piece in reply.pieces:
                keep(piece)
                size += len(piece)
                if size > most:
                    break
        return size

    def _check(self, url: str, reply: Reply, *, is_ranged: bool) -> None:
        if reply.status not in ({200, 206} if is_ranged else {200}) or reply.content_type.startswith(_NOT_MEDIA):
            raise Unreachable
        if is_ranged and reply.status != 206:
            host = urlsplit(url).hostname or ""
            self._world.note("sources_without_range", host)

    async def _is_welcome(self, url: str) -> bool:
        """Whether the host's robots.txt lets Instagram's fetcher have the file. Without one it does."""
        place = urlsplit(url)._replace(path="/robots.txt", query="", fragment="").geturl()
        rules = self._robots.get(place)
        if rules is None:
            rules = self._robots[place] = RobotFileParser()
            rules.parse((await self._robots_txt(place)).decode("utf-8", "replace").splitlines())
        return rules.can_fetch(AGENT, url)

    async def _robots_txt(self, place: str) -> bytes:
        try:
            async with self._outbound.ask("GET", place, _HEADERS, within_s=self._config.fetch_timeout_s) as reply:
                return await reply.body(_LONGEST_ROBOTS) if reply.status == HTTPStatus.OK else b""
        except Unreachable:
            return b""


def _unseen(url: str) -> Source:
    """Stands for media that nobody looked at: the address is its identity."""
    return Source(hashlib.sha256(url.encode(errors="replace")).hexdigest(), 0, 1080, 1080, 10.0)
