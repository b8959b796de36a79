"""A Page's token and a person's: a read that the one is refused is asked with the other (graph-api.md §8)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from contextlib import suppress

import pytest

from graph.answers.errors import ErrorClass, GraphError
from graph.calls import CallRecord
from graph.client import Credentials, GraphClient, Login
from graph.wire.transport import Transport
from pressrun.errors import Invalid
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import ScriptedServer

PAGE, PERSON = "EAApageToken000111", "EAApersonToken0222"
SECRET = "0123456789abcdef"
MISSING, FORBIDDEN = (100, 33), (10, None)
CONTAINER = {"id": "1", "status_code": "FINISHED"}

READS: dict[str, tuple[Callable[[GraphClient], object], object]] = {
    "container": (lambda c: c.publishing.container("1"), CONTAINER),
    "insights": (lambda c: c.insights.media("1", ["reach"]), {"data": []}),
    "account insights": (lambda c: c.insights.account(["reach"], period="day"), {"data": []}),
    "permalink": (lambda c: c.media.permalink("1"), {"permalink": "https://x/"}),
    "media": (lambda c: c.media.get("1"), {"id": "1"}),
    "list": (lambda c: c.media.page(), {"data": []}),
    "stories": (lambda c: c.stories.page(), {"data": []}),
}


@pytest.fixture
def records() -> list[CallRecord]:
    return []


@pytest.fixture
def both(server: ScriptedServer, transport: Transport, records: list[CallRecord]) -> GraphClient:
    credentials = Credentials(Login.FACEBOOK, IG_ID, PAGE, PERSON)
    return GraphClient(
        credentials, transport, graph_url=server.url, call_deadline_s=5.0, app_secret=SECRET, after_call=records.append
    )


def tokens(server: ScriptedServer) -> list[str]:
    return [one.headers["authorization"].removeprefix("Bearer ") for one in server.received]


@pytest.mark.parametrize("code", [MISSING, FORBIDDEN], ids=["100/33", "10"])
@pytest.mark.parametrize("name", READS)
def test_a_read_that_the_page_is_refused_is_made_as_the_person(
    both: GraphClient, server: ScriptedServer, records: list[CallRecord], name: str, code: tuple[int, int | None]
) -> None:
    call, answer = READS[name]
    server.refuses(*code)
    server.replies(answer)

    call(both)

    assert tokens(server) == [PAGE, PERSON]
    proof = hmac.new(SECRET.encode(), PERSON.encode(), hashlib.sha256).hexdigest()
    assert server.last.query["appsecret_proof"] == proof
    assert [one.error is None for one in records] == [False, True]
    assert records[1].body is not None


def test_if_both_are_refused_the_first_refusal_counts(both: GraphClient, server: ScriptedServer) -> None:
    server.refuses(*MISSING, message="no such container")
    server.refuses(190, message="the person's token has expired")

    with pytest.raises(GraphError, match="no such container") as caught:
        both.publishing.container("1")

    assert caught.value.error_class is not ErrorClass.AUTH
    assert tokens(server) == [PAGE, PERSON]


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        (lambda c: c.publishing.publish("1"), MISSING, "x"),
        (lambda c: c.comments.create("1", "hi"), MISSING, "x"),
        (lambda c: c.media.delete("1"), FORBIDDEN, "x"),
        (lambda c: c.insights.media("1", ["reach"]), (100, 2108006), "x"),
        (lambda c: c.insights.media("1", ["reach"]), (10, None), "(#10) Not enough viewers for the media"),
        (lambda c: c.publishing.container("1"), (190, 463), "x"),
        (lambda c: c.publishing.limit(), MISSING, "x"),
    ],
)
def test_nothing_else_is_asked_twice(
    both: GraphClient,
    server: ScriptedServer,
    call: Callable[[GraphClient], object],
    code: tuple[int, int | None],
    message: str,
) -> None:
    server.refuses(*code, message=message)

    with suppress(GraphError):
        call(both)

    assert tokens(server) == [PAGE]


def test_neither_token_is_shown(both: GraphClient, server: ScriptedServer) -> None:
    server.refuses(*MISSING, message=f"{PAGE} {PERSON}")
    server.refuses(*MISSING, message=f"{PERSON} {PAGE}")

    with pytest.raises(GraphError) as caught:
        both.publishing.container("1")

    for said in (str(caught.value), repr(both.credentials)):
        assert PAGE not in said
        assert PERSON not in said


def test_a_second_token_that_can_be_none_is_refused(transport: Transport) -> None:
    with pytest.raises(Invalid, match="token"):
        GraphClient(Credentials(Login.FACEBOOK, IG_ID, PAGE, "a b"), transport)


def test_the_version_that_answered_is_on_record(
    both: GraphClient, server: ScriptedServer, records: list[CallRecord]
) -> None:
    server.replies({"id": "1"}, headers={"facebook-api-version": "v26.0"})
    server.replies({"id": "1"})

    both.media.get("1")
    both.media.get("1")

    assert [one.api_version for one in records] == ["v26.0", None]
