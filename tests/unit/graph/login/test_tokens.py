"""Tokens on both login flavours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from graph.answers.errors import ErrorClass, GraphError, NotOnThisLogin
from graph.client import GraphClient, Login
from graph.login.tokens import Token, TokenState
from pressrun import clock
from pressrun.errors import Invalid
from tests.unit.graph.server import TOKEN, ScriptedServer

MakeClient = Callable[..., GraphClient]
APP = {"app_id": "123", "app_secret": "s3cr3t"}


@pytest.fixture
def fb(make_client: MakeClient) -> GraphClient:
    return make_client(Login.FACEBOOK, **APP)


@pytest.fixture
def ig(make_client: MakeClient) -> GraphClient:
    return make_client(Login.INSTAGRAM, **APP)


def lives_for(token: Token, seconds: float) -> bool:
    return token.expires_at is not None and abs(token.expires_at - clock.now() - timedelta(seconds=seconds)) < (
        timedelta(seconds=30)
    )


class TestFacebookLogin:
    def test_a_code_becomes_a_token(self, fb: GraphClient, server: ScriptedServer) -> None:
        server.replies({"access_token": "EAAshort", "token_type": "bearer", "expires_in": 3600})

        token = fb.tokens.exchange_code("C0DE", "https://me/back")

        assert token.token == "EAAshort"
        assert lives_for(token, 3600)
        assert server.last.path == "/v25.0/oauth/access_token"
        assert server.last.query == {
            "client_id": "123",
            "client_secret": "s3cr3t",
            "redirect_uri": "https://me/back",
            "code": "C0DE",
        }
        assert "authorization" not in server.last.headers

    def test_a_short_token_becomes_a_long_one(self, fb: GraphClient, server: ScriptedServer) -> None:
        server.replies({"access_token": "EAAlong", "token_type": "bearer", "expires_in": 5183944})

        token = fb.tokens.exchange("EAAshort")

        assert (token.token, token.extra) == ("EAAlong", {"token_type": "bearer"})
        assert lives_for(token, 5183944)
        assert server.last.query == {
            "grant_type": "fb_exchange_token",
            "client_id": "123",
            "client_secret": "s3cr3t",
            "fb_exchange_token": "EAAshort",
        }

    def test_refreshing_exchanges_the_long_token(self, fb: GraphClient, server: ScriptedServer) -> None:
        server.replies({"access_token": "EAAnew"})

        token = fb.tokens.refresh()

        assert (token.token, token.expires_at) == ("EAAnew", None)
        assert server.last.query["fb_exchange_token"] == TOKEN

    def test_a_token_is_examined(self, fb: GraphClient, server: ScriptedServer) -> None:
        server.replies(
            {
                "data": {
                    "app_id": "123",
                    "type": "USER",
                    "is_valid": True,
                    "expires_at": 1577347200,
                    "data_access_expires_at": 1585040349,
                    "scopes": ["pages_show_list"],
                    "granular_scopes": [{"scope": "pages_show_list"}],
                    "user_id": "9",
                }
            }
        )

        state = fb.tokens.debug()

        assert state == TokenState(
            True,
            "USER",
            "123",
            "9",
            datetime(2019, 12, 26, 8, tzinfo=UTC),
            datetime(2020, 3, 24, 8, 59, 9, tzinfo=UTC),
            ("pages_show_list",),
            {"granular_scopes": [{"scope": "pages_show_list"}]},
        )
        assert server.last.path == "/v25.0/debug_token"
        assert server.last.query == {"input_token": TOKEN}
        assert server.last.headers["authorization"] == "Bearer 123|s3cr3t"

    def test_a_page_token_has_no_end(self, fb: GraphClient, server: ScriptedServer) -> None:
        server.replies({"data": {"is_valid": True, "expires_at": 0}}, {"data": {}})

        assert fb.tokens.debug("EAApage").expires_at is None
        assert fb.tokens.debug("EAApage").is_valid is False


class TestInstagramLogin:
    @pytest.mark.parametrize("wrapped", [True, False])
    def test_a_code_becomes_a_token_in_both_shapes(
        self, ig: GraphClient, server: ScriptedServer, wrapped: bool
    ) -> None:
        answer = {"access_token": "IGAshort", "user_id": 17841400000000001, "permissions": "a, b"}
        server.replies({"data": [answer]} if wrapped else answer)

        token = ig.tokens.exchange_code("C0DE#_", "https://me/back")

        assert token == Token("IGAshort", None, "17841400000000001", ("a", "b"))
        assert (server.last.method, server.last.path) == ("POST", "/oauth/access_token")
        assert server.last.form == {
            "client_id": "123",
            "client_secret": "s3cr3t",
            "redirect_uri": "https://me/back",
            "code": "C0DE",
            "grant_type": "authorization_code",
        }
        assert server.last.query == {}

    def test_a_short_token_becomes_a_long_one(self, ig: GraphClient, server: ScriptedServer) -> None:
        server.replies({"access_token": "IGAlong", "token_type": "bearer", "expires_in": 5184000})

        token = ig.tokens.exchange("IGAshort")

        assert token.token == "IGAlong"
        assert lives_for(token, 5184000)
        assert server.last.path == "/access_token"
        assert server.last.query == {
            "grant_type": "ig_exchange_token",
            "client_secret": "s3cr3t",
            "access_token": "IGAshort",
        }

    def test_refreshing_needs_no_app(self, make_client: MakeClient, server: ScriptedServer) -> None:
        server.replies({"access_token": "IGAnew", "expires_in": "5184000", "permissions": ["x"]})

        token = make_client(Login.INSTAGRAM).tokens.refresh()

        assert (token.token, token.permissions) == ("IGAnew", ("x",))
        assert server.last.path == "/refresh_access_token"
        assert server.last.query == {"grant_type": "ig_refresh_token", "access_token": TOKEN}

    def test_a_spent_code_is_an_auth_error_without_the_code(self, ig: GraphClient, server: ScriptedServer) -> None:
        message = "Matching code C0DE-9 was not found or was already used"
        server.replies({"error_type": "OAuthException", "code": 400, "error_message": message}, status=400)

        with pytest.raises(GraphError) as caught:
            ig.tokens.exchange_code("C0DE-9", "https://me/back")

        assert caught.value.error_class is ErrorClass.AUTH
        assert "C0DE-9" not in str(caught.value)

    def test_examining_is_not_offered(self, ig: GraphClient, server: ScriptedServer) -> None:
        with pytest.raises(NotOnThisLogin):
            ig.tokens.debug()

        assert server.received == []


@pytest.mark.parametrize("answer", [{}, {"access_token": None}, {"access_token": ""}, {"access_token": 5}, []])
def test_an_answer_without_token(fb: GraphClient, server: ScriptedServer, answer: object) -> None:
    server.replies(answer)

    with pytest.raises(GraphError, match="unreadable answer"):
        fb.tokens.exchange()


def test_app_and_token_must_be_known(make_client: MakeClient, server: ScriptedServer) -> None:
    with pytest.raises(Invalid, match="PRESSRUN_APP_ID"):
        make_client().tokens.exchange()
    with pytest.raises(Invalid, match="no token"):
        make_client(token="", **APP).tokens.exchange()

    assert server.received == []


def test_before_the_first_login_there_is_neither_id_nor_token(make_client: MakeClient, server: ScriptedServer) -> None:
    server.replies({"access_token": "EAAfirst"})

    assert make_client(ig_id="", token="", **APP).tokens.exchange_code("C", "https://me").token == "EAAfirst"


def test_a_token_is_not_shown() -> None:
    assert "EAAx" not in repr(Token("EAAx"))
