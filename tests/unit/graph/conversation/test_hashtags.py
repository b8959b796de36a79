"""Hashtags."""

from __future__ import annotations

import pytest

from graph.accounts.media import Media
from graph.answers import fields
from graph.client import GraphClient
from pressrun.errors import Invalid
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import ScriptedServer


@pytest.mark.parametrize("name", ["coke", "#coke", " coke "])
def test_searching(facebook: GraphClient, server: ScriptedServer, name: str) -> None:
    server.replies({"data": [{"id": "17843857450040591"}]})

    assert facebook.hashtags.search(name) == "17843857450040591"
    assert server.last.path == "/v25.0/ig_hashtag_search"
    assert server.last.query == {"user_id": IG_ID, "q": "coke"}


def test_a_hashtag_that_does_not_exist(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": []})

    assert facebook.hashtags.search("nosuch") is None


@pytest.mark.parametrize("name", ["", "#", "two words", "a#b"])
def test_what_is_no_hashtag(facebook: GraphClient, server: ScriptedServer, name: str) -> None:
    with pytest.raises(Invalid, match="not one hashtag"):
        facebook.hashtags.search(name)

    assert server.received == []


@pytest.mark.parametrize("edge", ["recent_media", "top_media"])
def test_media_under_a_hashtag(facebook: GraphClient, server: ScriptedServer, edge: str) -> None:
    item = {"id": "5", "media_type": "IMAGE", "like_count": 177}
    server.replies({"data": [item], "paging": {"cursors": {"after": "A"}, "next": "https://x"}})

    page = getattr(facebook.hashtags, edge)("178", "B", limit=20)

    assert (page.items, page.has_next) == ((Media("5", media_type="IMAGE", like_count=177),), True)
    assert server.last.path == f"/v25.0/178/{edge}"
    wanted = {"user_id": IG_ID, "fields": fields.join(fields.HASHTAG_MEDIA), "limit": "20", "after": "B"}
    assert server.last.query == wanted


def test_recently_searched(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [{"id": "17841562906103814"}]})

    assert facebook.hashtags.recently_searched().items == ("17841562906103814",)
    assert server.last.path == f"/v25.0/{IG_ID}/recently_searched_hashtags"
    assert server.last.query == {"limit": "30"}
    with pytest.raises(Invalid, match="1 to 30"):
        facebook.hashtags.recently_searched(limit=31)
