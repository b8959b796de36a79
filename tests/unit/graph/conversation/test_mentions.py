"""Mentions: read what a webhook named, and answer it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from graph.accounts.media import Media
from graph.answers.errors import GraphError
from graph.client import GraphClient
from graph.conversation.comments import Comment
from pressrun.errors import Invalid
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import ScriptedServer


def test_a_media_that_mentions_the_account(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"mentioned_media": {"caption": "@me", "media_type": "IMAGE", "id": "1788"}, "id": IG_ID})

    assert facebook.mentions.mentioned_media("1788") == Media("1788", caption="@me", media_type="IMAGE")
    assert server.last.path == f"/v25.0/{IG_ID}"
    assert server.last.query == {
        "fields": "mentioned_media.media_id(1788)"
        "{id,caption,media_type,media_url,timestamp,username,like_count,comments_count}"
    }


def test_a_comment_that_mentions_the_account(facebook: GraphClient, server: ScriptedServer) -> None:
    comment = {"timestamp": "2026-01-01T00:00:00+0000", "text": "@me hi", "id": "1796", "media": {"id": "5"}}
    server.replies({"mentioned_comment": comment, "id": IG_ID})

    found = facebook.mentions.mentioned_comment("1796")

    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert found == Comment("1796", "@me hi", timestamp=at, media_id="5", extra={"media": {"id": "5"}})
    assert server.last.query == {
        "fields": "mentioned_comment.comment_id(1796){id,text,timestamp,like_count,media{id,media_url}}"
    }


@pytest.mark.parametrize("answer", [{"id": IG_ID}, {"mentioned_media": None}, {"mentioned_media": []}])
def test_an_answer_without_the_mention(facebook: GraphClient, server: ScriptedServer, answer: object) -> None:
    server.replies(answer)

    with pytest.raises(GraphError, match="unreadable answer"):
        facebook.mentions.mentioned_media("1788")


def test_an_id_cannot_break_out_of_the_expression(facebook: GraphClient, server: ScriptedServer) -> None:
    with pytest.raises(Invalid):
        facebook.mentions.mentioned_media("1){id},business_discovery.username(x")

    assert server.received == []


@pytest.mark.parametrize("comment_id", ["17", None])
def test_a_mention_is_answered(instagram: GraphClient, server: ScriptedServer, comment_id: str | None) -> None:
    server.replies({"id": "17911496353086895"})

    assert instagram.mentions.create("5", "thanks!", comment_id) == "17911496353086895"
    assert (server.last.method, server.last.path) == ("POST", f"/v25.0/{IG_ID}/mentions")
    wanted = {"media_id": "5", "message": "thanks!"} | ({"comment_id": comment_id} if comment_id else {})
    assert server.last.form == wanted
