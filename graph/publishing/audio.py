"""Audio that a reel may carry (graph-api.md §1.3: Facebook Login, since 2026-06-01).

The contract names only the endpoint. Parameters (`audio_type`, `user_id`, `search_query`) and the two shapes of the
answer (`audio` or `data`) are as public integrations of 2026-07 to 2026-09 use and record them; unconfirmed by Meta.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from graph.answers.reading import Node
from graph.calls import Caller
from graph.wire.credentials import Login
from graph.wire.endpoints import Endpoint


class AudioType(StrEnum):
    MUSIC = "music"
    ORIGINAL_SOUND = "original_sound"


@dataclass(frozen=True)
class Audio:
    """One audio; `audio_id` goes into `AudioConfiguration`. `duration_ms` in milliseconds."""

    audio_id: str
    audio_type: str | None = None
    title: str | None = None
    display_artist: str | None = None
    duration_ms: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class AudioLibrary:
    """`client.audio`. Raises GraphError, and NotOnThisLogin on Instagram Login."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def search(self, query: str | None = None, *, audio_type: AudioType = AudioType.MUSIC) -> tuple[Audio, ...]:
        """Audio by title or artist; without a query what is trending."""
        endpoint = Endpoint.AUDIO
        self._caller.require(Login.FACEBOOK, endpoint)
        answer = self._caller.get(
            endpoint, "ig_audio", audio_type=audio_type.value, user_id=self._caller.ig_id, search_query=query
        )
        node = Node(answer, endpoint)
        return node.each("audio" if node.has("audio") else "data", _read_audio)


def _read_audio(node: Node) -> Audio:
    return Audio(
        audio_id=node.maybe_id("audio_id") or node.id(),
        audio_type=node.text("audio_type"),
        title=node.text("title"),
        display_artist=node.text("display_artist"),
        duration_ms=node.whole("duration_in_ms"),
        extra=node.rest(),
    )
