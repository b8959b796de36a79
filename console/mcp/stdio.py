"""The protocol over the standard streams of a process: one client, which started it.

Nothing but the protocol is written to stdout: whatever else is printed there meanwhile goes to stderr. Nothing else
reads from stdin: whatever would finds it at its end.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

import anyio
from mcp.shared.message import SessionMessage

from console.mcp.frames import refusal_of
from console.mcp.server import create_server
from console.mcp.tool import BaseUrl
from operations.access import door
from operations.access.door import DOOR
from operations.operation import Asker, Context, Face, NotAllowed, Scope

READER = Asker("mcp", frozenset({Scope.READ}), Face.MCP)
"""Whoever starts it without a key: they can run `pressrun`, but the program that converses may only look."""
FIELD = "PRESSRUN_MCP_KEY"
Answer = Callable[[SessionMessage], Awaitable[None]]


def serve(ctx: Context, base_url: str) -> None:
    """Answer until stdin ends. Raises NotAllowed for a key that is not honoured."""
    _asker(ctx)
    asyncio.run(_serve(ctx, base_url))


async def _serve(ctx: Context, base_url: str) -> None:
    from mcp.server.stdio import stdio_server

    server = create_server(ctx, lambda: _asker(ctx), BaseUrl(base_url))
    with _own_stdin() as stdin:
        frames = _Frames(stdin)
        async with stdio_server(stdin=frames) as (reading, writing):
            frames.answer_by(writing.send)
            await server.run(reading, writing, server.create_initialization_options())


class _Frames(anyio.AsyncFile[str]):
    """The messages of stdin, one a line, without those that are refused here: these are answered."""

    def __init__(self, stdin: TextIO) -> None:
        super().__init__(stdin)
        self._send: Answer | None = None
        self._can_answer = anyio.Event()

    def answer_by(self, send: Answer) -> None:
        """Nothing is read before this is said."""
        self._send = send
        self._can_answer.set()

    async def __aiter__(self) -> AsyncIterator[str]:
        await self._can_answer.wait()
        async for line in super().__aiter__():
            refusal = refusal_of(line)
            if refusal is None:
                yield line
            elif self._send is not None:
                await self._send(SessionMessage(refusal))


@contextmanager
def _own_stdin() -> Iterator[TextIO]:
    """Stdin by a descriptor of our own; as the SDK has it where that is left to it."""
    wire = os.dup(sys.stdin.fileno())
    try:
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), sys.stdin.fileno())
        # Not closed with it: a thread may be waiting there for the next line still.
        yield os.fdopen(wire, encoding="utf-8", errors="replace", closefd=False)
    finally:
        os.dup2(wire, sys.stdin.fileno())


def _asker(ctx: Context) -> Asker:
    """Whose key it is, asked anew with each request: what is revoked lets nobody in any more. Raises NotAllowed."""
    key = ctx.settings.mcp_key
    if key is None:
        return READER
    found = door.by_key(ctx, DOOR, key.get_secret_value(), face=Face.MCP)
    if found is None:
        raise NotAllowed("this key is not honoured, or no longer", type="key.refused", field=FIELD)
    return found
