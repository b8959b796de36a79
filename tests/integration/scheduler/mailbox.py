"""What lies in the broker, read by a plain Redis client: nothing of Celery or Kombu takes part."""

from __future__ import annotations

import base64
import json
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import redis

from pressrun.network.hints import Queue

PREFIX = "pressrun:"


class Mailbox:
    """One logical database of a broker; emptied at both ends."""

    def __init__(self, redis_url: str, number: int) -> None:
        self.url = redis_url.replace("virtual_host=0", f"virtual_host={number}")
        self._client = redis.Redis(unix_socket_path=unquote(urlsplit(redis_url).path), db=number)

    def __enter__(self) -> Self:
        self._client.flushdb()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.flushdb()
        self._client.close()

    def messages(self, queue: Queue) -> list[dict[str, Any]]:
        """The messages of a queue as they lie there, oldest first."""
        raw: Any = self._client.lrange(PREFIX + queue.value, 0, -1)
        return [json.loads(message) for message in reversed(raw)]

    def hints(self, queue: Queue) -> list[tuple[str, int, int]]:
        """(task, id, claim) of each hint of a queue, oldest first."""
        found = []
        for message in self.messages(queue):
            arguments, _, _ = json.loads(base64.b64decode(message["body"]))
            found.append((message["headers"]["task"], *arguments))
        return found

    def everything(self) -> bytes:
        """Every key and every value, whatever holds it."""
        client: Any = self._client
        parts: list[bytes] = []
        for key in client.keys("*"):
            kind = client.type(key)
            if kind == b"list":
                parts += client.lrange(key, 0, -1)
            elif kind == b"set":
                parts += client.smembers(key)
            else:
                parts.append(client.dump(key))
            parts.append(key)
        return b"\n".join(parts)

    def limit_memory(self, limit: str) -> None:
        """Let the server take no more than that many bytes, and refuse instead of forgetting; 0: no limit."""
        self._client.config_set("maxmemory-policy", "noeviction")
        self._client.config_set("maxmemory", limit)

    def clear(self) -> None:
        self._client.flushdb()
