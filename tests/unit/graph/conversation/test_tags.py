"""Media that tag the account: an edge with cursors but no `next`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from graph.accounts.media import Media
from graph.answers.paging import iterate
from graph.client import GraphClient
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import ScriptedServer


def test_every_page_is_found_without_next(instagram: GraphClient, server: ScriptedServer) -> None:
    server.replies(
        {"data": [{"id": "18038", "username": "ann"}], "paging": {"cursors": {"before": "x", "after": "A"}}},
        {"data": [{"id": "18039"}], "paging": {"cursors": {"after": "B"}}},
        {"data": [], "paging": {"cursors": {"after": "B"}}},
    )

    found = list(iterate(instagram.tags.page))

    assert found == [Media("18038", username="ann"), Media("18039")]
    assert [request.query.get("after") for request in server.received] == [None, "A", "B"]
    assert server.last.path == f"/v25.0/{IG_ID}/tags"
    assert server.last.query["limit"] == "50"


def test_a_cursor_that_repeats_does_not_loop(instagram: GraphClient, server: ScriptedServer) -> None:
    server.always({"data": [{"id": "1"}], "paging": {"cursors": {"after": "A"}}})

    assert len(list(iterate(instagram.tags.page))) == 2


def test_tags_can_be_asked_for_by_kind_and_time(instagram: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": []})
    since = datetime(2026, 5, 4, 7, tzinfo=UTC)

    instagram.tags.page(media_type="VIDEO", posted_after=since, posted_before=since + timedelta(days=1))

    asked = server.last.query
    assert (asked["media_type"], asked["posted_after"], asked["posted_before"]) == ("VIDEO", "1777878000", "1777964400")
