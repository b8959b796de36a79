"""What every call has in common: address, authorization, repeated reads, hooks, and one kind of error."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from graph.answers.errors import ErrorClass, GraphError
from graph.calls import Caller, encode
from graph.client import CallRecord, Credentials, GraphClient, Login
from graph.wire.endpoints import Endpoint
from graph.wire.transport import Transport
from pressrun.errors import Invalid
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import TOKEN, ScriptedServer

MakeClient = Callable[..., GraphClient]


class TestAddress:
    @pytest.mark.parametrize(
        ("login", "host"),
        [(Login.FACEBOOK, "https://graph.facebook.com"), (Login.INSTAGRAM, "https://graph.instagram.com")],
    )
    def test_each_login_has_its_host(self, transport: Transport, login: Login, host: str) -> None:
        caller = Caller(
            Credentials(login, IG_ID, TOKEN),
            transport,
            version="v25.0",
            graph_url=None,
            app_secret=None,
            app_id=None,
            call_deadline_s=1,
            before_call=None,
            after_call=None,
        )

        assert caller.graph_host == host

    def test_the_version_is_always_sent(self, make_client: MakeClient, server: ScriptedServer) -> None:
        server.replies({"id": "1"})

        make_client(version="v26.0").users.profile()

        assert server.last.path == f"/v26.0/{IG_ID}"

    @pytest.mark.parametrize("bad", ["", "..", "1/media_publish", "1?fields=x", "1%2F2", "a b", "1\n", "٣"])
    def test_an_id_cannot_lead_elsewhere(self, facebook: GraphClient, server: ScriptedServer, bad: str) -> None:
        with pytest.raises(Invalid, match="not an Instagram id"):
            facebook.media.get(bad)

        assert server.received == []


class TestAuthorization:
    def test_the_token_travels_in_the_header_only(self, facebook: GraphClient, server: ScriptedServer) -> None:
        server.replies({"id": "1"})

        facebook.users.profile()

        assert server.last.headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in f"{server.last.path} {server.last.query}"

    def test_facebook_login_proves_that_it_knows_the_secret(
        self, make_client: MakeClient, server: ScriptedServer
    ) -> None:
        server.replies({"id": "1"}, {"id": "2"})
        client = make_client(app_secret="s3cr3t")
        proof = hmac.new(b"s3cr3t", TOKEN.encode(), hashlib.sha256).hexdigest()

        client.users.profile()
        client.comments.create("1", "hi")

        assert server.received[0].query["appsecret_proof"] == proof
        assert server.received[1].form["appsecret_proof"] == proof
        assert server.received[1].query == {}

    def test_instagram_login_sends_no_proof(self, make_client: MakeClient, server: ScriptedServer) -> None:
        server.replies({"id": "1"})

        make_client(Login.INSTAGRAM, app_secret="s3cr3t").users.profile()

        assert "appsecret_proof" not in server.last.query

    @pytest.mark.parametrize("token", ["a b", "a\r\nX: y", "tök", "\udc00"])
    def test_a_token_that_cannot_be_one_is_refused_without_showing_it(self, transport: Transport, token: str) -> None:
        with pytest.raises(Invalid) as caught:
            GraphClient(Credentials(Login.FACEBOOK, IG_ID, token), transport)

        assert token not in str(caught.value)

    def test_credentials_do_not_show_the_token(self, facebook: GraphClient) -> None:
        assert TOKEN not in repr(facebook.credentials)


class TestRepeatedReads:
    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
            b"HTTP/1.1 502 Bad\r\nContent-Length: 6\r\n\r\n<html>",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            b'HTTP/1.1 500 E\r\nContent-Length: 23\r\n\r\n{"error": {"code": 2}}\n',
            b'HTTP/1.1 400 E\r\nContent-Length: 23\r\n\r\n{"error": {"code": 1}}\n',
        ],
    )
    def test_a_read_is_repeated_after_a_passing_failure(
        self, facebook: GraphClient, server: ScriptedServer, raw: bytes
    ) -> None:
        server.sends([raw])
        server.replies({"id": "1"})

        assert facebook.users.profile().id == "1"
        assert len(server.received) == 2

    def test_a_read_is_tried_three_times_at_most(self, facebook: GraphClient, server: ScriptedServer) -> None:
        for _ in range(4):
            server.refuses(2, status=500)

        with pytest.raises(GraphError):
            facebook.users.profile()

        assert len(server.received) == 3

    @pytest.mark.parametrize("code", [190, 4, 80002, 100, 10, 368])
    def test_a_refused_read_is_not_repeated(self, facebook: GraphClient, server: ScriptedServer, code: int) -> None:
        server.refuses(code)

        with pytest.raises(GraphError):
            facebook.users.profile()

        assert len(server.received) == 1

    def test_repeating_ends_with_the_deadline(self, make_client: MakeClient, server: ScriptedServer) -> None:
        server.sends([b"", b""], gap_s=600)  # longer than a test may take

        with pytest.raises(GraphError) as caught:
            make_client(call_deadline_s=0.3).users.profile()

        assert caught.value.error_class is ErrorClass.TRANSIENT
        assert len(server.received) == 1

    @pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 503 S\r\nContent-Length: 0\r\n\r\n"])
    def test_what_changes_something_is_never_repeated(
        self, facebook: GraphClient, server: ScriptedServer, raw: bytes
    ) -> None:
        server.sends([raw])
        server.sends([raw])

        with pytest.raises(GraphError) as written:
            facebook.comments.create("1", "hi")
        with pytest.raises(GraphError) as deleted:
            facebook.comments.delete("1")

        assert [request.method for request in server.received] == ["POST", "DELETE"]
        assert not written.value.definite
        assert not deleted.value.definite


class TestHooks:
    def test_every_request_is_recorded(self, make_client: MakeClient, server: ScriptedServer) -> None:
        records: list[CallRecord] = []
        server.replies({"error": {"code": 2, "fbtrace_id": "T1"}}, status=500)
        server.replies({"id": "1"}, headers={"X-App-Usage": '{"call_count":28}'})

        make_client(after_call=records.append).users.profile()

        failed, succeeded = records
        assert (failed.endpoint, failed.http_status, failed.fbtrace_id) == (Endpoint.USER, 500, "T1")
        assert failed.error is not None
        assert (succeeded.http_status, succeeded.error, succeeded.usage.app_percent) == (200, None, 28)
        assert succeeded.duration_s > 0

    def test_a_call_without_answer_is_recorded_too(self, make_client: MakeClient, server: ScriptedServer) -> None:
        records: list[CallRecord] = []
        server.sends([b""])

        with pytest.raises(GraphError):
            make_client(after_call=records.append).comments.delete("1")

        assert [(record.http_status, record.usage.app_percent) for record in records] == [(None, None)]

    def test_a_gate_that_shuts_stops_the_repetition(self, make_client: MakeClient, server: ScriptedServer) -> None:
        asked: list[Endpoint] = []

        def gate(endpoint: Endpoint) -> None:
            asked.append(endpoint)
            if len(asked) > 1:
                raise PermissionError("shut")

        server.refuses(2, status=500)

        with pytest.raises(PermissionError):
            make_client(before_call=gate).users.profile()

        assert len(server.received) == 1


class TestAnswers:
    @pytest.mark.parametrize("body", [{"error": {"message": "no", "code": 100}}, {"success": False}])
    def test_a_success_that_is_a_failure(self, facebook: GraphClient, server: ScriptedServer, body: object) -> None:
        server.replies(body)

        with pytest.raises(GraphError) as caught:
            facebook.comments.hide("1")

        assert caught.value.http_status == 200
        assert not caught.value.definite

    def test_a_lone_surrogate_does_not_reach_the_caller(self, facebook: GraphClient, server: ScriptedServer) -> None:
        server.replies(b'{"id":"1","biography":"a\\ud83db","newer":"\\udc00","name":"\\ud83d\\ude00"}')

        profile = facebook.users.profile()

        assert (profile.biography, profile.name, profile.extra) == ("a�b", "\U0001f600", {"newer": "�"})


def test_nothing_secret_is_logged(
    make_client: MakeClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = make_client(app_id="1", app_secret="s3cr3t-of-the-app")
    server.replies({"access_token": "EAAnew0123456789", "expires_in": 5})
    server.refuses(190, message=f"Error validating {TOKEN} with s3cr3t-of-the-app")

    client.tokens.exchange("EAAshort0123456789")
    with pytest.raises(GraphError) as caught:
        client.users.profile()

    said = "\n".join([*(record.getMessage() for record in caplog.records), str(caught.value), repr(caught.value)])
    for secret in (TOKEN, "s3cr3t-of-the-app", "EAAnew0123456789", "EAAshort0123456789"):
        assert secret not in said


def test_parameters_are_encoded_as_instagram_takes_them() -> None:
    params = {
        "none": None,
        "yes": True,
        "no": False,
        "number": 5,
        "list": ["a", 1],
        "object": {"x": 0.5},
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "text": "ü",
    }

    assert encode(params) == {
        "yes": "true",
        "no": "false",
        "number": "5",
        "list": '["a",1]',
        "object": json.dumps({"x": 0.5}, separators=(",", ":")),
        "at": "1767225600",
        "text": "ü",
    }


def test_an_instant_without_zone_is_refused() -> None:
    with pytest.raises(Invalid, match="no time zone"):
        encode({"since": datetime(2026, 1, 1)})  # noqa: DTZ001 - that is the point
