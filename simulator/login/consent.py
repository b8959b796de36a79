"""The pages on which a person consents, and the codes they lead back with (graph-api.md §1.4)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from simulator.calls.call import Call
from simulator.calls.routing import endpoint
from simulator.protocol import errors
from simulator.protocol.answers import Answer
from simulator.world.journal import Event
from simulator.world.records import Account, Login
from simulator.world.world import World, applies

_CODE = re.compile(r"SIM-CODE-(\d{1,6})(?:-[\w-]{1,40})?", re.ASCII)
_BOTH = "client_id redirect_uri response_type scope state account"
_REFUSED = {
    "error": "access_denied",
    "error_reason": "user_denied",
    "error_description": "The user denied your request.",
}


@endpoint("authorize", "GET", "/oauth/authorize", params=f"{_BOTH} force_reauth enable_fb_login", is_open=True)
def on_instagram(call: Call, _node: None) -> Any:
    """The answer is given at once, by the account that the extra parameter `account` names, else by account 1."""
    return _redirect(call, call.params.text("account") or "1", end="#_")


@endpoint("authorize", "GET", "/dialog/oauth", params=f"{_BOTH} config_id auth_type", is_open=True)
def on_facebook(call: Call, _node: None) -> Any:
    """The same by account 0, unless another is named; `config_id` may stand instead of `scope`."""
    return _redirect(call, call.params.text("account") or "0", end="")


def _redirect(call: Call, chosen: str, *, end: str) -> Answer:
    target = call.params.required("redirect_uri")
    listed = call.world.config.redirect_uris
    if not re.fullmatch(r"https?://[\x21-\x7e]+", target) or (listed and target not in listed):
        raise errors.invalid("redirect_uri must be a URL that is listed for the app")
    account = call.world.account(chosen) or call.world.accounts[0]
    query = dict(_REFUSED) if account.refuses_consent else {"code": _issue(call.world, account, target)}
    state = call.params.text("state")
    if state is not None:
        query["state"] = state
    mark = "&" if "?" in target else "?"
    return Answer(302, b"", {"location": f"{target}{mark}{urlencode(query)}{end}"})


def _issue(world: World, account: Account, target: str) -> str:
    world.count += 1
    code = f"SIM-CODE-{account.index}-{world.count}"
    world.commit("code.issued", code=code, redirect_uri=target)
    return code


def redeem(call: Call, login: Login) -> Account | str:
    """The account of a code, or why there is none. Each code works once, for the address it was led back to."""
    code = call.params.required("code")
    match = _CODE.fullmatch(code)
    account = call.world.account(match[1]) if match else None
    if account is None or account.login is not login or code in call.world.used_codes:
        return "This authorization code has been used, has expired or is unknown."
    target = call.params.text("redirect_uri")
    if target != call.world.codes.get(code, target):
        return "Error validating verification code. The redirect_uri must be identical to the one of the dialog."
    call.world.commit("code.used", code=code)
    consented(call.world, account)
    return account


def consented(world: World, account: Account | None) -> None:
    """Its person was asked just now; None: whoever manages all Pages."""
    world.commit("consent.given", account=None if account is None else account.index, at=world.now())


@applies("consent.given")
def _consented(world: World, event: Event) -> None:
    index = event["account"]
    for account in world.accounts if index is None else [world.accounts[index]]:
        account.consented_at = event["at"]


@applies("code.issued")
def _issued(world: World, event: Event) -> None:
    world.codes[event["code"]] = event["redirect_uri"]
