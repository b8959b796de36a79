"""The pages of consent: both logins, a refusal, addresses that must be equal byte for byte."""

from __future__ import annotations

import hashlib
import hmac
import html
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.unit.simulator.client import FACEBOOK, INSTAGRAM, Sim, ig_id, running

BACK = "https://app.example/back"
APP = {"client_id": "SIM-APP", "client_secret": "SIM-APP-SECRET", "redirect_uri": BACK}
DIALOGS = {FACEBOOK: "/v25.0/dialog/oauth", INSTAGRAM: "/oauth/authorize"}


def _led_back(sim: Sim, login: int, **query: str) -> tuple[dict[str, list[str]], str]:
    """Query and fragment of the address to which consent leads back."""
    asked = {"client_id": "SIM-APP", "redirect_uri": BACK, "response_type": "code", "state": "s t&te", **query}
    answer = sim.http.get(DIALOGS[login], params=asked)
    assert answer.status_code == 302, answer.text
    target = urlsplit(answer.headers["location"])
    assert answer.headers["location"].startswith(f"{BACK}?")
    return parse_qs(target.query), target.fragment if answer.headers["location"].find("#") > 0 else "none"


def _redeem(sim: Sim, login: int, code: str, **form: str) -> int:
    asked = {**APP, "code": code, **form}
    if login == FACEBOOK:
        return sim.http.get("/v25.0/oauth/access_token", params=asked).status_code
    return sim.http.post("/oauth/access_token", data={"grant_type": "authorization_code", **asked}).status_code


@pytest.mark.parametrize(("login", "end"), [(FACEBOOK, "none"), (INSTAGRAM, "_")])
def test_consent_leads_back_with_code_and_state(sim: Sim, login: int, end: str) -> None:
    scope = {"config_id": "77"} if login == FACEBOOK else {"scope": "instagram_business_basic"}
    query, fragment = _led_back(sim, login, **scope)

    assert (query["state"], fragment) == (["s t&te"], end)
    assert _redeem(sim, login, query["code"][0]) == 200
    assert _redeem(sim, login, query["code"][0]) == 400, "a code works once"
    assert sim.report()["unknown_params"] == {}


@pytest.mark.parametrize(("login", "end"), [(FACEBOOK, "none"), (INSTAGRAM, "_")])
def test_refused_consent_leads_back_without_a_code(sim: Sim, login: int, end: str) -> None:
    sim.control("POST", "account", account=login, refuses_consent=True)

    query, fragment = _led_back(sim, login)

    assert "code" not in query
    assert (query["error"], query["error_reason"]) == (["access_denied"], ["user_denied"])
    assert query["error_description"]
    assert (query["state"], fragment) == (["s t&te"], end)


@pytest.mark.parametrize("login", [FACEBOOK, INSTAGRAM])
def test_the_address_is_the_same_in_dialog_and_exchange_byte_for_byte(sim: Sim, login: int) -> None:
    code = _led_back(sim, login)[0]["code"][0]

    assert _redeem(sim, login, code, redirect_uri=f"{BACK}/") == 400
    assert _redeem(sim, login, code) == 200


def test_the_address_is_one_that_the_app_lists(simulate: Callable[..., Sim]) -> None:
    sim = simulate(accounts=2, redirect_uris=(BACK,))

    assert _led_back(sim, FACEBOOK)[0]["code"]
    for login, dialog in DIALOGS.items():
        asked = {"client_id": "SIM-APP", "redirect_uri": f"{BACK}/", "response_type": "code"}
        assert sim.http.get(dialog, params=asked).status_code == 400, login


def test_instagram_login_has_an_app_of_its_own(simulate: Callable[..., Sim]) -> None:
    sim = simulate(accounts=2, instagram_app_id="IG-APP", instagram_app_secret="IG-SECRET")
    own = {"client_id": "IG-APP", "client_secret": "IG-SECRET"}

    assert _redeem(sim, INSTAGRAM, "SIM-CODE-1-a") == 400
    assert _redeem(sim, INSTAGRAM, "SIM-CODE-1-a", **own) == 200
    assert _redeem(sim, FACEBOOK, "SIM-CODE-0-a", **own) == 400
    assert _redeem(sim, FACEBOOK, "SIM-CODE-0-a") == 200
    proof = hmac.new(b"IG-SECRET", b"SIM-TOKEN-1", hashlib.sha256).hexdigest()
    assert sim.get("/me", as_account=INSTAGRAM, appsecret_proof=proof)["id"]
    assert sim.refused("GET", f"/{ig_id(0)}", appsecret_proof=proof) == (100, None)
    assert sim.get("/me/subscribed_apps", as_account=INSTAGRAM)["data"][0]["id"] == "IG-APP"


def test_a_code_keeps_its_address_over_a_restart(tmp_path: Path) -> None:
    with running(accounts=2, state_dir=tmp_path) as sim:
        code = _led_back(sim, FACEBOOK)[0]["code"][0]

    with running(accounts=2, state_dir=tmp_path) as sim:
        assert _redeem(sim, FACEBOOK, code, redirect_uri=f"{BACK}/") == 400
        assert _redeem(sim, FACEBOOK, code) == 200


BROWSER = {"accept": "text/html,application/xhtml+xml"}


def _form(sim: Sim, login: int, **query: str) -> tuple[str, dict[str, str]]:
    """The page as a browser gets it, and what its form holds untouched."""
    asked = {"client_id": "SIM-APP", "redirect_uri": BACK, "response_type": "code", "state": "s t&te", **query}
    answer = sim.http.get(DIALOGS[login], params=asked, headers=BROWSER)
    assert answer.status_code == 200, answer.text
    assert answer.headers.get_list("content-type") == ["text/html; charset=utf-8"]
    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', answer.text)
    return answer.text, {name: html.unescape(value) for name, value in hidden}


