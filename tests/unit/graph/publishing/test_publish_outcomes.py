"""What each answer to media_publish means for "is it live?"."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from graph.answers.errors import ErrorClass
from graph.client import GraphClient
from graph.publishing.publishing import Published, Refused, Unknown
from graph.wire.endpoints import Endpoint
from pressrun.errors import Invalid
from tests.unit.graph.conftest import IG_ID
from tests.unit.graph.server import ScriptedServer


class TestPublish:
    def test_a_media_id_means_published(self, facebook: GraphClient, server: ScriptedServer) -> None:
        server.replies({"id": "17920238422030506"})

        assert facebook.publishing.publish("1789") == Published("17920238422030506")
        assert (server.last.method, server.last.path) == ("POST", f"/v25.0/{IG_ID}/media_publish")
        assert server.last.form == {"creation_id": "1789"}

    @pytest.mark.parametrize(
        "body", [{}, {"id": None}, {"id": ""}, {"id": []}, {"id": "<b>"}, {"success": True}, [], "x", None, True]
    )
    def test_a_success_without_a_usable_id_is_unknown(
        self, facebook: GraphClient, server: ScriptedServer, body: object
    ) -> None:
        server.replies(body)

        outcome = facebook.publishing.publish("1")

        assert isinstance(outcome, Unknown)
        assert outcome.error.error_class is ErrorClass.TRANSIENT

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 13\r\n\r\n<html></html>",
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 13\r\n\r\n<html></html>",
            b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
            b"complete nonsense\r\n\r\n",
        ],
    )
    def test_an_answer_that_is_none_is_unknown_and_sent_once(
        self, facebook: GraphClient, server: ScriptedServer, raw: bytes
    ) -> None:
        server.sends([raw])

        outcome = facebook.publishing.publish("1")

        assert isinstance(outcome, Unknown)
        assert len(server.received) == 1

    def test_a_silent_server_is_unknown_when_the_deadline_passes(
        self, facebook: GraphClient, server: ScriptedServer
    ) -> None:
        server.sends([b"", b""], gap_s=20)

        outcome = facebook.publishing.publish("1", deadline_s=0.2)

        assert isinstance(outcome, Unknown)

    def test_a_server_that_cannot_be_reached_refuses(self, make_client: Callable[..., GraphClient]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]

        outcome = make_client(graph_url=f"http://127.0.0.1:{port}").publishing.publish("1")

        assert isinstance(outcome, Refused)
        assert outcome.error.error_class is ErrorClass.TRANSIENT

    def test_a_veto_comes_through_and_nothing_is_sent(
        self, make_client: Callable[..., GraphClient], server: ScriptedServer
    ) -> None:
        def veto(endpoint: Endpoint) -> None:
            raise PermissionError(endpoint)

        with pytest.raises(PermissionError):
            make_client(before_call=veto).publishing.publish("1")

        assert server.received == []

    def test_a_broken_book_keeper_does_not_lose_the_media_id(
        self, make_client: Callable[..., GraphClient], server: ScriptedServer
    ) -> None:
        def broken(_record: object) -> None:
            raise RuntimeError("books are closed")

        server.replies({"id": "1792"})

        assert make_client(after_call=broken).publishing.publish("1") == Published("1792")

    def test_an_id_that_is_none_is_refused_before_the_call(self, facebook: GraphClient, server: ScriptedServer) -> None:
        with pytest.raises(Invalid, match="not an Instagram id"):
            facebook.publishing.publish("")

        assert server.received == []
