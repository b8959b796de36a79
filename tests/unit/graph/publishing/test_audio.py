"""The audio library."""

from __future__ import annotations

import pytest

from graph.client import GraphClient
from graph.publishing.audio import Audio, AudioType
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import ScriptedServer


@pytest.mark.parametrize("shape", ["audio", "data"])
def test_both_recorded_shapes_are_read(facebook: GraphClient, server: ScriptedServer, shape: str) -> None:
    item = {"audio_id": "77", "audio_type": "music", "title": "Song", "duration_in_ms": 30000, "download_url": None}
    server.replies({shape: [item]})

    assert facebook.audio.search("song") == (Audio("77", "music", "Song", None, 30000, {"download_url": None}),)
    assert server.last.path == "/v25.0/ig_audio"
    assert server.last.query == {"audio_type": "music", "user_id": IG_ID, "search_query": "song"}


def test_without_a_query_it_is_what_trends(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"audio": []})

    assert facebook.audio.search(audio_type=AudioType.ORIGINAL_SOUND) == ()
    assert server.last.query == {"audio_type": "original_sound", "user_id": IG_ID}
