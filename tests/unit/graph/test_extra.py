"""What Instagram sends and this client does not know yet is kept: in `extra`, of every kind of answer."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from itertools import count
from typing import Any

import pytest

import graph
from graph.answers.errors import GraphError
from graph.batch import Operation
from graph.client import GraphClient
from graph.publishing.publishing import ContainerKind, ContainerSpec
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import TOKEN, ScriptedServer

# Requests, tables, and what this client notes about its own calls; `raw` of Usage keeps the headers whole.
NO_ANSWERS = {
    *("Call", "CallRecord", "Credentials", "ContainerSpec", "UserTag", "ProductTag", "AudioConfiguration", "Operation"),
    *("AccountMetric", "MediaMetric", "Facts", "Row", "Outgoing", "Answer", "Usage", "Removal", "Aside"),
    "_Ready",  # a connection, not an answer
    *("Wanted", "AccountWithLists", "Part"),  # the profile and each item keep what they have besides
    "PollOption",  # its poll keeps what it has besides
    # Outcomes that hold a GraphError, which has an `extra`.
    *("Refused", "Unknown"),
}


@dataclass(frozen=True)
class Case:
    """`in_items`: the call returns the items of a list without the list, so only they have a place to keep anything."""

    call: Callable[[GraphClient], object]
    answer: object
    in_items: bool = False


def _page(*items: object) -> dict[str, object]:
    return {"data": list(items), "paging": {"cursors": {"before": "B", "after": "A"}, "next": "https://x/?after=A"}}


INSIGHT = {
    "name": "reach",
    "period": "day",
    "title": "Reach",
    "values": [{"value": 3, "end_time": "2026-05-04T07:00:00+0000"}],
    "total_value": {
        "value": 3,
        "breakdowns": [{"dimension_keys": ["age"], "results": [{"dimension_values": ["18-24"], "value": 3}]}],
    },
}
COMMENT = {"id": "2", "text": "hi", "from": {"id": "3", "username": "ann"}, "media": {"id": "1"}}
MEDIA = {
    "id": "1",
    "owner": {"id": IG_ID},
    "children": {"data": [{"id": "11"}, {"id": "12"}], "paging": {"cursors": {"after": "A"}}},
    "insights": {"data": [INSIGHT]},
}
PAGE = {"id": "9", "name": "Page", "tasks": ["MANAGE"], "instagram_business_account": {"id": IG_ID}}
VIDEO = {"uploading_phase": {"status": "complete", "bytes_transferred": 9}, "processing_phase": {"status": "started"}}
TOKEN_ANSWER = {"access_token": "IGnew", "expires_in": 60, "user_id": 7, "permissions": "a,b"}
IMAGE = ContainerSpec(ContainerKind.IMAGE, media_url="https://example.org/a.jpg")

CASES: dict[str, Case] = {
    "created container": Case(lambda c: c.publishing.create_container(IMAGE), {"id": "1"}),
    "container": Case(
        lambda c: c.publishing.container("1"),
        {"id": "1", "status_code": "FINISHED", "status": "Finished", "copyright_check_status": {"status": "completed"}},
    ),
    "upload status": Case(lambda c: c.publishing.upload_status("1"), {"id": "1", "video_status": VIDEO}),
    "published": Case(lambda c: c.publishing.publish("1"), {"id": "179"}),
    "publishing limit": Case(
        lambda c: c.publishing.limit(),
        {"data": [{"quota_usage": 2, "config": {"quota_total": 50, "quota_duration": 86400}}]},
        in_items=True,
    ),
    "profile": Case(lambda c: c.users.profile(), {"id": IG_ID, "username": "ann"}),
    "page of media": Case(lambda c: c.media.page(), _page(MEDIA)),
    "children": Case(lambda c: c.media.children("1"), _page({"id": "11"}), in_items=True),
    "collaborators": Case(lambda c: c.media.collaborators("1"), _page({"id": "5"}), in_items=True),
    "product tags": Case(lambda c: c.media.product_tags("1"), _page({"product_id": 5}), in_items=True),
    "comments": Case(lambda c: c.comments.page("1"), _page(COMMENT | {"replies": {"data": [COMMENT]}})),
    "account insights": Case(lambda c: c.insights.account(["reach"], period="day"), {"data": [INSIGHT]}, in_items=True),
    "media insights": Case(lambda c: c.insights.media("1", ["reach"]), {"data": [INSIGHT]}, in_items=True),
    "searched hashtags": Case(lambda c: c.hashtags.recently_searched(), _page({"id": "1784"})),
    "discovery": Case(
        lambda c: c.discovery.account("x"), {"id": IG_ID, "business_discovery": {"id": "5", "media": _page(MEDIA)}}
    ),
    "pages": Case(lambda c: c.discovery.pages(), _page(PAGE)),
    "businesses": Case(lambda c: c.discovery.businesses(), _page({"id": "8", "name": "Biz"})),
    "catalogs": Case(lambda c: c.catalogs.available(), {"data": [{"catalog_id": "6"}]}, in_items=True),
    "products": Case(
        lambda c: c.catalogs.search("6"), _page({"product_id": 5, "product_variants": [{"product_id": 51}]})
    ),
    "appeals": Case(lambda c: c.catalogs.appeals("5"), {"data": [{"product_id": 5}]}, in_items=True),
    "poll": Case(lambda c: c.add_ons.poll("1"), {"option_a": "Mug", "option_a_votes_percentage": 0.5}),
    "prompt responses": Case(lambda c: c.add_ons.prompt_responses("1"), _page({"id": "1"}), in_items=True),
    "invites": Case(lambda c: c.invites.page(), _page({"media_id": "1"})),
    "audio": Case(lambda c: c.audio.search(), {"audio": [{"audio_id": "4"}]}, in_items=True),
    "subscriptions": Case(
        lambda c: c.webhooks.subscriptions(page_id="9"),
        _page({"id": "7", "subscribed_fields": ["feed"]}),
        in_items=True,
    ),
    "token": Case(lambda c: c.tokens.exchange("short"), TOKEN_ANSWER),
    "token state": Case(
        lambda c: c.tokens.debug(), {"data": {"is_valid": True, "scopes": ["a"], "expires_at": 0}}, in_items=True
    ),
    "batch": Case(lambda c: c.batch.run([Operation("GET", "1")]), [{"code": 200, "headers": [], "body": '{"id":"1"}'}]),
}


@pytest.fixture
def client(make_client: Callable[..., GraphClient]) -> GraphClient:
    return make_client(app_id="42", app_secret="s3cr3t-of-the-app")


@pytest.mark.parametrize("name", CASES)
def test_an_unknown_value_at_any_depth_is_kept(client: GraphClient, server: ScriptedServer, name: str) -> None:
    case = CASES[name]
    answer, sent = _with_news(case.answer, in_items=case.in_items)
    server.replies(answer)

    found = case.call(client)

    assert sent
    assert sorted(set(sent) - set(_texts(found))) == []


def test_every_kind_of_answer_is_among_the_cases(client: GraphClient, server: ScriptedServer) -> None:
    seen: set[str] = set()
    for case in CASES.values():
        server.replies(case.answer)
        seen.update(_kinds(case.call(client)))

    with_extra, without = set[str](), set[str]()
    for kind in _dataclasses():
        (with_extra if "extra" in {one.name for one in fields(kind)} else without).add(kind.__name__)
    assert without - NO_ANSWERS == set(), "an answer without a place for what is unknown"
    assert with_extra - seen == {"Envelope"}, "an answer that no case covers; envelopes become errors, see below"


def test_the_login_code_in_either_shape_keeps_what_is_unknown(
    make_client: Callable[..., GraphClient], server: ScriptedServer
) -> None:
    client = make_client("instagram", app_id="42", app_secret="s3cr3t-of-the-app")
    server.replies({"data": [{"access_token": "IGnew", "news": 1}], "more": 2}, {"access_token": "IGnew", "news": 1})

    assert client.tokens.exchange_code("code", "https://x/").extra == {"news": 1, "more": 2}
    assert client.tokens.exchange_code("code", "https://x/").extra == {"news": 1}


def test_an_error_keeps_what_its_envelope_says_besides(client: GraphClient, server: ScriptedServer) -> None:
    blame = {"blame_field_specs": [["image_url", f"https://x/?t={TOKEN}"]]}
    server.refuses(100, message="bad", error_data=blame, brand_new={"why": "so"})

    with pytest.raises(GraphError) as caught:
        client.users.profile()

    assert caught.value.extra == {
        "error_data": {"blame_field_specs": [["image_url", "https://x/?t=[redacted]"]]},
        "brand_new": {"why": "so"},
    }
    assert "brand_new" not in str(caught.value)


def test_no_address_with_the_token_is_kept(client: GraphClient, server: ScriptedServer) -> None:
    paging = {
        "cursors": {"before": "B", "after": "A"},
        "next": f"https://x/?t={TOKEN}",
        "previous": f"https://x/{TOKEN}",
    }
    server.replies({"data": [{"id": "1", "children": {"data": [{"id": "2"}], "paging": paging}}], "paging": paging})

    assert TOKEN not in repr(client.media.page())


def _with_news(answer: object, *, in_items: bool) -> tuple[object, list[str]]:
    """The answer with a field of its own in every object, and the values of those fields."""
    numbers, sent = count(1), list[str]()

    def renew(value: Any, depth: int) -> Any:
        if isinstance(value, list):
            return [renew(one, depth) for one in value]
        if not isinstance(value, dict):
            return value
        # The paging of a list within an object is not kept: its addresses embed the token.
        news = {name: one if name == "paging" and depth else renew(one, depth + 1) for name, one in value.items()}
        if depth or not in_items:
            sent.append(f"news {next(numbers)}")
            news["brand_new"] = sent[-1]
        return news

    if in_items:
        assert isinstance(answer, dict)
        return {name: renew(one, 1) if name != "paging" else one for name, one in answer.items()}, sent
    return renew(answer, 0), sent


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for one in fields(value):
            yield from _texts(getattr(value, one.name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _kinds(value: object) -> Iterator[str]:
    if is_dataclass(value):
        yield type(value).__name__
        for one in fields(value):
            yield from _kinds(getattr(value, one.name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _kinds(inner)


def _dataclasses() -> Iterator[type]:
    for module in pkgutil.walk_packages(graph.__path__, "graph."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and is_dataclass(value) and value.__module__ == module.name:
                yield value
