"""Styles and scripts of our own, served under a name that holds their hash: they may be kept for ever.

A script names others by `./name.js`; what is served names them by their hashes, so that no old one is ever mixed in.
A style sheet says `@shapes;` where the shapes of states are to stand. What only their writers read is not served.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Response

from console.pages.icons import shapes
from console.problems import problem

THEMES = ("light", "dark")
"""What the switch can say; without it the system's wish counts."""
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
                body = _IMPORT.sub(lambda match: self._load(match[1]).address, _bare(body))
            elif path.suffix == ".css":
                body = _slim(body).replace("@shapes;", shapes())
            raw = body.encode()
            digest = hashlib.sha256(raw).hexdigest()[:12]
            self._assets[name] = Asset(f"/static/{path.stem}.{digest}{path.suffix}", _TYPES[path.suffix], raw)
        return self._assets[name]


def _bare(script: str) -> str:
    """A script of ours without indentation and lines of remarks: no text in backticks of it goes over several lines."""
    lines = (line.strip() for line in script.splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))


def _slim(styles: str) -> str:
    """A style sheet of ours without remarks and spare space: no string of it holds a brace, a semicolon or `, `."""
    bare = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", styles, flags=re.DOTALL))
    return re.sub(r" ?([{};,]) ?", r"\1", bare).replace(";}", "}").replace(": ", ":").strip()