def _posted(sim: Sim, login: int, **form: str) -> dict[str, list[str]]:
    answer = sim.http.post(DIALOGS[login], data=_form(sim, login)[1] | form)
    assert answer.status_code == 303, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)


@pytest.mark.parametrize("login", [FACEBOOK, INSTAGRAM])
def test_a_browser_is_shown_a_page_whose_form_decides(sim: Sim, login: int) -> None:
    page, form = _form(sim, login, scope="<b>one</b>,two")

    assert "&lt;b&gt;one&lt;/b&gt;,two" in page
    assert form["state"] == "s t&te"
    refused, approved = (_posted(sim, login, decision=what) for what in ("refuse", "approve"))
    assert (refused["error"], "code" in refused) == (["access_denied"], False)
    assert approved["state"] == ["s t&te"]
    assert _redeem(sim, login, approved["code"][0]) == 200
    assert sim.http.post(DIALOGS[login], data=form).status_code == 400, "nothing was decided"
    assert sim.report()["unknown_params"] == {}


def test_permissions_that_are_withheld_are_missing_until_they_are_not(sim: Sim) -> None:
    _posted(sim, INSTAGRAM, decision="approve", without="instagram_business_content_publish, unheard_of")

    assert sim.refused("GET", f"/{ig_id(1)}/content_publishing_limit", as_account=INSTAGRAM, status=403) == (10, None)
    _posted(sim, INSTAGRAM, decision="approve")
    assert sim.get(f"/{ig_id(1)}/content_publishing_limit", as_account=INSTAGRAM)["data"]


def test_an_app_that_is_not_there_leads_nobody_back(sim: Sim) -> None:
    for dialog in DIALOGS.values():
        asked = {"client_id": "ANOTHER", "redirect_uri": BACK, "response_type": "code"}
        assert sim.http.get(dialog, params=asked).status_code == 400


def test_who_is_at_the_browser_can_be_chosen(simulate: Callable[..., Sim]) -> None:
    sim = simulate(accounts=6)
    sim.control("POST", "consent", login="instagram", account=3)
    sim.control("POST", "consent", login="facebook", account="all")

    grant = sim.http.get("/v25.0/oauth/access_token", params=APP | {"code": _led_back(sim, FACEBOOK)[0]["code"][0]})

    assert _led_back(sim, INSTAGRAM)[0]["code"][0].startswith("SIM-CODE-3-")
    headers = {"authorization": f"Bearer {grant.json()['access_token']}"}
    pages = sim.http.get("/v25.0/me/accounts", headers=headers, params={"fields": "name"}).json()["data"]
    assert len(pages) == 4
    sim.control("POST", "consent", login="instagram", account=None)
    assert _led_back(sim, INSTAGRAM)[0]["code"][0].startswith("SIM-CODE-1-")


def test_whoever_consents_anew_gets_a_page_token_that_works(sim: Sim) -> None:
    sim.control("POST", "token", account=0, action="revoke")
    code = _led_back(sim, FACEBOOK)[0]["code"][0]
    token = sim.http.get("/v25.0/oauth/access_token", params=APP | {"code": code}).json()["access_token"]

    fields = {"fields": "access_token", "access_token": token}
    (page,) = sim.http.get("/v25.0/me/accounts", params=fields).json()["data"]

    assert sim.http.get(f"/v25.0/{ig_id(0)}", params={"access_token": page["access_token"]}).status_code == 200


@pytest.mark.parametrize(("listed", "edge"), [("owned", "owned_pages"), ("client", "client_pages")])
def test_a_page_that_only_a_business_has(sim: Sim, listed: str, edge: str) -> None:
    sim.control("POST", "account", account=0, page_listed=listed, page_tasks=["ANALYZE"])

    (business,) = sim.get("/me/businesses")["data"]

    assert sim.get("/me/accounts")["data"] == []
    (page,) = sim.get(f"/{business['id']}/{edge}", fields="tasks")["data"]
    assert page["tasks"] == ["ANALYZE"]
    other = {"owned_pages": "client_pages", "client_pages": "owned_pages"}[edge]
    assert sim.get(f"/{business['id']}/{other}")["data"] == []


def test_a_personal_account_is_linked_to_no_page_and_says_so(sim: Sim) -> None:
    for account in (FACEBOOK, INSTAGRAM):
        sim.control("POST", "account", account=account, is_personal=True)

    (page,) = sim.get("/me/accounts", fields="instagram_business_account,name")["data"]

    assert "instagram_business_account" not in page
    assert sim.get("/me", as_account=INSTAGRAM, fields="account_type")["account_type"] == "PERSONAL"


def test_the_token_of_another_app_fits_no_proof_of_ours(sim: Sim) -> None:
    token = sim.control("POST", "token", account=0, action="foreign")["token"].removeprefix("SIM-TOKEN-")
    proof = hmac.new(b"SIM-APP-SECRET", f"SIM-TOKEN-{token}".encode(), hashlib.sha256).hexdigest()

    assert sim.get(f"/{ig_id(0)}", as_account=token)["id"] == ig_id(0)
    assert sim.refused("GET", f"/{ig_id(0)}", as_account=token, appsecret_proof=proof) == (100, None)
    told = {"input_token": f"SIM-TOKEN-{token}", "access_token": "SIM-APP|SIM-APP-SECRET"}
    assert sim.http.get("/v25.0/debug_token", params=told).json()["data"]["app_id"] == "SIM-OTHER-APP"
