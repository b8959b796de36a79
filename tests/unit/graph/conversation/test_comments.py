"""Comments and replies."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from graph.answers.errors import GraphError
from graph.client import GraphClient
from graph.conversation.comments import Comment
from pressrun.errors import Invalid
from tests.unit.graph.server import ScriptedServer

FIELDS = "id,text,username,timestamp,like_count,hidden,parent_id"


def test_a_page_with_replies(instagram: GraphClient, server: ScriptedServer) -> None:
    reply = {"id": "2", "text": "re", "parent_id": "1"}
    comment = {
        "id": "1",
        "text": "hi",
        "timestamp": "2026-01-01T00:00:00+0000",
        "like_count": 2,
        "hidden": False,
        "from": {"id": "7", "username": "ann"},
        "media": {"id": "9"},
        "replies": {"data": [reply]},
        "newer": 1,
    }
    server.replies({"data": [comment], "paging": {"cursors": {"after": "A"}, "next": "https://x"}})

    page = instagram.comments.page("9", "B", limit=20)

    assert page.items == (
        Comment(
            "1",
            text="hi",
            username="ann",
            timestamp=datetime(2026, 1, 1, tzinfo=UTC),
            like_count=2,
            media_id="9",
            hidden=False,
            replies=(Comment("2", text="re", parent_id="1"),),
            extra={"newer": 1, "from": {"id": "7", "username": "ann"}, "media": {"id": "9"}},
        ),
    )
    assert page.has_next
    assert server.last.path == "/v25.0/9/comments"
    assert server.last.query == {"fields": f"{FIELDS},replies{{{FIELDS}}}", "limit": "20", "after": "B"}


def test_a_page_holds_fifty_at_most(instagram: GraphClient, server: ScriptedServer) -> None:
    with pytest.raises(Invalid, match="1 to 50"):
        instagram.comments.page("9", limit=51)

    assert server.received == []


def test_one_comment(instagram: GraphClient, server: ScriptedServer) -> None:
    server.replies({"id": "1", "media": {"id": "9"}})

    assert instagram.comments.get("1").media_id == "9"
    assert (server.last.path, server.last.query) == ("/v25.0/1", {"fields": f"{FIELDS},media{{id}}"})


def test_commenting(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"id": "17870913679156914"})

    assert facebook.comments.create("9", "first! 🎉", deadline_s=5) == "17870913679156914"
    assert (server.last.path, server.last.form) == ("/v25.0/9/comments", {"message": "first! 🎉"})


def test_replies_are_listed_and_written(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [{"id": "2"}]}, {"id": "3"})

    assert facebook.comments.replies("1").items == (Comment("2"),)
    assert facebook.comments.reply("1", "hello") == "3"
    assert [request.path for request in server.received] == ["/v25.0/1/replies"] * 2
    assert server.last.form == {"message": "hello"}


@pytest.mark.parametrize("hidden", [True, False])
def test_hiding(facebook: GraphClient, server: ScriptedServer, hidden: bool) -> None:
    server.replies({"success": True})

    facebook.comments.hide("1", hidden)

    assert (server.last.method, server.last.path) == ("POST", "/v25.0/1")
    assert server.last.form == {"hide": str(hidden).lower()}


def test_deleting(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"success": True})

    facebook.comments.delete("1")

    assert (server.last.method, server.last.path) == ("DELETE", "/v25.0/1")


@pytest.mark.parametrize("answer", [{}, {"id": None}, []])
def test_a_comment_without_id_is_in_doubt(facebook: GraphClient, server: ScriptedServer, answer: object) -> None:
    server.replies(answer)

    with pytest.raises(GraphError) as caught:
        facebook.comments.create("9", "x")

    assert not caught.value.definite


def test_replies_have_no_replies_however_deep_the_answer(facebook: GraphClient, server: ScriptedServer) -> None:
    deep = b'{"id":"1","replies":{"data":[' * 200 + b'{"id":"2"}' + b"]}}" * 200
    server.replies(deep)

    comment = facebook.comments.get("1")

    assert [reply.replies for reply in comment.replies] == [()]
    assert "replies" in comment.replies[0].extra
