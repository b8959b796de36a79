"""The protocol over the standard streams of a process: one client, which started it.

Nothing but the protocol is written to stdout: whatever else is printed there meanwhile goes to stderr.
"""

from __future__ import annotations

import asyncio

from console.mcp.server import create_server
from console.mcp.tool import BaseUrl
from operations.access import door
from operations.access.door import DOOR
from operations.operation import Asker, Context, Face, NotAllowed, Scope

READER = Asker("mcp", frozenset({Scope.READ}), Face.MCP)
"""Whoever starts it without a key: they can run `pressrun`, but the program that converses may only look."""
FIELD = "PRESSRUN_MCP_KEY"


def serve(ctx: Context, base_url: str) -> None:
    """Answer until stdin ends. Raises NotAllowed for a key that is not honoured."""
    _asker(ctx)
    asyncio.run(_serve(ctx, base_url))


async def _serve(ctx: Context, base_url: str) -> None:
    from mcp.server.stdio import stdio_server

    server = create_server(ctx, lambda: _asker(ctx), BaseUrl(base_url))
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


def _asker(ctx: Context) -> Asker:
    """Whose key it is, asked anew with each request: what is revoked lets nobody in any more. Raises NotAllowed."""
    key = ctx.settings.mcp_key
    if key is None:
        return READER
    found = door.by_key(ctx, DOOR, key.get_secret_value(), face=Face.MCP)
    if found is None:
        raise NotAllowed("this key is not honoured, or no longer", type="key.refused", field=FIELD)
    return found
