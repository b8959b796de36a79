"""What a stream keeps while it lasts: of the layers before it nothing, nor the room that they took."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from console.streams import Holding, Streaming


def test_a_stream_outlives_its_layers_and_holds_nothing_of_them() -> None:
    given = {"type": "http", "path": "/events", "headers": []}
    sent, scope, seen = list[Message](), dict[str, Any](given), dict[str, Any]()
    ended = list[bool]()

    async def pieces() -> AsyncIterator[bytes]:
        seen.update(scope)
        seen["room"] = sys.getsizeof(scope)
        yield b"data: 1\n\n"

    async def layers(scope: Scope, receive: Receive, send: Send) -> None:
        scope.update({f"layer {number}": number for number in range(50)})
        stream = Streaming(pieces(), lambda: ended.append(True))
        await stream(scope, receive, send)
        assert (stream.raw_headers, [one["type"] for one in sent]) == ([], ["http.response.start"])

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Holding(layers)(scope, receive, send))

    assert seen.pop("room") <= sys.getsizeof(dict(given))
    assert seen == given
    assert (b"content-type", b"text/event-stream; charset=utf-8") in sent[0]["headers"]
    assert [one.get("body") for one in sent[1:]] == [b"data: 1\n\n", b""]
    assert ended == [True]
