"""Batches: results one by one, and never a publish among them."""

from __future__ import annotations

import json

import pytest

from graph.answers.errors import ErrorClass, GraphError
from graph.batch import Operation
from graph.client import GraphClient
from pressrun.errors import Invalid
from tests.unit.graph.server import TOKEN, ScriptedServer


def test_results_come_in_order_each_with_its_own_fate(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies(
        [
            {"code": 200, "body": '{"id":"1"}'},
            {"code": 400, "body": json.dumps({"error": {"message": f"bad {TOKEN}", "code": 100}})},
            None,
            {"code": 200, "body": "<html>"},
            {"code": 200, "body": '{"success":false}'},
            {"body": "x"},
            {"code": 200, "body": {"id": "2"}},
        ]
    )

    results = facebook.batch.run([Operation("GET", f"{n}?fields=id") for n in range(7)])

    assert [result.value for result in results] == [{"id": "1"}, None, None, None, None, None, {"id": "2"}]
    classes = [result.error.error_class if result.error else None for result in results]
    transient = ErrorClass.TRANSIENT
    assert classes == [None, ErrorClass.INVALID_REQUEST, transient, transient, transient, transient, None]
    assert TOKEN not in str(results[1].error)


def test_what_goes_out(facebook: GraphClient, server: ScriptedServer) -> None:
    server.replies([{"code": 200, "body": "{}"}, {"code": 200, "body": "{}"}])

    facebook.batch.run(
        [Operation("GET", "/me?fields=id", name="a"), Operation("POST", "1/comments", {"message": "ü&"})]
    )

    assert (server.last.method, server.last.path, server.last.query) == ("POST", "/v25.0/", {})
    assert server.last.json("batch") == [
        {"method": "GET", "relative_url": "me?fields=id", "name": "a"},
        {"method": "POST", "relative_url": "1/comments", "body": "message=%C3%BC%26"},
    ]
    assert server.last.form["include_headers"] == "false"
    assert server.last.form["access_token"] == TOKEN


@pytest.mark.parametrize(
    "operation",
    [
        Operation("POST", "1/media_publish", {"creation_id": "2"}),
        Operation("POST", "/v25.0/1/Media_Publish?creation_id=2"),
        Operation("POST", "1/media%5Fpublish"),
        Operation("POST", "1/media%255Fpublish"),
        Operation("POST", "1/mediapublish"),
        Operation("POST", "?batch=[]"),
        Operation("PUT", "1"),
    ],
)
def test_publishing_is_refused(facebook: GraphClient, server: ScriptedServer, operation: Operation) -> None:
    with pytest.raises(Invalid):
        facebook.batch.run([Operation("GET", "me"), operation])

    assert server.received == []


@pytest.mark.parametrize("count", [0, 51])
def test_a_batch_has_a_size(facebook: GraphClient, server: ScriptedServer, count: int) -> None:
    with pytest.raises(Invalid, match="1 to 50"):
        facebook.batch.run([Operation("GET", "me")] * count)

    assert server.received == []


@pytest.mark.parametrize("answer", [[], {}, [{"code": 200, "body": "{}"}] * 2])
def test_an_answer_that_does_not_match_is_none(facebook: GraphClient, server: ScriptedServer, answer: object) -> None:
    server.replies(answer)

    with pytest.raises(GraphError, match="unreadable answer"):
        facebook.batch.run([Operation("GET", "me")])

    assert len(server.received) == 1
