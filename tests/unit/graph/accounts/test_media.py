"""Media: pages, single ones, and what can be done to them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from graph.accounts.insights import Insight, InsightValue
from graph.accounts.media import Media, TaggedProduct
from graph.answers import fields
from graph.answers.errors import GraphError
from graph.answers.paging import iterate
from graph.client import GraphClient
from pressrun.errors import Invalid
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import ScriptedServer

FULL = {
    "id": "17895731045244887",
    "media_type": "CAROUSEL_ALBUM",
    "media_product_type": "FEED",
    "caption": "hé",
    "permalink": "https://www.instagram.com/p/x/",
    "timestamp": "2021-08-13T08:25:28+0000",
    "username": "jo",
    "shortcode": "x",
    "media_url": "https://scontent/x.jpg",
    "like_count": 3,
    "comments_count": "4",
    "is_comment_enabled": True,
    "owner": {"id": IG_ID},
    "alt_text": "a cat",
    "children": {"data": [{"id": "1"}, {"id": "2"}]},
    "insights": {"data": [{"name": "reach", "period": "lifetime", "values": [{"value": 9}], "title": "Reach"}]},
    "reposts_count": 1,
}


def test_all_of_a_media_is_read(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies(FULL)

    media = facebook.media.get("17895731045244887")

    assert media == Media(
        id="17895731045244887",
        media_type="CAROUSEL_ALBUM",
        media_product_type="FEED",
        caption="hé",
        permalink="https://www.instagram.com/p/x/",
        timestamp=datetime(2021, 8, 13, 8, 25, 28, tzinfo=UTC),
        username="jo",
        shortcode="x",
        media_url="https://scontent/x.jpg",
        like_count=3,
        comments_count=4,
        is_comment_enabled=True,
        owner_id=IG_ID,
        alt_text="a cat",
        children=("1", "2"),
        insights=(Insight("reach", "lifetime", "Reach", (InsightValue(9),)),),
        extra={"reposts_count": 1},
    )
    assert server.last.path == "/v25.0/17895731045244887"


def test_a_page_with_insights_is_one_call(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [{"id": "1"}], "paging": {"cursors": {"after": "A"}, "next": "https://x"}})
    since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)

    page = facebook.media.page(50, "B", since=since, until=until, insight_metrics=["reach", "views"])

    assert (page.items, page.after, page.has_next) == ((Media("1"),), "A", True)
    assert server.last.path == f"/v25.0/{IG_ID}/media"
    assert server.last.query == {
        "fields": fields.join(fields.MEDIA) + ",insights.metric(reach,views){name,period,title,values,total_value}",
        "limit": "50",
        "after": "B",
        "since": "1767225600",
        "until": "1767312000",
    }


def test_pages_follow_each_other(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies(
        {"data": [{"id": "1"}], "paging": {"cursors": {"after": "A"}, "next": "https://x"}},
        {"data": [{"id": "2"}], "paging": {"cursors": {"after": "B"}}},
    )

    found = [media.id for media in iterate(lambda after: facebook.media.page(1, after, fields=["id"]))]

    assert found == ["1", "2"]
    assert [request.query.get("after") for request in server.received] == [None, "A"]


def test_without_insights_asked_for_there_are_none_known(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"id": "1"}, {"id": "1", "insights": {"data": []}})

    assert facebook.media.get("1").insights is None
    assert facebook.media.get("1").insights == ()


class TestContestedFields:
    MESSAGE = "(#100) Tried accessing nonexisting field (media_product_type)"

    def test_on_instagram_login_they_are_given_up_once_refused(
        self, instagram: GraphClient, server: ScriptedServer
    ) -> None:
        server.refuses(100, message=self.MESSAGE)
        server.replies({"id": "1"}, {"id": "2"})

        assert [instagram.media.get("1").id, instagram.media.get("2").id] == ["1", "2"]
        asked = ["media_product_type" in request.query["fields"] for request in server.received]
        assert asked == [True, False, False]

    def test_other_refusals_are_what_they_are(self, instagram: GraphClient, server: ScriptedServer) -> None:
        server.refuses(100, message="(#100) invalid limit")

        with pytest.raises(GraphError, match="invalid limit"):
            instagram.media.page()

        assert len(server.received) == 1

    def test_on_facebook_login_they_exist(self, facebook: GraphClient, server: ScriptedServer) -> None:
        server.refuses(100, message=self.MESSAGE)

        with pytest.raises(GraphError):
            facebook.media.get("1")

    def test_what_the_caller_asks_for_is_never_changed(self, instagram: GraphClient, server: ScriptedServer) -> None:
        server.refuses(100, message=self.MESSAGE)

        with pytest.raises(GraphError):
            instagram.media.get("1", ["media_product_type"])

        assert len(server.received) == 1


def test_many_in_one_request(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"1": {"id": "1", "like_count": 5}, "3": {"id": "3"}})

    found = facebook.media.many(["1", "2", "3"], ["like_count"])

    assert found == {"1": Media("1", like_count=5), "3": Media("3")}
    assert server.last.path == "/v25.0/"
    assert server.last.query == {"ids": "1,2,3", "fields": "like_count"}


@pytest.mark.parametrize("count", [0, 51])
def test_many_has_a_limit(facebook: GraphClient, server: ScriptedServer, count: int) -> None:
    with pytest.raises(Invalid):
        facebook.media.many(["1"] * count)

    assert server.received == []


def test_the_permalink(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"permalink": "https://www.instagram.com/p/x/", "id": "1"}, {"id": "1"})

    assert facebook.media.permalink("1") == "https://www.instagram.com/p/x/"
    assert facebook.media.permalink("1") is None
    assert server.last.query == {"fields": "permalink"}


def test_children(instagram: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [{"id": "17880997618081620", "media_type": "IMAGE"}]})

    assert instagram.media.children("1") == (Media("17880997618081620", media_type="IMAGE"),)
    assert server.last.path == "/v25.0/1/children"


def test_collaborators(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [{"id": "7", "username": "ann", "invite_status": "Accepted"}]})

    (found,) = facebook.media.collaborators("1")

    assert (found.username, found.extra) == ("ann", {"invite_status": "Accepted"})
    assert server.last.path == "/v25.0/1/collaborators"


def test_product_tags(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [{"product_id": 3231775643511089, "name": "mug", "x": 0.5, "y": 0.5, "stripped": 1}]})

    assert facebook.media.product_tags("1") == (TaggedProduct("3231775643511089", "mug", 0.5, 0.5, {"stripped": 1}),)
    assert server.last.path == "/v25.0/1/product_tags"


def test_live_media(instagram: GraphClient, server: ScriptedServer) -> None:
    server.replies({"data": [{"id": "90010498116233", "media_type": "BROADCAST", "media_product_type": "LIVE"}]})

    assert instagram.media.live()[0].media_product_type == "LIVE"
    assert server.last.path == f"/v25.0/{IG_ID}/live_media"


def test_comments_can_be_switched_off(instagram: GraphClient, server: ScriptedServer) -> None:
    server.replies({"success": True})

    instagram.media.set_comments_enabled("1", enabled=False)

    assert (server.last.method, server.last.path, server.last.form) == (
        "POST",
        "/v25.0/1",
        {"comment_enabled": "false"},
    )


def test_deleting(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"success": True, "deleted_id": "1"})

    facebook.media.delete("1")

    assert (server.last.method, server.last.path) == ("DELETE", "/v25.0/1")
