"""Signing in by a provider of OpenID Connect: one of the tests' own, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from fastapi import FastAPI, Request
from joserfc import jwk, jwt
from pydantic import SecretStr

from console.access.asking import COOKIE
from console.app import create_app
from migrations import HEAD
from operations.access import door, users
from operations.access.door import DOOR
from operations.operation import OWNER, Context
from pressrun import clock
from pressrun.errors import Invalid
from pressrun.network.oidc import derived
from pressrun.network.trust import authorities
from pressrun.settings import load
from tests.support.web import serve


@dataclass
class Provider:
    """What it answers; `over` changes the claims of its tokens."""

    url: str = ""
    key: Any = field(default_factory=lambda: jwk.generate_key("EC", "P-256", {"kid": "one"}))
    asked: dict[str, str] = field(default_factory=dict)
    exchanged: dict[str, str] = field(default_factory=dict)
    over: dict[str, Any] = field(default_factory=dict)
    signs_with: Any = None

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def describe() -> dict[str, str]:
            return {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }

        @app.get("/keys")
        def keys() -> dict[str, Any]:
            unknown = {"kty": "EC", "crv": "a curve of tomorrow", "kid": "two", "x": "AA", "y": "AA"}
            return {"keys": [unknown, self.key.as_dict(private=False)]}

        @app.post("/token")
        async def token(request: Request) -> dict[str, str]:
            self.exchanged = dict(parse_qsl((await request.body()).decode()))
            self.exchanged["authorization"] = request.headers["authorization"]
            now = int(clock.now().timestamp())
            claims = {
                "iss": self.url,
                "sub": "248289761001",
                "aud": "pressrun",
                "iat": now,
                "exp": now + 300,
                "nonce": self.asked["nonce"],
                "email": "ana@example.com",
                "email_verified": True,
            }
            signed = jwt.encode({"alg": "ES256", "kid": "one"}, claims | self.over, self.signs_with or self.key)
            return {"access_token": "x", "token_type": "Bearer", "id_token": signed}

        return app


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    with serve(made.app()) as url:
        made.url = url
        yield made


@pytest.fixture
def http(ctx: Context, provider: Provider, tmp_path: Path) -> Iterator[httpx.Client]:
    told = {"oidc_issuer": provider.url, "oidc_client_id": "pressrun", "oidc_client_secret": SecretStr("hush, hush")}
    ctx = replace(ctx, settings=ctx.settings.model_copy(update=told))
    with (
        serve(create_app(ctx, media_keys=[], media_root=tmp_path, schema_head=HEAD)) as url,
        httpx.Client(base_url=url, timeout=30, verify=authorities()) as client,
    ):
        yield client


def _go(http: httpx.Client, provider: Provider, **over: str) -> httpx.Response:
    left = http.get("/sign-in/oidc")
    assert left.status_code == 303, left.text
    provider.asked = dict(parse_qsl(urlsplit(left.headers["location"]).query))
    return http.get("/sign-in/oidc/callback", params={"state": provider.asked["state"], "code": "c0de"} | over)


def test_whoever_was_invited_comes_in_by_their_address_and_then_by_their_id(
    ctx: Context, http: httpx.Client, provider: Provider
) -> None:
    users.invite(ctx, OWNER, "Ana@example.com", role="author")
    assert 'href="/sign-in/oidc"' in http.get("/sign-in").text

    answer = _go(http, provider)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    asker = door.by_cookie(ctx, DOOR, http.cookies[COOKIE])
    assert asker is not None
    assert asker.name == "Ana@example.com"
    assert provider.asked["redirect_uri"] == f"{str(http.base_url).rstrip('/')}/sign-in/oidc/callback"
    assert provider.asked["code_challenge_method"] == "S256"
    assert provider.exchanged["code"] == "c0de"
    assert provider.exchanged["authorization"] == "Basic cHJlc3NydW46aHVzaCUyQyUyMGh1c2g="
    assert [one.state for one in users.list_users(ctx, OWNER)] == ["active"]

    provider.over = {"email": "other@example.com"}
    assert _go(http, provider).status_code == 303
    provider.over = {"email": None}  # who is known by their id needs none
    assert _go(http, provider).status_code == 303
    provider.over = {"sub": "another"}  # somebody else who was given the same address
    assert _go(http, provider).status_code == 401
    users.reset(ctx, OWNER, "ana@example.com")  # or the same person, of whom the provider thinks anew
    assert _go(http, provider).status_code == 303
    users.disable(ctx, OWNER, "ana@example.com")
    assert _go(http, provider).status_code == 401


@pytest.mark.parametrize(
    "over",
    [
        {"email_verified": False},
        {"email_verified": "false"},
        {"email_verified": "no"},
        {"email_verified": 1},
        {"email_verified": None},
        {"email": "stranger@example.com"},
        {"aud": "another"},
        {"nonce": "another"},
        {"iss": "https://another.example"},
        {"exp": 1},
        {"email": None},
        {"sub": ""},
    ],
    ids=lambda over: "-".join(f"{name}-{value}" for name, value in over.items()),
)
def test_nobody_else_comes_in(ctx: Context, http: httpx.Client, provider: Provider, over: dict[str, Any]) -> None:
    users.invite(ctx, OWNER, "ana@example.com")
    provider.over = over

    answer = _go(http, provider)

    assert answer.status_code == 401
    assert COOKIE not in http.cookies


@pytest.mark.parametrize("verified", ["true", "True"])
def test_a_provider_may_write_its_truths_as_text(
    ctx: Context, http: httpx.Client, provider: Provider, verified: str
) -> None:
    users.invite(ctx, OWNER, "ana@example.com")
    provider.over = {"email_verified": verified}

    assert _go(http, provider).status_code == 303


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            {"error": "access_denied", "error_description": "The <b>user</b>\nsaid no."},
            "signs nobody in and says “access_denied: The &lt;b&gt;user&lt;/b&gt; said no”; begin again, and allow",
        ),
        ({"error": "login_required"}, "says “login_required”; begin again"),
        ({"error": "temporarily_unavailable"}, "says “temporarily_unavailable”; try again in a moment"),
        (
            {"error": "invalid_scope"},
            "says “invalid_scope”; whoever runs this has to look",
        ),
        ({"error": "x" * 5000, "code": "c0de"}, f"says “{'x' * 199}…”; whoever runs this"),
        ({"code": ""}, "neither a code nor a reason: begin again"),
    ],
    ids=lambda told: told.get("error", "nothing")[:30] if isinstance(told, dict) else "",
)
def test_what_the_provider_says_instead_of_a_code_is_told(
    ctx: Context, http: httpx.Client, provider: Provider, told: dict[str, str], said: str
) -> None:
    users.invite(ctx, OWNER, "ana@example.com")

    answer = _go(http, provider, **{"code": ""} | told)

    assert answer.status_code == 401
    assert said in answer.text
    assert provider.exchanged == {}
    assert dict(http.cookies) == {}
    assert [(one.state, one.last_seen_at) for one in users.list_users(ctx, OWNER)] == [("invited", None)]
    assert _go(http, provider).status_code == 303


def test_whoever_never_left_from_here_cannot_come_back(ctx: Context, http: httpx.Client, provider: Provider) -> None:
    """Somebody who leads another's browser here with a code of their own would have them work under a foreign name."""
    users.invite(ctx, OWNER, "ana@example.com")
    provider.asked = {"nonce": derived("", "nonce")}

    answer = http.get("/sign-in/oidc/callback", params={"state": derived("", "state"), "code": "c0de"})

    assert answer.status_code == 401
    assert "belongs to another browser" in answer.text
    assert provider.exchanged == {}
    assert COOKIE not in http.cookies


def test_a_token_that_somebody_else_signed_or_an_answer_of_another_browser_proves_nothing(
    ctx: Context, http: httpx.Client, provider: Provider
) -> None:
    users.invite(ctx, OWNER, "ana@example.com")

    assert _go(http, provider, state=derived("another", "state")).status_code == 401
    provider.signs_with = jwk.generate_key("EC", "P-256", {"kid": "one"})
    answer = _go(http, provider)

    assert answer.status_code == 401
    assert "proves nothing" in answer.text
    assert COOKIE not in http.cookies


def test_without_a_provider_there_is_no_such_way(ctx: Context, tmp_path: Path) -> None:
    app = create_app(ctx, media_keys=[], media_root=tmp_path, schema_head=HEAD)
    with serve(app) as url:
        assert httpx.get(f"{url}/sign-in/oidc", verify=authorities()).status_code == 404
    with pytest.raises(Invalid, match="PRESSRUN_OIDC_ISSUER goes with"):
        load({"PRESSRUN_OIDC_ISSUER": "https://id.example.com"})
