"""What Instagram Login cannot do (graph-api.md §1.3) is refused before any call."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from graph.answers.errors import NotOnThisLogin
from graph.client import GraphClient
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
    "poll_attachment": lambda c: c.add_ons.poll("1"),
    "prompt_response": lambda c: c.add_ons.prompt_responses("1"),
    "collaboration_invites": lambda c: c.invites.page(),
    "collaboration_invites answer": lambda c: c.invites.answer("1", accept=True),
    "ig_audio": lambda c: c.audio.search(),
    "debug_token": lambda c: c.tokens.debug(),
}


FIELDS: dict[str, Callable[[GraphClient, str], object]] = {
    "profile": lambda c, field: c.users.profile([field]),
    "media.page": lambda c, field: c.media.page(fields=["id", field]),
    "media.get": lambda c, field: c.media.get("1", [field]),
    "media.many": lambda c, field: c.media.many(["1"], [field]),
    "media.children": lambda c, field: c.media.children("1", [field]),
    "media.live": lambda c, field: c.media.live([field]),
    "stories.page": lambda c, field: c.stories.page(fields=[field]),
}


@pytest.mark.parametrize("name", CALLS)
def test_not_on_instagram_login(instagram: GraphClient, server: ScriptedServer, name: str) -> None:
    with pytest.raises(NotOnThisLogin, match="is not available on Instagram Login; it needs Facebook Login"):
        CALLS[name](instagram)

    assert server.received == []


@pytest.mark.parametrize("call", FIELDS)
@pytest.mark.parametrize("extra", ["", "{id}", ".limit(1){id}"])
def test_a_field_that_instagram_login_does_not_have(
    instagram: GraphClient, server: ScriptedServer, call: str, extra: str
) -> None:
    field = "business_discovery" if call == "profile" else "product_tags" if extra else "total_like_count"

    with pytest.raises(NotOnThisLogin, match=f"the field {field} is not available on Instagram Login"):
        FIELDS[call](instagram, field + extra)

    assert server.received == []


@pytest.mark.parametrize("field", ["account_type", "user_id"])
def test_a_field_that_facebook_login_does_not_have(facebook: GraphClient, server: ScriptedServer, field: str) -> None:
    with pytest.raises(NotOnThisLogin, match=f"the field {field} is not available on Facebook Login"):
        facebook.users.profile([field])

    assert server.received == []


def test_a_field_of_the_own_flavour_is_asked_for(
    facebook: GraphClient, instagram: GraphClient, server: ScriptedServer
) -> None:
    server.replies({"id": "1"}, {"id": "1"}, {"id": "1"})

    facebook.media.get("1", ["total_like_count", "product_tags{product_id}"])
    assert server.last.query["fields"] == "total_like_count,product_tags{product_id}"
    instagram.users.profile(["account_type"])
    instagram.media.get("1", ["caption", "brand_new"])
    assert server.last.query["fields"] == "caption,brand_new"
