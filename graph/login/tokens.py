"""Getting, prolonging and examining tokens, on both login flavours (graph-api.md §1.4).

These endpoints take secrets as parameters. They are sent without a proof or header of ours, the transport logs no
address, and no error text lets them through.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from graph.answers.errors import unreadable
from graph.answers.reading import Node
from graph.calls import INSTAGRAM_OAUTH_URL, Call, Caller, Json
from graph.wire.credentials import Login
from graph.wire.endpoints import Endpoint
from pressrun import clock
from pressrun.errors import Invalid


@dataclass(frozen=True)
class Token:
    """A token that replaces the one it was made from. `expires_at` in UTC, None when Instagram names no end."""

    token: str = field(repr=False)
    expires_at: datetime | None = None
    user_id: str | None = None
    permissions: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TokenState:
    """What Meta says of a token. Times in UTC; None for `expires_at`: it named no end. `never_ends`: it said so.

    `data_access_expires_at` passes 90 days after the person was last active, even while the token is valid.
    """

    is_valid: bool
    kind: str | None = None
    app_id: str | None = None
    user_id: str | None = None
    expires_at: datetime | None = None
    data_access_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    never_ends: bool = False


class Tokens:
    """`client.tokens`. Every call raises GraphError; Invalid when app id or secret is needed and not configured."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def exchange_code(self, code: str, redirect_uri: str) -> Token:
        """The code of a login dialog for a short-lived token. A code works once, for an hour on Instagram Login."""
        app_id, secret = self._app()
        bare = code.removesuffix("#_")
        params = {"client_id": app_id, "client_secret": secret, "redirect_uri": redirect_uri, "code": bare}
        if self._caller.login is Login.FACEBOOK:
            return self._facebook(Endpoint.TOKEN_CODE_FACEBOOK, params)
        url = self._caller.host(INSTAGRAM_OAUTH_URL) + "/oauth/access_token"
        endpoint = Endpoint.TOKEN_CODE
        params["grant_type"] = "authorization_code"
        answer = self._caller.run(Call(endpoint, "POST", params=params, url=url, token="", secrets=(bare, secret)))
        # Meta's page wraps the token in a list, known clients read it flat (§1.4): both pass.
        whole = Node(answer, endpoint)
        wrapped = whole.nodes("data")
        if not wrapped:
            return _read_token(whole)
        token = _read_token(wrapped[0])
        return replace(token, extra=whole.rest() | token.extra)

    def exchange(self, short_lived: str | None = None) -> Token:
        """A short-lived token, by default the account's, for one of about 60 days."""
        app_id, secret = self._app()
        token = self._token(short_lived)
        if self._caller.login is Login.FACEBOOK:
            params = {
                "grant_type": "fb_exchange_token",
                "client_id": app_id,
                "client_secret": secret,
                "fb_exchange_token": token,
            }
            return self._facebook(Endpoint.TOKEN_EXCHANGE, params)
        params = {"grant_type": "ig_exchange_token", "client_secret": secret, "access_token": token}
        return self._instagram(Endpoint.TOKEN_EXCHANGE_INSTAGRAM, "access_token", params)

    def refresh(self) -> Token:
        """A fresh long-lived token for the account's. The old one must not have expired.

        On Instagram Login it must be 24 h old and is good for 60 more days; one that was not refreshed in time is
        dead for good.
        """
        if self._caller.login is Login.FACEBOOK:
            return self.exchange()
        params = {"grant_type": "ig_refresh_token", "access_token": self._token(None)}
        return self._instagram(Endpoint.TOKEN_REFRESH, "refresh_access_token", params)

    def debug(self, token: str | None = None) -> TokenState:
        """What Meta says of a token, by default the account's.

        Facebook Login only: graph.instagram.com is not known to support it. There `users.me()` tells whether a token
        lives.
        """
        self._caller.require(Login.FACEBOOK, "GET /debug_token")
        app_id, secret = self._app()
        examined, endpoint = self._token(token), Endpoint.TOKEN_DEBUG
        url = f"{self._caller.graph_host}/{self._caller.version}/debug_token"
        # The app's own token may not carry a proof of the account's, so it travels alone, and in the header.
        answer = self._caller.run(
            Call(
                endpoint,
                "GET",
                params={"input_token": examined},
                url=url,
                token=f"{app_id}|{secret}",
                with_proof=False,
                secrets=(examined, secret),
            )
        )
        whole = Node(answer, endpoint)
        node = whole.node("data")
        if node is None:
            raise unreadable(endpoint, "no data")
        state = _read_state(node)
        return replace(state, extra=whole.rest() | state.extra)

    def _facebook(self, endpoint: Endpoint, params: dict[str, str]) -> Token:
        url = f"{self._caller.graph_host}/{self._caller.version}/oauth/access_token"
        return _read_token(Node(self._ask(endpoint, url, params), endpoint))

    def _instagram(self, endpoint: Endpoint, path: str, params: dict[str, str]) -> Token:
        # Meta documents these two without a version.
        return _read_token(Node(self._ask(endpoint, f"{self._caller.graph_host}/{path}", params), endpoint))

    def _ask(self, endpoint: Endpoint, url: str, params: dict[str, str]) -> Json:
        secrets = tuple(params[name] for name in params if name not in ("grant_type", "client_id", "redirect_uri"))
        return self._caller.run(Call(endpoint, "GET", params=params, url=url, token="", secrets=secrets))

    def _app(self) -> tuple[str, str]:
        if not self._caller.app_id or not self._caller.app_secret:
            missing = "PRESSRUN_APP_SECRET" if self._caller.app_id else "PRESSRUN_APP_ID"
            raise Invalid("this needs PRESSRUN_APP_ID and PRESSRUN_APP_SECRET", type="setting.missing", field=missing)
        return self._caller.app_id, self._caller.app_secret

    def _token(self, given: str | None) -> str:
        token = given or self._caller.token
        if not token:
            raise Invalid("there is no token to work on", type="token.missing", field="token")
        return token


def _read_token(node: Node) -> Token:
    token, lifetime_s = node.text("access_token"), node.whole("expires_in")
    if not token:
        raise unreadable(node.endpoint, "no access_token")
    return Token(
        token=token,
        expires_at=clock.now() + timedelta(seconds=lifetime_s) if lifetime_s else None,
        user_id=node.maybe_id("user_id"),
        permissions=_read_permissions(node),
        extra=node.rest(),
    )


def _read_permissions(node: Node) -> tuple[str, ...]:
    if isinstance(node.raw("permissions"), str):
        return tuple(part.strip() for part in (node.text("permissions") or "").split(",") if part.strip())
    return node.texts("permissions")


def _read_state(node: Node) -> TokenState:
    return TokenState(
        is_valid=node.flag("is_valid") is True,
        kind=node.text("type"),
        app_id=node.maybe_id("app_id"),
        user_id=node.maybe_id("user_id"),
        expires_at=_end(node, "expires_at"),
        data_access_expires_at=_end(node, "data_access_expires_at"),
        scopes=node.texts("scopes"),
        never_ends=_is_never(node, "expires_at"),
        extra=node.rest(),
    )


def _end(node: Node, name: str) -> datetime | None:
    return None if _is_never(node, name) else node.instant(name)


def _is_never(node: Node, name: str) -> bool:
    # Meta writes "never" as 0.
    raw = node.raw(name)
    return raw == 0 and not isinstance(raw, bool)
