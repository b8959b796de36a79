"""GET /ig_audio (since 2026-06-01). The contract names the endpoint, but no parameter and no shape.

So the list is empty, unless a reading asks for the shape that public integrations of 2026 use, under `audio` or `data`.
"""

from __future__ import annotations

from typing import Any

from simulator.calls.call import Call
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.protocol import errors
from simulator.world.noise import whole
from simulator.world.records import Account

_TYPES = ("music", "original_sound")
_TITLES = ("Morning Coffee", "Night Drive", "Paper Planes", "Slow Rain", "Golden Hour", "City Steps")
_ARTISTS = ("The Lanterns", "Mira Sol", "Kite Club")


@endpoint("ig_audio", "GET", "/ig_audio", params="audio_type user_id search_query", need=Need.AUDIO)
def search(call: Call, _account: Account | None) -> Any:
    shape = call.world.reading("ig_audio", "empty")
    kind = call.params.text("audio_type") or _TYPES[0]
    if kind not in _TYPES:
        raise errors.invalid(f"audio_type must be one of: {', '.join(_TYPES)}")
    if shape == "empty":
        return {"data": []}
    words = (call.params.text("search_query") or "").casefold()
    found = [_asset(call.world.seed, kind, at, title) for at, title in enumerate(_TITLES)]
    return {shape: [one for one in found if words in f"{one['title']} {one['display_artist']}".casefold()]}


def _asset(seed: int, kind: str, at: int, title: str) -> dict[str, Any]:
    return {
        "audio_id": str(580_000_000_000_000 + _TYPES.index(kind) * 100 + at),
        "audio_type": kind,
        "title": title,
        "display_artist": _ARTISTS[at % len(_ARTISTS)],
        "duration_in_ms": whole(15_000, 240_000, seed, "audio", kind, at),
    }
