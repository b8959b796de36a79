"""Active stories."""

from __future__ import annotations

from graph.answers import fields
from graph.client import GraphClient
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import ScriptedServer


def test_a_page_of_stories(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [{"id": "17861937508009798"}], "paging": {"cursors": {"after": "A"}}})

    page = facebook.stories.page(10, "B", insight_metrics=["reach"])

    assert [media.id for media in page.items] == ["17861937508009798"]
    assert not page.has_next
    assert server.last.path == f"/v25.0/{IG_ID}/stories"
    assert server.last.query == {
        "fields": f"{fields.join(fields.MEDIA)},{fields.insights(['reach'])}",
        "limit": "10",
        "after": "B",
    }


def test_contested_fields_are_given_up_here_too(instagram: GraphClient, server: ScriptedServer) -> None:
    server.refuses(100, message="(#100) Tried accessing nonexisting field (caption)")
    server.replies({"data": []})

    assert instagram.stories.page().items == ()
    assert "caption" not in server.last.query["fields"].split(",")
