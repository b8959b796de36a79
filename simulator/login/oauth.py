"""Exchange, refresh and inspection of tokens, for both flavours (graph-api.md §1.4)."""

from __future__ import annotations

import base64
from typing import Any

from simulator.calls.call import Call, authenticate, bearer
from simulator.calls.routing import endpoint
from simulator.login import tokens
from simulator.login.consent import UNKNOWN_CODE, redeem
from simulator.protocol import errors
from simulator.world import people
from simulator.world.clock import DAY
from simulator.world.people import FACEBOOK_SCOPES
from simulator.world.records import Account, FacebookUser, Login, Token, TokenKind

OTHER_APP = "SIM-OTHER-APP"


@endpoint(
    "oauth_access_token",
    "GET",
    "/oauth/access_token",
    params="client_id client_secret redirect_uri code grant_type fb_exchange_token",
    is_open=True,
)
def facebook_token(call: Call, _node: None) -> Any:
    """A code becomes a short token, a short token a long one: another string, which replaces it."""
    _check_app(call)
    if call.params.text("grant_type") == "client_credentials":
        config = call.world.config
        return {"access_token": f"{config.app_id}|{config.app_secret}", "token_type": "bearer"}
    if call.params.text("grant_type") == "fb_exchange_token":
        token = authenticate(call.world, call.params.required("fb_exchange_token"), None)
        if token.kind is TokenKind.INSTAGRAM:
            raise errors.bad_token()
        if token.is_foreign:
            raise errors.invalid("The access token does not belong to this application.")
        return _grant(call, tokens.issue(call.world, token.kind, token.account))
    account = redeem(call, Login.FACEBOOK)
    if isinstance(account, str):
        raise errors.invalid(account)
    tokens.renew_pages(call.world, account)
    kind = TokenKind.MANAGER if account is None else TokenKind.USER
    return _grant(call, tokens.issue(call.world, kind, account, is_short=True))


@endpoint(
    "oauth_access_token",
    "POST",
    "/oauth/access_token",
    params="client_id client_secret grant_type redirect_uri code fb_exchange_token",
    is_open=True,
)
def instagram_code(call: Call, _node: None) -> Any:
    """api.instagram.com takes a form; its refusals have a shape of their own (graph-api.md §3.1).

    graph.facebook.com has the same path; OAuth libraries name the app in the Authorization header there.
    """
    if call.params.text("grant_type") != "authorization_code" or _basic(call) is not None:
        return facebook_token(call, _node)
    if (call.params.text("client_id"), call.params.text("client_secret")) != call.world.config.app(Login.INSTAGRAM):
        raise errors.LoginError(400, "Invalid platform app")
    account = redeem(call, Login.INSTAGRAM)
    if not isinstance(account, Account):
        raise errors.LoginError(400, account or UNKNOWN_CODE)
    token = tokens.issue(call.world, TokenKind.INSTAGRAM, account, is_short=True)
    grant = {"access_token": token.text, "user_id": account.ig_id, "permissions": ",".join(sorted(account.scopes))}
    # MD shows a list below `data`, clients in the field read a flat object: CONFLICT, one may choose.
    return grant if call.world.reading("igl_code_exchange", "data") == "flat" else {"data": [grant]}


@endpoint("access_token", "GET", "/access_token", params="grant_type client_secret", is_open=True)
def instagram_exchange(call: Call, _node: None) -> Any:
    """Short (1 h) to long (60 days)."""
    if call.params.text("grant_type") != "ig_exchange_token":
        raise errors.invalid("grant_type must be ig_exchange_token")
    if call.params.text("client_secret") != call.world.config.app(Login.INSTAGRAM)[1]:
        raise errors.invalid("Error validating client secret.")
    token = _instagram_token(call)
    return _grant(call, tokens.issue(call.world, TokenKind.INSTAGRAM, token.account))


@endpoint("refresh_access_token", "GET", "/refresh_access_token", params="grant_type", is_open=True)
def instagram_refresh(call: Call, _node: None) -> Any:
    """Sixty more days for a long token that is at least a day old."""
    if call.params.text("grant_type") != "ig_refresh_token":
        raise errors.invalid("grant_type must be ig_refresh_token")
    token = _instagram_token(call)
    account = token.account
    if account is None or "instagram_business_basic" not in account.scopes:
        raise errors.no_permission()
    if token.is_short or call.world.now() - token.issued_at < DAY:
        raise errors.invalid("The token must be long-lived and at least 24 hours old")
    grant = _grant(call, tokens.issue(call.world, TokenKind.INSTAGRAM, account))
    return grant | {"permissions": ",".join(sorted(account.scopes))}


def _instagram_token(call: Call) -> Token:
    token = authenticate(call.world, bearer(call.request_headers, call.params), None)
    if token.kind is not TokenKind.INSTAGRAM:
        raise errors.bad_token()
    return token


@endpoint("debug_token", "GET", "/debug_token", params="input_token", is_open=True)
def debug(call: Call, _node: None) -> Any:
    world = call.world
    config = world.config
    inspector = bearer(call.request_headers, call.params)
    if inspector != f"{config.app_id}|{config.app_secret}":
        authenticate(world, inspector, None)
    token = world.tokens.get(call.params.required("input_token"))
    if token is None:
        problem = {"code": 190, "message": "Invalid OAuth access token."}
        return {"data": {"is_valid": False, "scopes": [], "error": problem}}
    scopes = sorted(token.account.scopes if token.account else FACEBOOK_SCOPES)
    is_valid = token.refused is None and (token.expires_at is None or world.now() < token.expires_at)
    user = FacebookUser(token.account).id
    data: dict[str, Any] = {
        "app_id": OTHER_APP if token.is_foreign else config.app_id,
        "type": "PAGE" if token.kind is TokenKind.PAGE else "USER",
        "is_valid": is_valid,
        "issued_at": int(token.issued_at),
        "expires_at": int(token.expires_at or 0),
        "data_access_expires_at": int(people.data_access_end(token)),
        "scopes": scopes,
        "granular_scopes": [{"scope": scope} for scope in scopes],
        "user_id": token.account.ig_id if token.kind is TokenKind.INSTAGRAM and token.account else user,
    }
    if not is_valid:
        subcode = token.refused or 463
        data["error"] = {"code": 190, "subcode": subcode, "message": errors.dead_token(subcode).message}
    return {"data": data}


def _check_app(call: Call) -> None:
    config = call.world.config
    named = _basic(call) or (call.params.required("client_id"), call.params.required("client_secret"))
    if named[0] != config.app_id:
        raise errors.invalid("Error validating application. Cannot get application info due to a system error.")
    if named[1] != config.app_secret:
        raise errors.invalid("Error validating client secret.")


def _basic(call: Call) -> tuple[str, str] | None:
    """App id and secret of HTTP Basic authentication; parameters win over an empty part."""
    scheme, _, encoded = call.request_headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name or call.params.text("client_id") or "", secret or call.params.text("client_secret") or ""


def _grant(call: Call, token: Token) -> dict[str, Any]:
    life = int((token.expires_at or 0) - call.world.now()) + 1
    return {"access_token": token.text, "token_type": "bearer", "expires_in": life}
