"""Invitations of co-authors (graph-api.md §5.3)."""

from __future__ import annotations

from graph.client import GraphClient
from graph.conversation.invites import Invite
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import ScriptedServer


def test_invitations_are_listed_and_answered(facebook: GraphClient, server: ScriptedServer) -> None:
    invite = {"media_id": "1", "media_owner_username": "ann", "caption": "us", "media_url": "https://x/a.jpg"}
    server.replies({"data": [invite]}, {"success": True})

    found = facebook.invites.page(limit=10)
    facebook.invites.answer("1", accept=False)

    assert found.items == (Invite("1", "ann", "us", "https://x/a.jpg"),)
    assert [one.path for one in server.received] == [f"/v25.0/{IG_ID}/collaboration_invites"] * 2
    assert server.received[0].query["limit"] == "10"
    assert server.last.form == {"media_id": "1", "accept": "false"}
