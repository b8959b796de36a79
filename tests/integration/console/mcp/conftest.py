"""A world with two accounts, askers with keys, and the SDK's own client to ask with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from mcp import Client
from mcp.types import CallToolResult
from pydantic import SecretStr

from console.mcp.server import create_server
from console.mcp.tool import BaseUrl
from models.store.session import Database
from operations.access import door, keys
from operations.access.door import DOOR
from operations.operation import OWNER, Asker, Context, Face, NotAllowed
from pressrun.media.store import MediaStore
from pressrun.settings import Settings
from tests.factories.rows import KEY, make_account

Answer = TypeVar("Answer")


@dataclass
class Desk:
    """What tests ask of a server, as the bearer of a key."""

    ctx: Context
    media_folder: Path

    def key(self, name: str, *scopes: str, accounts: list[str] | None = None) -> str:
        """A new key."""
        return keys.add(self.ctx, OWNER, name, scopes=scopes or ("read",), accounts=accounts).key

    def ask(self, key: str, talk: Callable[[Client], Awaitable[Answer]]) -> Answer:
        """What comes of a conversation with a server in this process."""

        def who() -> Asker:
            found = door.by_key(self.ctx, DOOR, key, face=Face.MCP)
            if found is None:
                raise NotAllowed("this key is not honoured, or no longer", type="key.refused")
            return found

        async def converse() -> Answer:
            async with Client(create_server(self.ctx, who, BaseUrl("http://console.example/"))) as client:
                return await talk(client)

        return asyncio.run(converse())

    def call(self, key: str, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """What a tool answers."""
        result = self.ask(key, lambda client: client.call_tool(tool, arguments))
        assert not result.is_error, result.content
        return told(result)

    def refusal(self, key: str, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """How a tool refuses."""
        result = self.ask(key, lambda client: client.call_tool(tool, arguments))
        assert result.is_error, result.structured_content
        return told(result)

    def keep(self, name: str = "feed.jpg") -> str:
        """A file in the media store, as posts name it."""
        return f"kept:{MediaStore(self.ctx.settings.home / 'media').keep(self.media_folder / name).sha256}"


def told(result: CallToolResult) -> dict[str, Any]:
    found: dict[str, Any] = result.structured_content
    return found


@pytest.fixture
def ctx(database: Database, tmp_path: Path) -> Context:
    with database.transaction() as tx:
        make_account(tx, name="bakery", timezone="Europe/Berlin")
        make_account(tx, name="another")
    settings: dict[str, Any] = {
        "secret_keys": [SecretStr(KEY)],
        "home": tmp_path / "home",
        "public_url": "https://pressrun.example",
    }
    return Context(database, Settings(**settings))


@pytest.fixture
def desk(ctx: Context, media_folder: Path) -> Desk:
    return Desk(ctx, media_folder)
