"""The pages on which a person consents, and the codes they lead back with (graph-api.md §1.4).

A browser (`Accept: text/html`) is shown the page, and its form is posted to the same address. Whoever asks otherwise is
led back at once, as if whoever is at the browser had agreed.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from simulator.calls.call import Call
from simulator.calls.routing import endpoint
from simulator.login import page
from simulator.protocol import errors
from simulator.protocol.answers import Answer
from simulator.world.journal import Event
from simulator.world.records import Account, Login
from simulator.world.world import World, applies

UNKNOWN_CODE = "This authorization code has been used, has expired or is unknown."
MANAGER = "ALL"
"""Whoever manages the Pages of all accounts on Facebook Login."""

_CODE = re.compile(r"SIM-CODE-(\d{1,6}|ALL)(?:-[\w-]{1,40})?", re.ASCII)
_BOTH = "client_id redirect_uri response_type scope state account"
_INSTAGRAM = f"{_BOTH} force_reauth enable_fb_login"
_FACEBOOK = f"{_BOTH} config_id auth_type"
_REFUSED = {
    "error": "access_denied",
    "error_reason": "user_denied",
    "error_description": "The user denied your request.",
}


@endpoint("authorize", "GET", "/oauth/authorize", params=_INSTAGRAM, is_open=True)
def on_instagram(call: Call, _node: None) -> Any:
    """The answer is given by the account that the extra parameter `account` names, else by whoever is there."""
    return _show(call, Login.INSTAGRAM)


@endpoint("authorize", "GET", "/dialog/oauth", params=_FACEBOOK, is_open=True)
def on_facebook(call: Call, _node: None) -> Any:
    """The same; `config_id` may stand instead of `scope`."""
    return _show(call, Login.FACEBOOK)


@endpoint("authorize", "POST", "/oauth/authorize", params=f"{_INSTAGRAM} decision without", is_open=True)
def decided_on_instagram(call: Call, _node: None) -> Any:
    """What the page's form sends: `decision` (approve, refuse), and in `without` the permissions that are withheld."""
    return _decide(call, Login.INSTAGRAM)


@endpoint("authorize", "POST", "/dialog/oauth", params=f"{_FACEBOOK} decision without", is_open=True)
def decided_on_facebook(call: Call, _node: None) -> Any:
    return _decide(call, Login.FACEBOOK)


def _show(call: Call, login: Login) -> Answer:
    _check(call, login)
    account = _whoever(call, login)
    if "text/html" not in call.request_headers.get("accept", ""):
        return _lead_back(call, login, account, is_refused=account is not None and account.refuses_consent)
    people = [one for one in call.world.accounts if one.login is login]
    html = page.html(dict(call.params), login, account, people, others=(MANAGER,) if login is Login.FACEBOOK else ())
    return Answer(200, html.encode(), {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"})


def _decide(call: Call, login: Login) -> Answer:
    _check(call, login)
    account, decision = _whoever(call, login), call.params.required("decision")
    if decision not in {"approve", "refuse"}:
        raise errors.invalid("decision must be approve or refuse")
    is_refused = decision == "refuse" or (account is not None and account.refuses_consent)
    if not is_refused and account is not None:
        _withhold(call.world, account, set(call.params.listing("without")))
    return _lead_back(call, login, account, is_refused=is_refused)


def _withhold(world: World, account: Account, without: set[str]) -> None:
    """What was withheld before and is not now is granted again."""
    all_of_it = account.scopes | account.withheld
    changes = {"scopes": sorted(all_of_it - without), "withheld": sorted(all_of_it & without)}
    world.commit("account.changed", account=account.index, changes=changes)


def _check(call: Call, login: Login) -> None:
    target = call.params.required("redirect_uri")
    listed = call.world.config.redirect_uris
    if not re.fullmatch(r"https?://[\x21-\x7e]+", target) or (listed and target not in listed):
        raise errors.invalid("redirect_uri must be a URL that is listed for the app")
    if call.params.text("client_id") != call.world.config.app(login)[0]:
        raise errors.invalid("Invalid client_id: there is no such app")


def _whoever(call: Call, login: Login) -> Account | None:
    """Who is at the browser; None: the manager of all Pages."""
    chosen = call.params.text("account") or call.world.consenting.get(login.value)
    if login is Login.FACEBOOK and chosen is not None and chosen.upper() == MANAGER:
        return None
    found = call.world.account(chosen) if chosen else None
    return found or next((one for one in call.world.accounts if one.login is login), call.world.accounts[0])


def _lead_back(call: Call, login: Login, account: Account | None, *, is_refused: bool) -> Answer:
    target = call.params.required("redirect_uri")
    query = dict(_REFUSED) if is_refused else {"code": _issue(call.world, account, target)}
    state = call.params.text("state")
    if state is not None:
        query["state"] = state
    mark = "&" if "?" in target else "?"
    # Instagram Login adds that to every redirect.
    end = "#_" if login is Login.INSTAGRAM else ""
    status = 303 if call.method == "POST" else 302
    return Answer(status, b"", {"location": f"{target}{mark}{urlencode(query)}{end}"})


def _issue(world: World, account: Account | None, target: str) -> str:
    world.count += 1
    code = f"SIM-CODE-{MANAGER if account is None else account.index}-{world.count}"
    world.commit("code.issued", code=code, redirect_uri=target)
    return code


def redeem(call: Call, login: Login) -> Account | str | None:
    """The account of a code (None: the manager of all), or why there is none.

    Each code works once, for the address it was led back to.
    """
    code = call.params.required("code")
    match = _CODE.fullmatch(code)
    is_manager = match is not None and match[1] == MANAGER and login is Login.FACEBOOK
    account = call.world.account(match[1]) if match and not is_manager else None
    if code in call.world.used_codes or not (is_manager or (account is not None and account.login is login)):
        return UNKNOWN_CODE
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


@applies("consent.chosen")
def _chosen(world: World, event: Event) -> None:
    if event["who"] is None:
        world.consenting.pop(event["login"], None)
    else:
        world.consenting[event["login"]] = event["who"]
