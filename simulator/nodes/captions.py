"""Captions as they are given back, which need not be as they were sent (graph-api.md §8).

Meta leaves out `@` unless the app's user has tasks like an admin's; trimming and folding have no source, and a client
must live with them all the same.
"""

from __future__ import annotations

import unicodedata

from simulator.calls.call import Call
from simulator.world.records import Media


def caption(call: Call, media: Media) -> str | None:
    """The caption of a media, as this call sees it."""
    if not media.caption:
        return None
    own = media.account.captions if media.account is not None else None
    return _given_back(media.caption, own or call.world.reading("captions", "as_sent")) or None


def _given_back(text: str, how: str) -> str:
    if how in {"without_at", "changed"}:
        text = text.replace("@", "")
    if how == "trimmed":
        return text.strip()
    if how in {"folded", "changed"}:
        text = " ".join(text.split())
    return unicodedata.normalize("NFD", text) if how == "changed" else text
