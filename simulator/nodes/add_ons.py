"""Caption add-ons of a media: its poll and its prompt (graph-api.md §5.3), Facebook Login only, not on stories."""

from __future__ import annotations

from typing import Any

from simulator.calls.call import Call
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.protocol import errors
from simulator.world.clock import DAY, graph_time
from simulator.world.metrics import weights
from simulator.world.records import Media

_OPEN_DAYS = 3
_EXTENDED_DAYS = 7  # how long an extended poll runs is not known: our choice


@endpoint("media_poll", "GET", "media/poll_attachment", need=Need.FACEBOOK_BASE)
def poll(call: Call, media: Media) -> Any:
    """One object or null; whether it stands below `data` is not known, so one may choose."""
    _refuse_story(media)
    found = _poll(call, media) if media.params.get("poll_attachment") else None
    return {"data": found} if call.world.reading("poll_attachment", "object") == "data" else found


@endpoint("media_prompt", "GET", "media/prompt_response", need=Need.FACEBOOK_BASE)
def prompt(_call: Call, media: Media) -> Any:
    """Nobody in this world answers prompts."""
    _refuse_story(media)
    return {"data": []}


def _refuse_story(media: Media) -> None:
    if media.is_story:
        raise errors.unsupported(media.id)


def _poll(call: Call, media: Media) -> dict[str, Any]:
    options = dict(zip("abcd", media.params["poll_attachment"], strict=False))
    shares = weights(tuple(options), call.world.seed, media.id, "poll")
    total = sum(shares.values())
    days = _EXTENDED_DAYS if media.params.get("is_poll_duration_extended") else _OPEN_DAYS
    shown: dict[str, Any] = {f"option_{letter}": text for letter, text in options.items()}
    shown |= {f"option_{letter}_votes_percentage": round(shares[letter] / total, 4) for letter in options}
    return shown | {"expiration_timestamp": graph_time(media.at + days * DAY)}
