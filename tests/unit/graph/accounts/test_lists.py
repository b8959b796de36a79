"""An account with its lists in one call (graph-api.md §4.3, §5.1, §5.3)."""

from __future__ import annotations

import pytest

from graph.accounts.lists import LIMIT, Wanted
from graph.accounts.metric_rules import UnknownMetric
from graph.answers import fields
from graph.answers.errors import GraphError
from graph.client import GraphClient
from graph.wire.credentials import Login
from graph.wire.endpoints import Endpoint
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import ScriptedServer

ALL = Wanted(media=("reach", "likes"), stories=("reach",), tags=True)
MEDIA = {"id": "17895731045244887"}


def test_everything_is_asked_in_one_expression(facebook: GraphClient, server: ScriptedServer) -> None:
    answer = {
        "id": IG_ID,
        "followers_count": 7,
        "media": {"data": [MEDIA], "paging": {"cursors": {"after": "M"}, "next": "https://graph.facebook.com/x"}},
        "stories": {"data": [{"id": "17861937508009798"}], "paging": {"cursors": {"after": "S"}}},
        "tags": {"data": [{"id": "18038"}], "paging": {"cursors": {"after": "T"}}},
    }
    server.replies(answer)

    told = facebook.lists.read(ALL)

    profile, media, tagged = map(fields.join, (fields.USER[Login.FACEBOOK], fields.MEDIA, fields.TAGGED))
    assert server.last.path == f"/v25.0/{IG_ID}"
    assert server.last.query == {
        "fields": f"{profile},media.limit(50){{{media},{fields.insights(['reach', 'likes'])}}},"
        f"stories.limit(50){{{media},{fields.insights(['reach'])}}},tags.limit(50){{{tagged}}}"
    }
    assert (told.profile.followers_count, told.profile.extra) == (7, {})
    assert told.media is not None
    assert told.stories is not None
    assert told.tags is not None
    assert (told.media.after, told.media.has_next) == ("M", True)
    assert (told.stories.after, told.stories.has_next) == ("S", False)
    assert (told.tags.after, told.tags.has_next) == ("T", True), "tags never send next"


def test_each_part_reads_like_the_answer_to_a_call_for_it_alone(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"id": IG_ID, "username": "bakery", "media": {"data": [MEDIA]}})

    parts = facebook.lists.read(Wanted(media=())).parts

    assert {name: part.endpoint for name, part in parts.items()} == {
        "profile": Endpoint.USER,
        "media": Endpoint.MEDIA_LIST,
    }
    assert parts["profile"].answer == {"id": IG_ID, "username": "bakery"}
    assert parts["media"].answer == {"data": [MEDIA]}
    assert parts["media"].asked == {
        "path": f"{IG_ID}/media",
        "params": {"fields": fields.join(fields.MEDIA), "limit": "50"},
        "part_of": "GET /{ig}?fields=media",
    }


def test_a_list_that_is_left_out_is_empty(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"id": IG_ID})

    told = facebook.lists.read(ALL)

    assert all(page is not None and (page.items, page.has_next) == ((), False) for page in (told.media, told.stories))


def test_a_list_that_is_none_is_an_error(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies({"id": IG_ID, "media": {"data": 7}})

    with pytest.raises(GraphError):
        facebook.lists.read(ALL)


@pytest.mark.parametrize(("count", "has_next"), [(LIMIT, True), (LIMIT - 1, False)])
def test_a_full_page_without_next_is_not_the_end(
    facebook: GraphClient, server: ScriptedServer, count: int, has_next: bool
) -> None:
    items = [{"id": str(number)} for number in range(1, count + 1)]
    server.replies({"id": IG_ID, "media": {"data": items, "paging": {"cursors": {"after": "M"}}}})

    media = facebook.lists.read(ALL).media

    assert media is not None
    assert media.has_next is has_next


def test_contested_fields_are_given_up_here_too(instagram: GraphClient, server: ScriptedServer) -> None:
    server.refuses(100, message="(#100) Tried accessing nonexisting field (caption)")
    server.replies({"id": IG_ID})

    instagram.lists.read(Wanted(media=()))

    assert "caption" not in server.last.query["fields"]


def test_what_no_story_has_is_refused_before_the_call(facebook: GraphClient, server: ScriptedServer) -> None:
    with pytest.raises(UnknownMetric):
        facebook.lists.read(Wanted(stories=("claps",)))

    assert server.received == []
