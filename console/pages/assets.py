"""Styles and scripts of our own, served under a name that holds their hash: they may be kept for ever.

A script names others by `./name.js`; what is served names them by their hashes, so that no old one is ever mixed in.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Response

from console.problems import problem

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_IMPORT = re.compile(r'(?<=["\'])\./([a-z_]+\.js)(?=["\'])')


@dataclass(frozen=True)
class Asset:
    """One file as it is served."""

    address: str
    media_type: str
    body: bytes


class Assets:
    """All of them, read once."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._folder = folder
        self._assets: dict[str, Asset] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix in _TYPES:
                self._load(path.name)
        self._by_address = {one.address: one for one in self._assets.values()}

    def __call__(self, name: str) -> str:
        """The address of a file."""
        return self._assets[name].address

    @property
    def sizes_bytes(self) -> Mapping[str, int]:
        return {name: len(one.body) for name, one in self._assets.items()}

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/static/{name}", self.serve, methods=["GET", "HEAD"], include_in_schema=False)
        return router

    async def serve(self, name: str) -> Response:
        found = self._by_address.get(f"/static/{name}")
        if found is None:
            return problem(404, "There is no such file.")
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return Response(found.body, media_type=found.media_type, headers=headers)

    def _load(self, name: str) -> Asset:
        if name not in self._assets:
            path = self._folder / name
            body = path.read_text(encoding="utf-8")
            if path.suffix == ".js":
                body = _IMPORT.sub(lambda match: self._load(match[1]).address, body)
            raw = body.encode()
            digest = hashlib.sha256(raw).hexdigest()[:12]
            self._assets[name] = Asset(f"/static/{path.stem}.{digest}{path.suffix}", _TYPES[path.suffix], raw)
        return self._assets[name]
