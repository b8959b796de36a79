"""What Instagram Login cannot do (graph-api.md §1.3) is refused before any call."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from graph.client import GraphClient
from graph.errors import NotOnThisLogin
from tests.unit.graph.server import ScriptedServer

CALLS: dict[str, Callable[[GraphClient], object]] = {
    "resumable upload": lambda c: c.publishing.upload("https://x/", b"x"),
    "upload status": lambda c: c.publishing.upload_status("1"),
    "mentioned_media": lambda c: c.mentions.mentioned_media("1"),
    "mentioned_comment": lambda c: c.mentions.mentioned_comment("1"),
    "business_discovery": lambda c: c.discovery.account("x"),
    "pages": lambda c: c.discovery.pages(),
    "businesses": lambda c: c.discovery.businesses(),
    "owned_pages": lambda c: c.discovery.owned_pages("1"),
    "client_pages": lambda c: c.discovery.client_pages("1"),
    "ig_hashtag_search": lambda c: c.hashtags.search("x"),
    "recent_media": lambda c: c.hashtags.recent_media("1"),
    "top_media": lambda c: c.hashtags.top_media("1"),
    "recently_searched_hashtags": lambda c: c.hashtags.recently_searched(),
    "available_catalogs": lambda c: c.catalogs.available(),
    "catalog_product_search": lambda c: c.catalogs.search("1"),
    "product_appeal": lambda c: c.catalogs.appeals("1"),
    "product_appeal create": lambda c: c.catalogs.appeal("1", "x"),
    "product_tags": lambda c: c.media.product_tags("1"),
    "collaborators": lambda c: c.media.collaborators("1"),
    "delete media": lambda c: c.media.delete("1"),
    "ig_audio": lambda c: c.audio.search(),
    "debug_token": lambda c: c.tokens.debug(),
}


@pytest.mark.parametrize("name", CALLS)
def test_not_on_instagram_login(instagram: GraphClient, server: ScriptedServer, name: str) -> None:
    with pytest.raises(NotOnThisLogin, match="is not available on Instagram Login; it needs Facebook Login"):
        CALLS[name](instagram)

    assert server.received == []
